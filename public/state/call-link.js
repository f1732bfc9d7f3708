import { backoff } from '../protocol/backoff.js';
import { Emitter } from '../protocol/emitter.js';

/** @typedef {import('../protocol/calls.js').Source} Source */
/** @typedef {import('../protocol/calls.js').Offer} Offer */

/**
 * A connection with a media node, as the page makes it.
 *
 * @template Track
 * @typedef {object} Peer
 * @property {string} state
 * @property {(offer: string, lines: import('../protocol/calls.js').PublishLine[], trackOf: (source: Source) => Track | undefined) => Promise<string>} answer
 * @property {(source: Source, track: Track | undefined) => Promise<void>} replace
 * @property {(mid: string) => Track | undefined} trackOn
 * @property {(mid: string) => boolean} flows
 * @property {(name: 'state' | 'tracks', listener: () => void) => unknown} on
 * @property {() => void} close
 */

/** A connection that is not made after so long is not made at all, in milliseconds. */
const PATIENCE = 10_000;
/** What was interrupted for so long does not come back by itself, in milliseconds. */
const INTERRUPTED = 4_000;
/** As many attempts in vain say that the network lets nothing through. */
const HOPELESS = 2;

/**
 * The connection that carries a call's sound and pictures: answers one offer after the other, and asks for another connection, ever
 * more seldom but without end, where this one failed.
 *
 * `tracks`: others come in than before. `change`: it came, or went.
 *
 * @template Track
 * @extends {Emitter<{ change: undefined, tracks: undefined }>}
 */
export class CallLink extends Emitter {
  /** Sound and pictures pass. */
  connected = false;
  /** They did once. */
  proven = false;
  /** What is told of lines is about the connection there is. It is not while another one is to take its place. */
  settled = false;

  #make;
  #tell;
  #trackOf;
  #random;
  /** @type {unknown[]} */
  #iceServers = [];
  /** @type {Peer<Track> | undefined} */
  #peer;
  /** The one before: where a media node hands a call over, it still sends until the other one does. @type {Peer<Track> | undefined} */
  #leaving;
  /** The server's number for it. @type {number | undefined} */
  #number;
  /** The next offer is for another connection, whatever its number. */
  #anew = true;
  /** @type {Promise<void>} */
  #answering = Promise.resolve();
  #attempt = 0;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} parts
   * @param {(iceServers: any[]) => Peer<Track>} parts.make
   * @param {(type: 'callAnswer' | 'callRestart', payload: Record<string, unknown>) => void} parts.tell
   * @param {(source: Source) => Track | undefined} parts.trackOf What we publish.
   * @param {() => number} [parts.random]
   */
  constructor({ make, tell, trackOf, random = Math.random }) {
    super();
    this.#make = make;
    this.#tell = tell;
    this.#trackOf = trackOf;
    this.#random = random;
  }

  /** No connection was made, again and again. */
  get hopeless() {
    return !this.proven && !this.connected && this.#attempt >= HOPELESS;
  }

  /**
   * A call was joined: the offers that follow begin anew.
   *
   * @param {unknown[]} iceServers
   */
  begin(iceServers) {
    this.#iceServers = iceServers;
    this.#anew = true;
    this.settled = false;
    this.#wait(PATIENCE);
  }

  /** The media node is another one soon; until then there is nothing to ask for. @param {boolean} waiting There is none. */
  moving(waiting) {
    this.settled = false;
    if (waiting) clearTimeout(this.#timer);
    else this.#wait(PATIENCE);
  }

  /** There is nobody to ask. */
  pause() {
    clearTimeout(this.#timer);
  }

  /** No media node carries the call any more. What still comes in does so until it is left. */
  rest() {
    clearTimeout(this.#timer);
    if (!this.#peer) return;
    this.leave();
    this.#leaving = this.#peer;
    this.#peer = undefined;
    this.#anew = true;
    this.#attempt = 0;
    this.connected = false;
    this.settled = false;
  }

  /** What came before is not waited for any more. */
  leave() {
    this.#leaving?.close();
    this.#leaving = undefined;
  }

  /** @param {Offer} offer */
  offered(offer) {
    this.#answering = this.#answering.then(() => this.#answer(offer)).catch((error) => {
      // A description that this browser does not take: another connection may do better.
      reportError(error);
      this.#failed();
    });
  }

  /**
   * @param {Source} source
   * @param {Track | undefined} track
   */
  async replace(source, track) {
    await this.#peer?.replace(source, track);
  }

  /** @param {string} mid */
  trackOn(mid) {
    return this.#peer?.trackOn(mid);
  }

  /** Whether anything comes in on a line. @param {string} mid */
  flows(mid) {
    return this.#peer?.flows(mid) === true;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.leave();
    this.#peer?.close();
    this.#peer = undefined;
    this.connected = false;
  }

  /** @param {Offer} offer */
  async #answer({ sdp, connection, offer, lines }) {
    if (this.#closed) return;
    const peer = this.#peer && !this.#anew && connection === this.#number ? this.#peer : this.#replacePeer(connection);
    const answer = await peer.answer(sdp, lines, this.#trackOf);
    if (peer !== this.#peer) return;
    this.#tell('callAnswer', { type: 'answer', sdp: answer, connection, offer });
    this.emit('tracks', undefined);
  }

  /** @param {number} number */
  #replacePeer(number) {
    this.leave();
    this.#leaving = this.#peer;
    const peer = this.#make(this.#iceServers);
    this.#peer = peer;
    this.#number = number;
    this.#anew = false;
    this.connected = false;
    this.settled = false;
    this.#wait(PATIENCE);
    peer.on('state', () => peer === this.#peer && this.#turned(peer.state));
    this.emit('change', undefined);
    return peer;
  }

  /** @param {string} state */
  #turned(state) {
    if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.connected = true;
      this.proven = true;
      this.settled = true;
      this.emit('tracks', undefined);
      this.leave();
    } else if (state === 'disconnected') {
      this.connected = false;
      this.#wait(INTERRUPTED);
    } else if (state === 'failed') {
      this.connected = false;
      return this.#failed();
    }
    this.emit('change', undefined);
  }

  /** @param {number} patience */
  #wait(patience) {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => this.#failed(), patience);
  }

  #failed() {
    if (this.#closed) return;
    this.connected = false;
    clearTimeout(this.#timer);
    const wait = backoff(this.#attempt, this.#random);
    this.#attempt += 1;
    this.#timer = setTimeout(() => {
      this.#tell('callRestart', {});
      this.#wait(PATIENCE);
    }, wait);
    this.emit('change', undefined);
  }
}
