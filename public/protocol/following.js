import { Emitter } from './emitter.js';
import { Code, GENERAL, Refused, ignoreRefusal } from './types.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').User} User */

/**
 * Messages of a channel, as they are to be shown after what is known of it, or instead of it. `first` of those that are read
 * in a row until all is here.
 *
 * @typedef {{ channel: string, messages: Message[], users: User[], replace: boolean, first: boolean, call?: { participants: User[] } | undefined }} Page
 */

/**
 * `current`: all that was said in the open channel is here, and what is said from now on comes by itself.
 *
 * @typedef {object} Events
 * @property {Page} page
 * @property {undefined} current
 * @property {{ channel: string, reason: string }} closed It cannot be opened.
 */

const FIRST_PAGE = 50;
const LONG_PAGE = 200;
/** About how long to wait where the server is asked too much, in milliseconds. */
const REOPEN = 1_500;

/**
 * Follows the open channel without a gap: over lost connections, over lost messages, and into a new log where the server
 * had to begin one. A cursor for each channel says how far it is known.
 *
 * @extends {Emitter<Events>}
 */
export class Following extends Emitter {
  /** The open channel. */
  channel = GENERAL;

  #requests;
  /** @type {Map<string, { seq: number, epoch: number | string | undefined }>} */
  #cursors = new Map();
  /** Channels that are being read on this connection. @type {Set<string>} */
  #joining = new Set();

  /** @param {import('./requests.js').Requests} requests */
  constructor(requests) {
    super();
    this.#requests = requests;
  }

  /** Reads what is new in the open channel and goes on from there; the connection must be signed in, or about to be. */
  begin() {
    this.#join(this.channel);
  }

  /** The connection is gone. */
  lost() {
    this.#joining = new Set();
  }

  /**
   * Nothing is known of a channel any more.
   *
   * @param {string} channel
   */
  forget(channel) {
    this.#cursors.delete(channel);
  }

  /** Another user sees other channels. */
  restart() {
    this.#cursors.clear();
    this.channel = GENERAL;
  }

  /**
   * A message came by itself. Where it is not the next one, those in between are fetched.
   *
   * @param {string} channel
   * @param {Message} message
   */
  heard(channel, { Seq }) {
    const cursor = this.#cursors.get(channel);
    if (!cursor || Seq <= cursor.seq) return;
    if (Seq === cursor.seq + 1) cursor.seq = Seq;
    else if (channel === this.channel) this.#join(channel);
  }

  /**
   * The log begins anew.
   *
   * @param {string} channel
   */
  reset(channel) {
    this.#cursors.delete(channel);
    // A page that was asked for before this may be of the old log: it is replaced by the one asked for now.
    this.#joining.delete(channel);
    if (channel === this.channel) this.#join(channel);
  }

  /** @param {string} channel */
  async #join(channel) {
    const joining = this.#joining;
    if (joining.has(channel)) return;
    joining.add(channel);
    try {
      let more = await this.#page(channel, true);
      while (more && this.channel === channel) more = await this.#page(channel, false);
      if (this.channel === channel) this.emit('current', undefined);
    } catch (error) {
      if (error instanceof Refused) this.#refused(channel, error, joining);
      else ignoreRefusal(error);
    } finally {
      joining.delete(channel);
    }
  }

  /**
   * @param {string} channel
   * @param {boolean} first
   * @returns {Promise<boolean>} Whether there is more to read.
   */
  async #page(channel, first) {
    const cursor = this.#cursors.get(channel);
    /** @type {import('./types.js').Joined} */
    const joined = await this.#requests.send('channelJoin', {
      recipientUUID: channel,
      ...(cursor ? { after: cursor.seq, epoch: cursor.epoch, limit: LONG_PAGE } : { limit: FIRST_PAGE }),
    });
    const replace = !cursor || joined.reset === true || joined.epoch !== cursor.epoch;
    const last = joined.messages.at(-1)?.Seq ?? 0;
    const known = replace ? last || (joined.seq ?? 0) : Math.max(last, cursor.seq, this.#cursors.get(channel)?.seq ?? 0);
    this.#cursors.set(channel, { seq: known, epoch: joined.epoch });
    this.emit('page', { channel, messages: joined.messages, users: joined.users ?? [], replace, first, call: joined.call });
    return !replace && joined.more === true && last > cursor.seq;
  }

  /**
   * @param {string} channel
   * @param {Refused} refusal
   * @param {Set<string>} joining The set of the connection on which this happened.
   */
  #refused(channel, { code, message }, joining) {
    // While the storage is away nothing is followed; this begins anew when it is back.
    if (code === Code.unavailable || code === Code.signInNeeded) return;
    if (code === Code.tooManyRequests) {
      const again = () => this.#joining === joining && this.channel === channel && this.#join(channel);
      setTimeout(again, REOPEN * (0.5 + Math.random()));
    } else {
      this.emit('closed', { channel, reason: message });
    }
  }
}
