import { Emitter } from './emitter.js';
import { Code, Disconnected, Refused } from './types.js';

/**
 * A message on its way.
 *
 * @typedef {object} Pending
 * @property {string} clientID
 * @property {string} author The user who wrote it; nobody else ever sends it.
 * @property {string} channel
 * @property {string} text
 * @property {number} createdAt Milliseconds since 1970.
 * @property {number} [triedAt] When it was first given to a server.
 * @property {string} [failure] Why the server refused it for good.
 */

const SHORTEST_PAUSE = 1_000;

/**
 * Messages that the server has not acknowledged. They leave one at a time in each channel, so that they arrive in the
 * order in which they were written, and stay until the server shows them stored.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Outbox extends Emitter {
  #keep;
  #deliver;
  /** @type {Pending[]} */
  #pending;
  /** The user on whose behalf messages may leave now. @type {string | undefined} */
  #author;
  /** Grows with each connection, so that what an old one still says is not taken for news. */
  #round = 0;
  /** Channels with a message under way. @type {Set<string>} */
  #busy = new Set();

  /**
   * @param {import('./keep.js').Keep<Pending[]>} keep
   * @param {(entry: Pending) => Promise<unknown>} deliver Resolves when the message is stored.
   */
  constructor(keep, deliver) {
    super();
    this.#keep = keep;
    this.#deliver = deliver;
    this.#pending = keep.read() ?? [];
  }

  /**
   * @param {string} author
   * @param {string} channel
   * @param {string} text
   */
  add(author, channel, text) {
    this.#pending.push({ clientID: crypto.randomUUID(), author, channel, text, createdAt: Date.now() });
    this.#changed();
    this.#next(channel);
  }

  /**
   * What waits in a channel, oldest first.
   *
   * @param {string} author
   * @param {string} channel
   */
  waiting(author, channel) {
    return this.#pending.filter((entry) => entry.author === author && entry.channel === channel);
  }

  /**
   * The connection is ready for this user's messages.
   *
   * @param {string} author
   */
  resume(author) {
    if (this.#author === author) return;
    this.pause();
    this.#author = author;
    for (const channel of new Set(this.#pending.map((entry) => entry.channel))) this.#next(channel);
  }

  /** The connection is gone. */
  pause() {
    this.#author = undefined;
    this.#round += 1;
    this.#busy.clear();
  }

  /**
   * The message is stored: it came back.
   *
   * @param {string} clientID
   */
  settle(clientID) {
    const found = this.#pending.find((entry) => entry.clientID === clientID);
    if (!found) return;
    this.#pending = this.#pending.filter((entry) => entry !== found);
    this.#changed();
  }

  /** @param {string} clientID */
  retry(clientID) {
    const found = this.#pending.find((entry) => entry.clientID === clientID);
    if (!found?.failure) return;
    delete found.failure;
    this.#changed();
    this.#next(found.channel);
  }

  /** @param {string} clientID */
  discard(clientID) {
    this.#pending = this.#pending.filter((entry) => entry.clientID !== clientID || !entry.failure);
    this.#changed();
  }

  /** @param {string} channel */
  async #next(channel) {
    const author = this.#author;
    if (author === undefined || this.#busy.has(channel)) return;
    const entry = this.waiting(author, channel).find((waiting) => !waiting.failure);
    if (!entry) return;

    const round = this.#round;
    this.#busy.add(channel);
    const pause = await this.#send(entry);
    if (round !== this.#round) return;
    if (pause > 0) await new Promise((done) => setTimeout(done, pause));
    if (round !== this.#round) return;
    this.#busy.delete(channel);
    this.#next(channel);
  }

  /**
   * Tries once, and answers how long to pause before the next try.
   *
   * @param {Pending} entry
   */
  async #send(entry) {
    try {
      const delivery = this.#deliver(entry);
      entry.triedAt ??= Date.now();
      this.#save();
      await delivery;
      this.settle(entry.clientID);
      return 0;
    } catch (error) {
      if (error instanceof Disconnected) return SHORTEST_PAUSE;
      if (!(error instanceof Refused)) throw error;
      if (error.code === Code.tooManyRequests || error.code === Code.unavailable || error.code === Code.signInNeeded) {
        return Math.max(SHORTEST_PAUSE, error.retryAfter ?? 0) * (1 + Math.random());
      }
      entry.failure = error.message;
      this.#changed();
      return 0;
    }
  }

  #changed() {
    this.#save();
    this.emit('change', undefined);
  }

  #save() {
    this.#keep.write(this.#pending.length > 0 ? this.#pending : undefined);
  }
}
