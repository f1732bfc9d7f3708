import { backoff, hint } from './backoff.js';
import { Emitter } from './emitter.js';

/** @typedef {import('./types.js').Frame} Frame */

/**
 * Where the connection stands. `ended` means that the server does not want this client back by itself.
 *
 * @typedef {{ phase: 'idle' | 'connecting' | 'open' } | { phase: 'waiting', until: number } |
 *   { phase: 'ended', code: number }} Status
 */

const CONNECT_TIMEOUT = 10_000;

/** The close codes that this client tells apart. */
export const Close = Object.freeze({ slow: 1013, kicked: 4001, banned: 4003, deleted: 4004 });
/** @type {Set<number>} */
const FINAL = new Set([Close.kicked, Close.banned, Close.deleted]);

/**
 * A WebSocket that comes back. It never gives up, unless the server says that it should.
 *
 * @extends {Emitter<{ status: Status, frame: Frame }>}
 */
export class Connection extends Emitter {
  /** @type {Status} */
  status = { phase: 'idle' };

  #url;
  #random;
  #attempt = 0;
  /** How long a server that announced its end wants us to wait. @type {number | undefined} */
  #announced;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string | (() => string)} url Asked for at each attempt.
   * @param {() => number} [random]
   */
  constructor(url, random = Math.random) {
    super();
    this.#url = url;
    this.#random = random;
  }

  /** Connects at once, whatever it was waiting for. */
  connect() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    const socket = new WebSocket(typeof this.#url === 'string' ? this.#url : this.#url());
    this.#socket = socket;
    this.#announced = undefined;
    this.#timer = setTimeout(() => this.#dropped(socket, 1006, ''), CONNECT_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#become({ phase: 'open' });
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => this.#dropped(socket, code, reason);
    this.#become({ phase: 'connecting' });
  }

  /** The connection proved useful: the next failure is a first one again. */
  proven() {
    this.#attempt = 0;
  }

  /** Gives this connection up, for being silent or of no use, and comes back after the usual wait. */
  abandon() {
    if (this.#socket) this.#dropped(this.#socket, 1006, '');
  }

  /** Begins anew at once: somebody else uses it now. */
  renew() {
    this.abandon();
    this.connect();
  }

  /** Ends it for good: nothing connects again but {@link connect}. */
  close() {
    const socket = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    this.#become({ phase: 'idle' });
  }

  /**
   * Sends a frame if the connection is open.
   *
   * @param {Record<string, unknown>} frame
   */
  send(frame) {
    if (this.status.phase === 'open') this.#socket?.send(JSON.stringify(frame));
  }

  /** @param {unknown} data */
  #received(data) {
    if (typeof data !== 'string') return;
    /** @type {Frame} */
    const frame = JSON.parse(data);
    if (frame.type === 'sys' && frame.sys?.type === 'reconnect') this.#announced = frame.sys.reconnect?.afterMs;
    this.emit('frame', frame);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   */
  #dropped(socket, code, reason) {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    if (FINAL.has(code)) return this.#become({ phase: 'ended', code });

    const wait = this.#wait(code, reason);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#become({ phase: 'waiting', until: Date.now() + wait });
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #wait(code, reason) {
    if (code === Close.slow && this.#attempt === 0) return 0;
    return hint(reason) ?? this.#announced ?? backoff(this.#attempt, this.#random);
  }

  /** @param {Status} status */
  #become(status) {
    this.status = status;
    this.emit('status', status);
  }
}
