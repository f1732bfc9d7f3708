import { backoff } from '../protocol/backoff.js';
import { Emitter } from '../protocol/emitter.js';
import { Code, Disconnected, Refused } from '../protocol/types.js';
import { CallMedia } from './call-media.js';
import { CallOutgoing } from './call-outgoing.js';
import { CallRoster } from './call-roster.js';
import { standingOf } from './call-standing.js';
import { CallSubscriptions } from './call-subscriptions.js';
import { apartWords, endingWords, modeWords } from './call-words.js';
import { explain } from './problem.js';

/** @typedef {import('../protocol/calls.js').Source} Source */
/** @typedef {import('../protocol/calls.js').Mode} Mode */
/** @typedef {import('../protocol/calls.js').CallNews} CallNews */
/** @typedef {import('../protocol/calls.js').Ending} Ending */
/** @typedef {import('./call-roster.js').News} News */
/** @typedef {import('./call-standing.js').Standing} Standing */

/** After the media node changed, for how long it is waited for whoever is missing, in milliseconds. */
const SETTLING = 10_000;
/** Who was in and finds no place may still hold it, until the server notices that they were gone. After so many attempts, about two minutes, others hold it. */
const COMEBACKS = 12;

/**
 * A call that we are in, from joining to leaving. It comes back by itself, whatever breaks.
 *
 * `reaction`: somebody reacts. `notice`: something to be told once.
 *
 * @template {import('./call-outgoing.js').Track} T
 * @extends {Emitter<{ change: undefined, news: News[], reaction: { participant: string, reaction: string }, notice: string }>}
 */
