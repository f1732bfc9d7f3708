import { Disconnected, Refused } from './types.js';

/** Longer silence than this and the connection is taken for dead, in milliseconds. */
const PATIENCE = 15_000;

/**
 * @typedef {object} Options
 * @property {{ userUUID?: string, userAccessKey?: string }} [header]
 * @property {string} [id]
 * @property {number} [patience] For how many milliseconds silence is borne.
 */

/** Requests that wait for their answers. */
export class Requests {
  #connection;
  #count = 0;
  /** @type {Map<string, { type: string, resolve: (answer: any) => void, reject: (error: Error) => void, timer: ReturnType<typeof setTimeout> }>} */
  #waiting = new Map();

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} payload
   * @param {Options} [options]
   * @returns {Promise<any>} The answer's payload.
   */
  send(type, payload, { header = {}, id = String(++this.#count), patience = PATIENCE } = {}) {
    if (this.#connection.status.phase !== 'open') return Promise.reject(new Disconnected());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#connection.abandon(), patience);
      this.#waiting.set(id, { type, resolve, reject, timer });
      this.#connection.send({ type, id, ...header, [type]: payload });
    });
  }

  /**
   * Hands an answer to whoever waits for it.
   *
   * @param {import('./types.js').Frame} frame
   * @returns What was asked.
   */
  answered(frame) {
    if (frame.id === undefined) return undefined;
    const request = this.#take(frame.id);
    if (frame.type === 'error') request?.reject(new Refused(frame.error));
    else request?.resolve(frame[frame.type]);
    return request?.type;
  }

  /**
   * What was asked for turned out to have happened.
   *
   * @param {string} id
   */
  settle(id) {
    this.#take(id)?.resolve(undefined);
  }

  /** No answer will come any more. */
  abandon() {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(new Disconnected());
  }

  /** @param {string} id */
  #take(id) {
    const request = this.#waiting.get(id);
    if (!request) return undefined;
    this.#waiting.delete(id);
    clearTimeout(request.timer);
    return request;
  }
}
