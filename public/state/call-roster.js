/** @typedef {import('../protocol/calls.js').Participant} Participant */
/** @typedef {import('../protocol/calls.js').ForwardLine} ForwardLine */
/** @typedef {import('../protocol/calls.js').Quality} Quality */
/** @typedef {import('../protocol/calls.js').Source} Source */

/**
 * Something that happened to somebody, for who cannot see it.
 *
 * @typedef {{ what: 'joined' | 'left' | 'hand' | 'screen', participant: string, name: string }} News
 */

/**
 * Somebody in the call. `absent`: not in what the media node told, which may not have heard of them yet.
 *
 * @typedef {object} Person
 * @property {string} participant
 * @property {string} user
 * @property {string} name
 * @property {boolean} own
 * @property {boolean} hand
 * @property {boolean} microphone On, as far as we know.
 * @property {boolean} camera
 * @property {boolean} screen
 * @property {boolean} speaking
 * @property {Quality} quality Good unless we are told otherwise.
 * @property {boolean} absent
 * @property {boolean} [apart] No way to them was ever found, while there is one to others.
 */

/**
 * Who is in a call, what they publish and where it comes in. While a call moves from one media node to another, whoever is missing
 * stays, until it is settled who has come along.
 */
export class CallRoster {
  /** Who we were in it, before a connection broke. The server may take a while to notice. @type {Set<string | undefined>} */
  #former = new Set();
  /** @type {string | undefined} */
  #own;
  /** Who speaks, or spoke last. @type {string | undefined} */
  active;
  /** Whoever is missing may still come. */
  moving = false;

  /** @type {Map<string, Participant & { absent: boolean }>} */
  #participants = new Map();
  /** As it was told last. @type {Participant[]} */
  #latest = [];
  /** @type {ForwardLine[]} */
  #lines = [];
  /** @type {Set<string>} */
  #speaking = new Set();
  /** @type {Map<string, Quality>} */
  #qualities = new Map();
  #told = false;

  /** Who we are in it. */
  get own() {
    return this.#own;
  }

  set own(participant) {
    if (participant === this.#own) return;
    this.#former.add(this.#own);
    this.#former.delete(participant);
    this.#own = participant;
  }

  /** In the order in which they came. @returns {Person[]} */
  get people() {
    return [...this.#participants.values()].map(({ participant, user, hand, tracks, absent }) => ({
      participant,
      user: user.UUID,
      name: user.Username,
      own: participant === this.own,
      hand: hand === true,
      microphone: shown(tracks, 'microphone'),
      camera: shown(tracks, 'camera'),
      screen: shown(tracks, 'screen'),
      speaking: !absent && this.#speaking.has(participant),
      quality: this.#qualities.get(participant) ?? 'good',
      absent,
    }));
  }

  /** What comes in. */
  get lines() {
    return this.#lines;
  }

  /** @param {string} participant */
  nameOf(participant) {
    return this.#participants.get(participant)?.user.Username;
  }

  /**
   * The line on which something of somebody comes in.
   *
   * @param {string} participant
   * @param {Source} source
   */
  line(participant, source) {
    return this.#lines.find((line) => line.participant === participant && line.source === source);
  }

  /**
   * Everybody, and everything that comes in.
   *
   * @param {Participant[]} participants
   * @param {ForwardLine[]} lines
   * @returns {News[]} What is different. Of whom one finds there, nothing is news.
   */
  update(participants, lines) {
    const before = this.#participants;
    this.#latest = participants;
    const present = participants.filter(({ participant }) => !this.#former.has(participant));
    const after = new Map(present.map((one) => [one.participant, { ...one, tracks: this.#tracksOf(one), absent: false }]));
    const missing = [...before.values()].filter(({ participant, user }) => !after.has(participant) && !this.#former.has(participant) && !returned(user.UUID, before, after));
    // Who was there keeps the place.
    const kept = [...before.keys()].flatMap((id) => {
      const still = after.get(id) ?? (this.moving ? missing.filter(({ participant }) => participant === id).map((gone) => ({ ...gone, absent: true }))[0] : undefined);
      return still ? [still] : [];
    });
    const known = new Set(kept.map(({ participant }) => participant));
    this.#participants = new Map([...kept, ...[...after.values()].filter(({ participant }) => !known.has(participant))].map((one) => [one.participant, one]));
    this.#lines = lines;
    const news = this.#told ? this.#compare(before) : [];
    this.#told = true;
    return news;
  }

  /** It is settled who is there. */
  settle() {
    this.moving = false;
    return this.again();
  }

  /** As it was told last, by what is known now. */
  again() {
    return this.update(this.#latest, this.#lines);
  }

  /** Nothing is heard from the media node: nobody is known to speak, nor how their connections are. */
  quiet() {
    this.#speaking.clear();
    this.#qualities.clear();
  }

  /** @param {import('../protocol/calls.js').State} state */
  hear({ speaking, active, quality }) {
    if (speaking) this.#speaking = new Set(speaking);
    if (active) this.active = active;
    for (const [participant, value] of Object.entries(quality ?? {})) this.#qualities.set(participant, value);
  }

  /**
   * What somebody publishes. Whoever comes along to another media node comes with nothing at first.
   *
   * @param {Participant} participant
   */
  #tracksOf({ participant, tracks }) {
    const before = (this.moving && this.#participants.get(participant)?.tracks) || [];
    return [...tracks, ...before.filter(({ source }) => !tracks.some((track) => track.source === source))];
  }

  /**
   * @param {Map<string, Participant>} before
   * @returns {News[]}
   */
  #compare(before) {
    const after = this.#participants;
    /** @type {News[]} */
    const news = [];
    const tell = (/** @type {News['what']} */ what, /** @type {Participant} */ { participant, user }) => {
      if (participant !== this.own) news.push({ what, participant, name: user.Username });
    };
    for (const one of before.values()) if (!after.has(one.participant) && !returned(one.user.UUID, before, after)) tell('left', one);
    for (const one of after.values()) {
      const was = before.get(one.participant);
      if (!was && !returned(one.user.UUID, after, before)) tell('joined', one);
      if (one.hand && !was?.hand) tell('hand', one);
      if (shown(one.tracks, 'screen') && !(was && shown(was.tracks, 'screen'))) tell('screen', one);
    }
    return news;
  }
}

/**
 * Whether somebody who is not in the other list under the same name of a session is there under another one: they were connected anew.
 *
 * @param {string} user
 * @param {Map<string, Participant>} here
 * @param {Map<string, Participant>} there
 */
function returned(user, here, there) {
  const count = (/** @type {Map<string, Participant>} */ list) => [...list.values()].filter(({ user: { UUID } }) => UUID === user).length;
  return count(there) >= count(here);
}

/**
 * Whether something is to be heard or seen.
 *
 * @param {import('../protocol/calls.js').PublishedTrack[]} tracks
 * @param {Source} source
 */
function shown(tracks, source) {
  return tracks.some((track) => track.source === source && !track.muted);
}
