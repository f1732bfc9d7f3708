import { chosenBy } from './reactions.js';

/** @typedef {import('../protocol/types.js').Message} Message */

/**
 * As many messages of a channel are held. Of a longer one this is a window around the reader: what is farthest from
 * them is let go, and read again when they come back to it.
 */
export const HELD = 2_000;

/** The messages of one channel that are known here: a run without a gap, in order. */
export class Timeline {
  /** @type {Message[]} */
  messages = [];
  /** Whether the channel has been read from the server at all. */
  loaded = false;
  /** Whether older messages may be had. */
  hasOlder = false;
  /** Whether messages are being fetched. */
  loading = false;
  /** The number of the last message that had been read when the channel was opened. @type {number | undefined} */
  readUpTo;
  /** The number of the message before the reader's eyes; absent while they are at the end. @type {number | undefined} */
  reading;
  /** The newest number heard of. */
  #heard = 0;

  /** The newest message's number, or 0. */
  get newest() {
    return this.messages.at(-1)?.Seq ?? 0;
  }

  /** Whether newer messages are known to exist than those that are held. */
  get hasNewer() {
    return this.#heard > this.newest;
  }

  /** How many messages there are after one. @param {number} seq */
  after(seq) {
    return Math.max(0, Math.max(this.#heard, this.newest) - seq);
  }

  /** @param {Message[]} messages The newest ones. */
  replace(messages) {
    this.#heard = 0;
    this.#restart(messages);
  }

  /**
   * Something was said, or what was missed is read. What does not go on from what is held is only noted.
   *
   * @param {Message[]} messages
   */
  add(messages) {
    const begins = !this.loaded || this.messages.length === 0;
    this.loaded = true;
    if (begins) return this.#restart(messages);
    for (const message of messages) {
      const { newest } = this;
      if (message.Seq === newest + 1) this.messages.push(message);
      else if (message.Seq <= newest) this.change(message);
      this.#heard = Math.max(this.#heard, message.Seq);
    }
    this.shorten(HELD);
  }

  /**
   * Older messages came, or there are none.
   *
   * @param {Message[]} messages
   * @param {boolean} more
   */
  prepend(messages, more) {
    const oldest = this.messages[0]?.Seq ?? Infinity;
    const older = messages.filter(({ Seq }) => Seq < oldest);
    if (older.length > 0 && older.at(-1)?.Seq !== oldest - 1) return;
    this.messages = [...older, ...this.messages];
    this.hasOlder = more && older.length > 0 && (this.messages[0]?.Seq ?? 1) > 1;
    this.shorten(HELD);
  }

  /**
   * The reader goes to the newest messages without passing those between.
   *
   * @param {Message[]} messages
   */
  jump(messages) {
    this.#heard = messages.at(-1)?.Seq ?? 0;
    this.reading = undefined;
    if (this.hasNewer) this.#restart(messages);
  }

  /**
   * A known message is different now.
   *
   * @param {Message} message
   */
  change(message) {
    const at = this.#indexOf(message.Seq);
    const known = this.messages[at];
    if (known) this.messages[at] = { ...message, Reactions: message.Reactions ?? known.Reactions ?? {} };
  }

  /** @param {import('../protocol/types.js').Reacted} reacted */
  react({ seq, emoji, on, user }) {
    const message = this.messages[this.#indexOf(seq)];
    if (!message) return;
    const others = chosenBy(message.Reactions, emoji).filter((uuid) => uuid !== user.UUID);
    const users = on ? [...others, user.UUID] : others;
    const { [emoji]: _, ...rest } = message.Reactions ?? {};
    this.change({ ...message, Reactions: users.length > 0 ? { ...message.Reactions, [emoji]: users } : rest });
  }

  /** @param {Message[]} messages */
  #restart(messages) {
    this.messages = [...messages];
    this.loaded = true;
    this.hasOlder = (messages[0]?.Seq ?? 1) > 1;
    this.#heard = Math.max(this.#heard, this.newest);
    this.shorten(HELD);
  }

  /**
   * Lets go what is farthest from the reader.
   *
   * @param {number} limit As many messages stay.
   */
  shorten(limit) {
    const { length } = this.messages;
    if (length <= limit) return;
    this.#heard = Math.max(this.#heard, this.newest);
    const at = this.reading === undefined ? length : Math.max(0, this.#indexOf(this.reading));
    const from = Math.max(0, Math.min(at - Math.floor(limit / 2), length - limit));
    this.messages = this.messages.slice(from, from + limit);
    if (from > 0) this.hasOlder = true;
  }

  /**
   * Where a message is, or -1: the numbers have no gap.
   *
   * @param {number} seq
   */
  #indexOf(seq) {
    const at = seq - (this.messages[0]?.Seq ?? 0);
    return this.messages[at]?.Seq === seq ? at : -1;
  }
}
