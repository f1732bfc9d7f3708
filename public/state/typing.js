import { Emitter } from '../protocol/emitter.js';

/** @typedef {import('../protocol/types.js').User} User */

/** How long a sign of typing holds, in milliseconds. A writer repeats it more often than that. */
const HOLDS = 5_000;
const REPEAT = 3_000;

/**
 * Who is writing where.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Typing extends Emitter {
  /** @type {Map<string, { channel: string, user: User, timer: ReturnType<typeof setTimeout> }>} */
  #writers = new Map();
  /** When we last said that we are. @type {Map<string, number>} */
  #told = new Map();

  /** @param {string} channel */
  in(channel) {
    return [...this.#writers.values()].filter((writer) => writer.channel === channel).map(({ user }) => user);
  }

  /**
   * @param {string} channel
   * @param {User} user
   */
  writes(channel, user) {
    clearTimeout(this.#writers.get(user.UUID)?.timer);
    const timer = setTimeout(() => this.stops(user.UUID), HOLDS);
    this.#writers.set(user.UUID, { channel, user, timer });
    this.emit('change', undefined);
  }

  /** @param {string} uuid */
  stops(uuid) {
    clearTimeout(this.#writers.get(uuid)?.timer);
    if (this.#writers.delete(uuid)) this.emit('change', undefined);
  }

  /**
   * Whether it is time to tell the others that we are writing.
   *
   * @param {string} channel
   */
  due(channel) {
    const now = Date.now();
    if (now - (this.#told.get(channel) ?? 0) < REPEAT) return false;
    this.#told.set(channel, now);
    return true;
  }

  /**
   * What we wrote is sent: the next word is news again.
   *
   * @param {string} channel
   */
  sent(channel) {
    this.#told.delete(channel);
  }
}
