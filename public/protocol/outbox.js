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
 * @property {number} [confirmedAt] When the author last said that it is to be sent after all.
 * @property {string} [failure] Why it is not sent: the server refused it for good, or it is too old.
 */

const SHORTEST_PAUSE = 1_000;
/**
 * What is older, in milliseconds, is not sent by itself. A message that waited over a weekend without a network is still meant;
 * one that comes to light in a browser that was not opened for a week would surprise its author, and those who read it.
 */
const STALE = 7 * 24 * 3_600_000;

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
    // It may have been given to a server and the storage not have been told any more.
    this.#pending = (keep.read() ?? []).map((entry) => ({ ...entry, triedAt: entry.triedAt ?? entry.createdAt }));
    this.#holdBack();
  }

  /**
   * @param {string} author
   * @param {string} channel
   * @param {string} text
   */
  add(author, channel, text) {
    this.#pending.push({ clientID: identifier(), author, channel, text, createdAt: Date.now() });
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
    if (this.#holdBack()) this.#changed();
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
    found.confirmedAt = Date.now();
    this.#changed();
    this.#next(found.channel);
  }

  /** @param {string} clientID */
  discard(clientID) {
    this.#pending = this.#pending.filter((entry) => entry.clientID !== clientID || !entry.failure);
    this.#changed();
  }

  /**
   * Somebody leaves nothing behind.
   *
   * @param {string} author
   */
  forget(author) {
    this.#pending = this.#pending.filter((entry) => entry.author !== author);
    this.#changed();
  }

  /** What is too old to be sent unasked is not. @returns {boolean} Whether there is any. */
  #holdBack() {
    const due = Date.now() - STALE;
    const stale = this.#pending.filter(({ failure, createdAt, confirmedAt = createdAt }) => !failure && confirmedAt < due);
    for (const entry of stale) entry.failure = 'it was written more than a week ago.';
    return stale.length > 0;
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

/** A name that nobody else gives. `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
function identifier() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
