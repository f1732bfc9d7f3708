/** @typedef {import('../protocol/types.js').Message} Message */

/** The messages of one channel that are known here, in order. */
export class Timeline {
  /** @type {Message[]} */
  messages = [];
  /** Whether the channel has been read from the server at all. */
  loaded = false;
  /** Whether older messages may be had. */
  hasOlder = false;
  /** Whether older messages are being fetched. */
  loading = false;
  /** The number of the last message that had been read when the channel was opened. @type {number | undefined} */
  readUpTo;

  /** The newest message's number, or 0. */
  get newest() {
    return this.messages.at(-1)?.Seq ?? 0;
  }

  /** @param {Message[]} messages */
  replace(messages) {
    this.messages = [];
    this.#add(messages);
    this.loaded = true;
    this.hasOlder = (this.messages[0]?.Seq ?? 1) > 1;
  }

  /** @param {Message[]} messages */
  add(messages) {
    this.loaded = true;
    this.#add(messages);
  }

  /**
   * Older messages came, or there are none.
   *
   * @param {Message[]} messages
   * @param {boolean} more
   */
  prepend(messages, more) {
    this.#add(messages);
    this.hasOlder = more && messages.length > 0 && (this.messages[0]?.Seq ?? 1) > 1;
  }

  /**
   * A known message is different now.
   *
   * @param {Message} message
   */
  change(message) {
    const at = this.messages.findIndex(({ Seq }) => Seq === message.Seq);
    if (at < 0) return;
    this.messages[at] = { ...message, Reactions: message.Reactions ?? this.messages[at]?.Reactions ?? {} };
  }

  /** @param {import('../protocol/types.js').Reacted} reacted */
  react({ seq, emoji, on, user }) {
    const message = this.messages.find(({ Seq }) => Seq === seq);
    if (!message) return;
    const others = (message.Reactions?.[emoji] ?? []).filter((uuid) => uuid !== user.UUID);
    const { [emoji]: _, ...rest } = message.Reactions ?? {};
    const users = on ? [...others, user.UUID] : others;
    this.change({ ...message, Reactions: users.length > 0 ? { ...rest, [emoji]: users } : rest });
  }

  /** @param {Message[]} messages */
  #add(messages) {
    const bySeq = new Map(this.messages.map((message) => [message.Seq, message]));
    for (const message of messages) bySeq.set(message.Seq, message);
    this.messages = [...bySeq.values()].sort((a, b) => a.Seq - b.Seq);
  }
}
