import { Emitter } from '../protocol/emitter.js';
import { CallLink } from './call-link.js';
import { CallOverlap, LOOKS } from './call-overlap.js';
import { CallPairs } from './call-pairs.js';

/** @typedef {import('../protocol/calls.js').Source} Source */
/** @typedef {import('../protocol/calls.js').Mode} Mode */

/**
 * How a page makes its connections.
 *
 * @template Track
 * @typedef {object} Makers
 * @property {(iceServers: any[]) => import('./call-link.js').Peer<Track>} node With a media node.
 * @property {(wish: import('./call-pairs.js').Wish<Track>) => import('./call-pair.js').Connection<Track>} pair With one of the others.
 */

/**
 * The ways on which a call's sound and pictures come and go: one through a media node, or one to each of the others. Where one kind takes
 * the place of the other, what came before goes on until the same comes the new way.
 *
 * `change`: a way came, or went. `tracks`: others come in than before. `heard`: who speaks, where no media node tells.
 *
 * @template Track
 * @extends {Emitter<{ change: undefined, tracks: undefined, heard: import('../protocol/calls.js').State }>}
 */
export class CallMedia extends Emitter {
  /** @type {Mode | undefined} */
  mode;

  #roster;
  /** @type {CallLink<Track>} */
  #link;
  /** @type {CallPairs<Track>} */
  #pairs;
  /** What came last, by participant and source. @type {Map<string, { participant: string, track: Track }>} */
  #latest = new Map();
  /** What was told may not have arrived. */
  #anew = false;
  #overlap = new CallOverlap();
  /** How often in a row somebody to whom there is a way was not in the call. @type {Map<string, number>} */
  #gone = new Map();

  /**
   * @param {object} parts
   * @param {import('./call-roster.js').CallRoster} parts.roster
   * @param {Makers<Track>} parts.make
   * @param {(type: 'callAnswer' | 'callRestart' | 'callPeer', payload: Record<string, unknown>) => void} parts.tell
   * @param {(source: Source) => Track | undefined} parts.trackOf What we publish.
   */
  constructor({ roster, make, tell, trackOf }) {
    super();
    this.#roster = roster;
    this.#link = new CallLink({ make: make.node, tell, trackOf });
    this.#pairs = new CallPairs({ make: make.pair, tell: (letter) => this.mode === 'p2p' && tell('callPeer', letter), trackOf });
    this.#link.on('tracks', () => this.emit('tracks', undefined));
    this.#link.on('change', () => this.#linked());
    this.#pairs.on('tracks', () => this.#paired());
    this.#pairs.on('change', () => this.#paired());
    this.#pairs.on('heard', (state) => this.mode === 'p2p' && this.emit('heard', state));
  }

  /** Sound and pictures pass, as far as there is anybody else. */
  get connected() {
    if (this.mode !== 'p2p') return this.#link.connected;
    return this.#pairs.size === 0 || this.#pairs.are('some', ({ connected }) => connected);
  }

  /** No way was found, again and again. */
  get hopeless() {
    if (this.mode !== 'p2p') return this.#link.hopeless;
    return this.#pairs.size > 0 && this.#pairs.are('every', ({ hopeless }) => hopeless);
  }

  /** They did pass once. */
  get proven() {
    return this.#link.proven || this.#pairs.are('some', ({ proven }) => proven);
  }

  /** Everybody is seen and heard without a media node, whatever becomes of it. */
  get isCarried() {
    return this.#pairs.size > 0 && this.#pairs.are('every', ({ connected }) => connected);
  }

  /**
   * Whether somebody is seen and heard without a media node.
   *
   * @param {string} participant
   */
  carries(participant) {
    return this.#pairs.get(participant)?.connected === true;
  }

