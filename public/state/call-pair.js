import { backoff } from '../protocol/backoff.js';
import { Emitter } from '../protocol/emitter.js';
import { PairQuality } from './call-quality.js';

/** @typedef {import('../protocol/calls.js').Source} Source */
/** @typedef {import('../protocol/calls.js').PeerSignal} PeerSignal */

/**
 * A connection with one of the others, as the page makes it.
 *
 * @template Track
 * @typedef {object} Connection
 * @property {string} state
 * @property {boolean} isAgreed Something was agreed on, and nothing that was told is unanswered.
 * @property {number} loudness
 * @property {(signal: PeerSignal) => void} hear
 * @property {(source: Source, track: Track | undefined) => Promise<void>} replace
 * @property {(copies: number) => void} share
 * @property {(source: Source) => Track | undefined} trackOf
 * @property {() => void} restart
 * @property {() => Promise<import('./call-quality.js').Measured>} measure
 * @property {() => Promise<number>} ownLoudness
 * @property {((name: 'state' | 'tracks' | 'broken', listener: () => void) => unknown) & ((name: 'signal', listener: (signal: PeerSignal) => void) => unknown)} on
 * @property {() => void} close
 */

/** A connection that is not made after so long is not made at all, in milliseconds. */
const PATIENCE = 10_000;
/** The first offer of the other end is waited for so long, before we make one, in milliseconds. */
const COURTESY = 2_500;
/** The other end may make us begin anew once in so long, in milliseconds. */
const RENEWALS = 1_000;
/** So much is kept of what the other end tells before that: an offer, and the ways to it. */
const KEPT = 64;
/** What was interrupted for so long does not come back by itself, in milliseconds. */
const INTERRUPTED = 4_000;
/** Other ways are looked for so often, before everything begins anew. */
const RESTARTS = 2;
/** As many attempts in vain say that the network lets nothing through. */
const HOPELESS = 2;

/**
 * The way to one of the others of a call without a media node: one connection after the other, if need be, ever more seldom but
 * without end. Either end may begin anew, with a greater number.
 *
 * @template Track
 * @extends {Emitter<{ change: undefined, tracks: undefined }>}
 */
export class CallPair extends Emitter {
  /** Sound and pictures pass. */
  connected = false;
  /** They did once. */
  proven = false;
  quality = new PairQuality();
  /** The number of the connection there is. */
  number;

  #make;
  #tell;
  #random;
  /** None where the browser makes no more. @type {Connection<Track> | undefined} */
  #connection;
  #attempt = 0;
  /** No offer was heard of the other end, which begins. */
  #waits = false;
  #resting = false;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The other end made us begin anew a moment ago. @type {ReturnType<typeof setTimeout> | undefined} */
  #renewed;
  /** What it told of yet another connection since. @type {(PeerSignal & { link: number })[]} */
  #kept = [];

  /**
   * @param {object} parts
   * @param {(opens: boolean) => Connection<Track>} parts.make
   * @param {(letter: PeerSignal & { link: number }) => void} parts.tell The other end.
   * @param {number} parts.number Of the first connection.
   * @param {boolean} parts.opens Whether we make the first offer.
   * @param {() => number} [parts.random]
   */
  constructor({ make, tell, number, opens, random = Math.random }) {
    super();
    this.#make = make;
    this.#tell = tell;
    this.#random = random;
    this.number = number;
    this.#connection = this.#begin(opens);
  }

  /** No connection was made, again and again. */
  get hopeless() {
    return !this.proven && !this.connected && this.#attempt >= HOPELESS;
  }

  /** What was seen and heard is not, at present. */
  get isBroken() {
    return !this.connected && (this.proven || this.hopeless);
  }

