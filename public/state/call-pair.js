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
 * @property {boolean} isAgreed Nothing that was told is unanswered.
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
  /** @type {Connection<Track>} */
  #connection;
  #attempt = 0;
  /** Nothing was heard of the other end, which begins. */
  #waits = false;
  #resting = false;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

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
  hear({ link, ...signal }) {
    // Of what has not begun yet, the other end says which it is.
    if (this.#waits) this.number = link;
    else if (link > this.number) this.#renew(link, false);
    this.#waits = false;
    // A smaller number is of a connection that is over; the other end hears of that soon.
    if (link === this.number) this.#connection.hear(signal);
  }

  /** What was told may not have arrived: what is not settled begins anew. */
  again() {
    this.#resting = false;
    if (!this.connected || !this.#connection.isAgreed) this.#renew(this.number + 1, true);
  }

  /** Something else carries the call soon: this goes on as long as it does, and is not mended. */
  rest() {
    this.#resting = true;
    clearTimeout(this.#timer);
  }

  /**
   * @param {Source} source
   * @param {Track | undefined} track
   */
  replace(source, track) {
    return this.#connection.replace(source, track);
  }

  /** @param {number} copies */
  share(copies) {
    this.#connection.share(copies);
  }

  /** @param {Source} source */
  trackOf(source) {
    return this.#connection.trackOf(source);
  }

  /** How loud the other is, from 0 to 1. */
  get loudness() {
    return this.#connection.loudness;
  }

  ownLoudness() {
    return this.#connection.ownLoudness();
  }

  async measure() {
    if (this.connected) this.quality.measured(await this.#connection.measure());
  }

  close() {
    this.#closed = true;
    this.connected = false;
    clearTimeout(this.#timer);
    this.#connection.close();
  }

  /**
   * @param {number} number
   * @param {boolean} opens
   */
  #renew(number, opens) {
    this.number = number;
    this.connected = false;
    this.#connection.close();
    this.#connection = this.#begin(opens);
    this.emit('change', undefined);
  }

  /** @param {boolean} opens */
  #begin(opens) {
    const connection = this.#make(opens);
    this.#waits = !opens;
    const ifUsed = (/** @type {() => void} */ act) => () => !this.#closed && connection === this.#connection && act();
    connection.on('signal', (signal) => connection === this.#connection && this.#tell({ link: this.number, ...signal }));
    connection.on('state', ifUsed(() => this.#turned()));
    connection.on('tracks', ifUsed(() => this.emit('tracks', undefined)));
    connection.on('broken', ifUsed(() => this.#failed(true)));
    this.#wait(PATIENCE);
    return connection;
  }

  #turned() {
    const { state } = this.#connection;
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

  /** @param {number} patience */
  #wait(patience) {
    clearTimeout(this.#timer);
    if (!this.#resting) this.#timer = setTimeout(() => this.#failed(false), patience);
  }

  /** @param {boolean} forGood Other ways would not help. */
  #failed(forGood) {
    this.connected = false;
    clearTimeout(this.#timer);
    if (!this.#resting) {
      // Where the other end has not answered, there is nothing that could be restarted.
      const restarts = !forGood && this.#connection.isAgreed && this.#attempt % (RESTARTS + 1) < RESTARTS;
      const wait = backoff(this.#attempt, this.#random);
      this.#attempt += 1;
      this.#timer = setTimeout(() => (restarts ? this.#restart() : this.#renew(this.number + 1, true)), wait);
    }
    this.emit('change', undefined);
  }

  #restart() {
    this.#connection.restart();
    this.#wait(PATIENCE);
  }
}