  /**
   * Whether somebody should be seen and heard, without a media node, and is not.
   *
   * @param {string} participant
   */
  misses(participant) {
    const pair = this.#pairs.get(participant);
    if (!pair) return false;
    // What is not mended any more does not matter where the server brings the same.
    if (this.mode !== 'p2p') return pair.isBroken && !this.#arrives(participant);
    // Whom a media node let us see, we see again as soon as there is another way.
    return pair.isBroken || (!pair.proven && [...this.#latest.values()].some((latest) => latest.participant === participant));
  }

  /**
   * Whether no way was ever found to somebody, while there is one to others.
   *
   * @param {string} participant
   */
  isApart(participant) {
    return this.mode === 'p2p' && !this.hopeless && this.#pairs.get(participant)?.hopeless === true;
  }

  /**
   * A call was joined, for the first time or once more.
   *
   * @param {unknown[]} iceServers
   * @param {string} own Who we are in it.
   */
  begin(iceServers, own) {
    this.#anew = true;
    this.#pairs.begin(iceServers, own);
    this.#link.begin(iceServers);
  }

  /**
   * Who is in the call was told, and how it is carried from now on.
   *
   * @param {Mode} mode
   */
  follow(mode) {
    const before = this.mode;
    this.mode = mode;
    if (mode === 'p2p') {
      this.#fromEachToEach(before);
    } else if (before === 'p2p') {
      this.#overlap.end();
      this.#pairs.rest();
      this.#link.moving(false);
    }
    for (const [key, { participant }] of this.#latest) if (this.#roster.nameOf(participant) === undefined) this.#latest.delete(key);
  }

  /** @param {import('../protocol/calls.js').Offer} offer */
  offered(offer) {
    if (this.mode !== 'p2p') this.#link.offered(offer);
  }

  /** @param {import('../protocol/calls.js').PeerLetter} letter */
  hear(letter) {
    if (this.mode === 'p2p') this.#pairs.hear(letter);
  }

  /** Another server is to carry the call, or its letters, soon. @param {boolean} waiting There is none. */
  moving(waiting) {
    this.#anew = true;
    if (this.mode !== 'p2p') this.#link.moving(waiting);
  }

  /** There is nobody to ask. */
  pause() {
    this.#link.pause();
  }

  /**
   * @param {Source} source
   * @param {Track | undefined} track
   */
  async replace(source, track) {
    await Promise.all([this.#link.replace(source, track), this.#pairs.replace(source, track)]);
  }

  /**
   * What comes in from somebody.
   *
   * @param {string} participant
   * @param {Source} source
   */
  trackOf(participant, source) {
    const key = `${participant} ${source}`;
    const pair = this.#pairs.get(participant);
    const isDirect = this.mode === 'p2p' ? pair?.proven : !this.#link.settled && pair?.connected;
    /** @type {Track | undefined} */
    let track;
    if (isDirect) track = pair?.trackOf(source);
    else if (this.mode !== 'p2p' && this.#link.settled) track = this.#forwarded(participant, source, pair);
    // What came before goes on until there is another way.
    else return this.#latest.get(key)?.track;
    if (track) this.#latest.set(key, { participant, track });
    else this.#latest.delete(key);
    return track;
  }

  close() {
    this.#overlap.end();
    this.#link.close();
    this.#pairs.close();
  }

  /**
   * @param {string} participant
   * @param {Source} source
   * @param {import('./call-pair.js').CallPair<Track> | undefined} pair
   */
  #forwarded(participant, source, pair) {
    const line = this.#roster.line(participant, source);
    // A line that is there may have nothing on it yet.
    if (pair?.connected && !(line && this.#link.flows(line.mid))) return pair.trackOf(source);
    return line && this.#link.trackOn(line.mid);
  }

  /** @param {Mode | undefined} before */
  #fromEachToEach(before) {
    if (before === 'sfu') this.#overlap.begin((isLate) => isLate && this.#letGo());
    this.#link.rest();
    if (this.#anew || before !== 'p2p') this.#pairs.again();
    this.#anew = false;
    const others = this.#roster.people.filter(({ own }) => !own);
    // Who is missing may still come, and is seen and heard meanwhile.
    this.#pairs.follow(others.filter(({ absent }) => !absent).map(({ participant }) => participant), others.map(({ participant }) => participant));
    if (this.#pairs.size === 0) this.#letGo();
  }

  #linked() {
    if (this.mode === 'sfu' && this.#link.connected && this.#pairs.size > 0 && !this.#overlap.lasts) {
      this.#gone.clear();
      this.#overlap.begin((isLate) => this.#part(isLate));
    }
    this.emit('change', undefined);
  }

  #paired() {
    if (this.mode === 'p2p' && this.isCarried) this.#letGo();
    this.emit('change', undefined);
  }

  /** Nothing is expected of the media node that there was. */
  #letGo() {
    this.#overlap.end();
    this.#link.leave();
  }

  /**
   * Ends the ways to those who come through the server. Who cannot reach it, while we can, goes on to be seen and heard as before.
   *
   * @param {boolean} isLate
   */
  #part(isLate) {
    const before = this.#pairs.size;
    const there = new Set(this.#roster.people.filter(({ absent }) => !absent).map(({ participant }) => participant));
    this.#pairs.keep((participant, pair) => {
      const isThere = there.has(participant);
      this.#gone.set(participant, isThere ? 0 : (this.#gone.get(participant) ?? 0) + 1);
      // Whose connection with the server is made anew is out of the call for a moment.
      if (!isThere) return (this.#gone.get(participant) ?? 0) < LOOKS;
      return !isLate || !this.#link.connected || (pair.proven && !this.#arrives(participant));
    });
    if (this.#pairs.size === 0) this.#overlap.end();
    if (!isLate || this.#pairs.size !== before) this.emit('tracks', undefined);
  }

  /**
   * Whether somebody comes through the server, as far as there is anything to come.
   *
   * @param {string} participant
   */
  #arrives(participant) {
    const person = this.#roster.people.find((one) => one.participant === participant);
    if (!person?.microphone && !person?.camera && !person?.screen) return true;
    return this.#roster.lines.some((line) => line.participant === participant && this.#link.flows(line.mid));
  }
}