  /** @param {PeerSignal & { link: number }} letter Of the other end. */
  hear(letter) {
    const { link, ...signal } = letter;
    const isOffer = signal.description?.type === 'offer';
    if (this.#waits) {
      // Of what has not begun yet, the other end says which it is.
      this.number = link;
      if (isOffer) this.#begun();
    } else if (link > this.number) {
      if (this.#renewed !== undefined) return this.#keep(letter, isOffer);
      // Whatever else is told without an offer leads to nothing.
      if (!isOffer) return;
      this.#renewed = setTimeout(() => this.#hearKept(), RENEWALS);
      this.#renew(link, false);
      this.#begun();
    }
    // A smaller number is of a connection that is over; the other end hears of that soon.
    if (link === this.number) this.#connection?.hear(signal);
  }

  /** What was told may not have arrived: what is not settled begins anew. */
  again() {
    this.#resting = false;
    if (!this.connected || !this.#connection?.isAgreed) this.#renew(this.number + 1, true);
  }

  /** Something else carries the call soon: this goes on as long as it does, and is not mended. */
  rest() {
    this.#resting = true;
    this.#kept = [];
    clearTimeout(this.#timer);
  }

  /**
   * @param {Source} source
   * @param {Track | undefined} track
   */
  async replace(source, track) {
    await this.#connection?.replace(source, track);
  }

  /** @param {number} copies */
  share(copies) {
    this.#connection?.share(copies);
  }

  /** @param {Source} source */
  trackOf(source) {
    return this.#connection?.trackOf(source);
  }

  /** How loud the other is, from 0 to 1. */
  get loudness() {
    return this.#connection?.loudness ?? 0;
  }

  async ownLoudness() {
    return (await this.#connection?.ownLoudness()) ?? 0;
  }

  async measure() {
    if (this.connected && this.#connection) this.quality.measured(await this.#connection.measure());
  }

  close() {
    this.#closed = true;
    this.connected = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#renewed);
    this.#connection?.close();
  }

  /**
   * @param {number} number
   * @param {boolean} opens
   */
  #renew(number, opens) {
    this.number = number;
    this.connected = false;
    this.#connection?.close();
    this.#connection = this.#begin(opens);
    this.emit('change', undefined);
  }

  /** The other end made an offer. */
  #begun() {
    this.#waits = false;
    this.#wait(PATIENCE);
  }

  /**
   * @param {PeerSignal & { link: number }} letter
   * @param {boolean} isOffer
   */
  #keep(letter, isOffer) {
    if (isOffer) this.#kept = [letter];
    else if (letter.link === this.#kept[0]?.link && this.#kept.length < KEPT) this.#kept.push(letter);
  }

  #hearKept() {
    this.#renewed = undefined;
    for (const letter of this.#kept.splice(0)) this.hear(letter);
  }

  /** @param {boolean} opens */
  #begin(opens) {
    this.#waits = !opens;
    const connection = this.#made(opens);
    if (!connection) return undefined;
    const ifUsed = (/** @type {() => void} */ act) => () => !this.#closed && connection === this.#connection && act();
    connection.on('signal', (signal) => connection === this.#connection && this.#tell({ link: this.number, ...signal }));
    connection.on('state', ifUsed(() => this.#turned()));
    connection.on('tracks', ifUsed(() => this.emit('tracks', undefined)));
    connection.on('broken', ifUsed(() => this.#failed(true)));
    if (opens) this.#wait(PATIENCE);
    else this.#wait(COURTESY, () => this.#renew(this.number + 1, true));
    return connection;
  }

  /** @param {boolean} opens */
  #made(opens) {
    try {
      return this.#make(opens);
    } catch (error) {
      // Such as a browser that has too many already: later there may be fewer.
      reportError(error);
      this.#failed(true);
      return undefined;
    }
  }

  #turned() {
    const state = this.#connection?.state;
    if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.connected = true;
      this.proven = true;
      this.emit('tracks', undefined);
    } else if (state === 'disconnected') {
      this.connected = false;
      this.#wait(INTERRUPTED);
    } else if (state === 'failed' || state === 'closed') {
      return this.#failed(state === 'closed');
    }
    this.emit('change', undefined);
  }

  /**
   * @param {number} patience
   * @param {() => void} [act] When it ends.
   */
  #wait(patience, act = () => this.#failed(false)) {
    clearTimeout(this.#timer);
    if (!this.#resting) this.#timer = setTimeout(act, patience);
  }

  /** @param {boolean} forGood Other ways would not help. */
  #failed(forGood) {
    this.connected = false;
    clearTimeout(this.#timer);
    if (!this.#resting) {
      // Where the other end has not answered, there is nothing that could be restarted.
      const restarts = !forGood && this.#connection?.isAgreed && this.#attempt % (RESTARTS + 1) < RESTARTS;
      const wait = backoff(this.#attempt, this.#random);
      this.#attempt += 1;
      this.#timer = setTimeout(() => (restarts ? this.#restart() : this.#renew(this.number + 1, true)), wait);
    }
    this.emit('change', undefined);
  }

  #restart() {
    this.#connection?.restart();
    this.#wait(PATIENCE);
  }
}