export class Call extends Emitter {
  roster = new CallRoster();
  subscriptions = new CallSubscriptions((wish) => this.#tell('callSubscribe', wish));
  place;
  /** The ways on which sound and pictures come and go. @type {CallMedia<T>} */
  media;
  hand = false;
  /** Why it is over. @type {string | undefined} */
  ending;

  #client;
  #connection;
  #wish;
  /** @type {CallOutgoing<T>} */
  #outgoing = new CallOutgoing();
  /** @type {import('./call-standing.js').Trouble | undefined} */
  #trouble;
  #joined = false;
  /** As whom we joined: a guest may sign in meanwhile. @type {string | undefined} */
  #user;
  /** What came before the answer to our joining, of the connections. @type {(() => void)[]} */
  #early = [];
  /** What was told of the present join. @type {Mode | undefined} */
  #toldMode;
  #round = 0;
  #attempt = 0;
  /** How often there was no place for us since we were in. */
  #turnedAway = 0;
  /** Whom we do not reach, as was told. @type {Set<string>} */
  #apart = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;
  /** @type {(() => unknown)[]} */
  #listening;

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {import('../protocol/connection.js').Connection} connection
   * @param {import('./call-address.js').Place} place
   * @param {import('./call-media.js').Makers<T>} make
   * @param {Mode} [wish] How it is to go, if we open it.
   */
  constructor(client, connection, place, make, wish) {
    super();
    this.#wish = wish;
    this.#client = client;
    this.#connection = connection;
    this.place = place;
    this.media = new CallMedia({ roster: this.roster, make, tell: (type, payload) => this.#tell(type, payload), trackOf: (source) => this.#outgoing.track(source) });
    this.media.on('tracks', () => this.emit('change', undefined));
    this.media.on('change', () => this.#linked());
    this.media.on('heard', (state) => {
      this.roster.hear(state);
      this.emit('change', undefined);
    });
    this.#listening = [
      client.on('call', (news) => this.#heard(news)),
      client.on('ready', (ready) => ready && (this.#trouble === 'offline' || client.identity?.userUUID !== this.#user) && this.#join()),
      connection.on('status', ({ phase }) => (phase === 'waiting' || phase === 'ended') && this.#lost()),
      client.on('identity', ({ left }) => left && this.#end('You are signed out.')),
    ];
  }

  /** @returns {Standing} */
  get standing() {
    return standingOf({ over: this.ending !== undefined, trouble: this.#trouble, joined: this.#joined, media: this.media });
  }

  /** Everybody; ourselves as we want to be seen, before the others hear of it. */
  get people() {
    const { hand, media } = this;
    const own = { hand, microphone: this.isOn('microphone'), camera: this.isOn('camera'), screen: this.isOn('screen') };
    return this.roster.people.map((person) => {
      if (person.own) return { ...person, ...own };
      const { participant, absent } = person;
      return { ...person, absent: !media.carries(participant) && (absent || media.misses(participant)), apart: media.isApart(participant) };
    });
  }

  /**
   * Enters with what is to be sent from the beginning.
   *
   * @param {Partial<Record<Source, T>>} tracks
   */
  async enter(tracks) {
    for (const [source, track] of /** @type {[Source, T][]} */ (Object.entries(tracks))) this.#outgoing.put(source, track);
    await this.#join();
  }

  /**
   * Whether something of ours is to be seen or heard by the others.
   *
   * @param {Source} source
   */
  isOn(source) {
    return this.#outgoing.isOn(source);
  }

  /**
   * What we send.
   *
   * @param {Source} source
   */
  own(source) {
    return this.#outgoing.track(source);
  }

  /**
   * Sends this from now on, in place of what was sent before.
   *
   * @param {Source} source
   * @param {T} track
   */
  async send(source, track) {
    const isNew = this.#outgoing.put(source, track);
    this.emit('change', undefined);
    await this.media.replace(source, track);
    if (isNew) await this.#publish(source);
    else this.#tellState();
  }

  /**
   * Nothing is heard of it for a while, but it can be had again at once: the device stays open.
   *
   * @param {Source} source
   * @param {boolean} muted
   */
  mute(source, muted) {
    if (!this.#outgoing.mute(source, muted)) return;
    this.#tellState();
    this.emit('change', undefined);
  }

  /**
   * Nothing is seen of it for a while, and the device is closed. Its line stays, so that the next picture is there at once.
   * A screen is not different: who showed one may show another.
   *
   * @param {Source} source
   */
  async suspend(source) {
    if (!this.#outgoing.suspend(source)) return;
    this.#tellState();
    this.emit('change', undefined);
    await this.media.replace(source, undefined);
  }

  /** @param {boolean} up */
  raiseHand(up) {
    this.hand = up;
    this.#tell('callState', { hand: up });
    this.emit('change', undefined);
  }

  /** @param {string} reaction */
  react(reaction) {
    this.#tell('callState', { reaction });
  }

  leave() {
    if (this.ending !== undefined) return;
    if (this.#joined) this.#tell('callLeave', {});
    this.#end('');
  }

  async #join() {
    const round = (this.#round += 1);
    clearTimeout(this.#timer);
    this.#joined = false;
    this.#user = this.#client.identity?.userUUID;
    this.#toldMode = undefined;
    this.#early = [];
    this.#outgoing.tidy();
    const { place } = this;
    if ('room' in place && place.visit) {
      // Where guests are counted, they alone are let into the call.
      await place.visit.there();
      if (round !== this.#round || this.ending !== undefined) return;
    }
    try {
      /** @type {import('../protocol/calls.js').Joined} */
      const joined = await this.#client.request('callJoin', {
        ...('room' in place ? { room: place.room, ...(place.visit && { token: place.visit.token }) } : { recipientUUID: place.channel }),
        audio: this.#outgoing.has('microphone'),
        video: this.#outgoing.has('camera'),
        muted: this.#outgoing.muted,
        // How it goes is chosen once: whoever comes back finds it as the others have it by then.
        ...(this.#wish && !this.#wasIn && { mode: this.#wish }),
      });
      if (round !== this.#round || this.ending !== undefined) return;
      this.#entered(joined);
    } catch (error) {
      if (round !== this.#round || this.ending !== undefined) return;
      if (error instanceof Disconnected) return this.#lost();
      if (!(error instanceof Refused)) throw error;
      if (error.retryAfter === undefined && !error.isWeather && !this.#mayFollowOurselves(error)) return this.#end(explain(error));
      this.#trouble = error.code === Code.tooManyRequests ? 'slowed' : 'waiting';
      this.#again(error.retryAfter);
    }
    this.emit('change', undefined);
  }

  /** @param {import('../protocol/calls.js').Joined} joined */
  #entered({ participant, iceServers, mode, participants }) {
    this.#joined = true;
    this.#attempt = 0;
    this.#turnedAway = 0;
    this.#trouble = undefined;
    this.roster.own = participant;
    this.emit('news', this.#toldMode ? this.roster.again() : this.roster.update(participants, []));
    this.media.begin(iceServers ?? [], participant);
    this.#follow(this.#toldMode ?? mode);
    for (const act of this.#early.splice(0)) act();
    for (const source of this.#outgoing.later) this.#publish(source);
    if (this.hand) this.#tell('callState', { hand: true });
    this.subscriptions.again();
  }

  get #wasIn() {
    return this.roster.own !== undefined;
  }

  /**
   * Whether the place that we do not get may be our own.
   *
   * @param {Refused} error
   */
  #mayFollowOurselves({ code }) {
    if (code !== Code.joinFailed || !this.#wasIn) return false;
    this.#turnedAway += 1;
    return this.#turnedAway <= COMEBACKS;
  }

  /** Tries again to join, in a while. @param {number} [wait] In milliseconds. */
  #again(wait = backoff(this.#attempt, Math.random)) {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#join(), wait);
  }

  /** @param {CallNews} news */
  #heard({ type, body }) {
    switch (type) {
      case 'callOffer':
        return this.#whenJoined(() => this.media.offered(body));
      case 'callPeer':
        return this.#whenJoined(() => this.media.hear(body));
      case 'callTracks':
        this.#toldMode = body.mode ?? 'sfu';
        this.emit('news', this.roster.update(body.participants, body.lines));
        if (this.#joined) this.#follow(this.#toldMode);
        this.subscriptions.keep(new Set(this.roster.people.map(({ participant }) => participant)));
        break;
      case 'callState':
        this.roster.hear(body);
        if (body.participant && body.reaction) this.emit('reaction', { participant: body.participant, reaction: body.reaction });
        break;
      case 'callMoved':
        this.#moved(body.waiting === true);
        break;
      case 'callEnded':
        return this.#ended(body.reason);
    }
    this.emit('change', undefined);
  }

  /** @param {() => void} act */
  #whenJoined(act) {
    if (this.#joined) act();
    else this.#early.push(act);
  }

  /** @param {Mode} mode */
  #follow(mode) {
    const before = this.media.mode;
    this.media.follow(mode);
    if (before !== undefined && before !== mode) this.emit('notice', modeWords(mode).turn);
    if (mode !== 'p2p') return;
    // Whoever told of it is there, and there is nobody else to wait for.
    if (this.#trouble !== 'offline') this.#trouble = undefined;
    if (this.roster.moving) this.#settle();
  }

  /** @param {boolean} waiting */
  #moved(waiting) {
    this.#trouble = waiting ? 'waiting' : 'moving';
    this.#unsettle();
    this.media.moving(waiting);
  }

  /** @param {Ending} reason */
  #ended(reason) {
    if (reason === 'full') return this.#end(endingWords(this.media.mode));
    // Anything else is weather: joining again makes another connection.
    this.#trouble = reason === 'unavailable' ? 'waiting' : 'moving';
    this.#unsettle();
    this.media.pause();
    this.#again();
    this.emit('change', undefined);
  }

  #linked() {
    const { connected, mode } = this.media;
    if (!connected) {
      this.roster.quiet();
    } else if (mode !== 'p2p') {
      if (this.#trouble !== 'offline') this.#trouble = undefined;
      if (this.roster.moving) this.#settle();
    }
    this.#tellApart();
    this.emit('change', undefined);
  }

  /** Says once of each whom we do not reach. */
  #tellApart() {
    for (const { participant, name } of this.people.filter(({ apart }) => apart)) {
      if (this.#apart.has(participant)) continue;
      this.#apart.add(participant);
      this.emit('notice', apartWords(name));
    }
  }

  #lost() {
    if (this.ending !== undefined) return;
    this.#round += 1;
    this.#joined = false;
    this.#trouble = 'offline';
    clearTimeout(this.#timer);
    this.media.pause();
    this.#unsettle();
    this.emit('change', undefined);
  }

  #unsettle() {
    this.roster.moving = true;
    this.roster.quiet();
    clearTimeout(this.#settling);
  }

  /** Whoever does not come soon has left. */
  #settle() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.emit('news', this.roster.settle());
      if (this.media.mode) this.media.follow(this.media.mode);
      this.emit('change', undefined);
    }, SETTLING);
  }

  /** @param {Source} source */
  async #publish(source) {
    try {
      await this.#client.request('callPublish', { source, on: true });
      this.#tellState();
    } catch (error) {
      // What is published is told again when the call is joined again.
      if (error instanceof Disconnected) return;
      if (!(error instanceof Refused)) throw error;
      this.#outgoing.forget(source);
      await this.media.replace(source, undefined);
      this.emit('notice', error.message);
      this.emit('change', undefined);
    }
  }

  #tellState() {
    if (this.#joined) this.#tell('callState', { muted: this.#outgoing.muted });
  }

  /**
   * Goes out as long as there is a socket, also while the server's storage is away.
   *
   * @param {string} type
   * @param {Record<string, unknown>} payload
   */
  #tell(type, payload) {
    if (this.#joined && this.ending === undefined) this.#connection.send({ type, [type]: payload });
  }

  /** @param {string} words */
  #end(words) {
    if (this.ending !== undefined) return;
    this.ending = words;
    this.#round += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#settling);
    for (const stop of this.#listening) stop();
    this.subscriptions.close();
    this.media.close();
    this.#outgoing.close();
    this.emit('change', undefined);
  }
}
