/** @typedef {import('../protocol/types.js').Message} Message */
/** @typedef {import('../protocol/outbox.js').Pending} Pending */

/**
 * A line of the message list. `first` opens a run of messages of one sender.
 *
 * @typedef {{ kind: 'day', key: string, at: Date } |
 *   { kind: 'unread', key: string } |
 *   { kind: 'message', key: string, first: boolean, own: boolean, at: Date, message: Message } |
 *   { kind: 'pending', key: string, first: boolean, own: true, at: Date, pending: Pending }} Row
 */

/** A run of messages ends after this pause, in milliseconds. */
const PAUSE = 5 * 60_000;

/**
 * Lays messages out: by day, by sender, with a line above what is new.
 *
 * @param {Message[]} messages
 * @param {Pending[]} waiting
 * @param {string | undefined} own The reader.
 * @param {number | undefined} readUpTo The last number read before.
 * @returns {Row[]}
 */
export function rows(messages, waiting, own, readUpTo) {
  const layout = new Layout();
  for (const message of messages) {
    const isOwn = message.SenderUUID === own;
    const at = new Date(message.CreatedAt);
    layout.day(at);
    if (readUpTo !== undefined && message.Seq > readUpTo && !isOwn) layout.unread();
    const first = layout.opens(message.SenderUUID, at);
    layout.rows.push({ kind: 'message', key: message.clientID && isOwn ? message.clientID : message.UUID, first, own: isOwn, at, message });
  }
  for (const pending of waiting) {
    const at = new Date(pending.createdAt);
    layout.day(at);
    layout.rows.push({ kind: 'pending', key: pending.clientID, first: layout.opens(pending.author, at), own: true, at, pending });
  }
  return layout.rows;
}

class Layout {
  /** @type {Row[]} */
  rows = [];
  #day = '';
  #sender = '';
  #last = 0;
  #divided = false;

  /** @param {Date} at */
  day(at) {
    const day = at.toDateString();
    if (day === this.#day) return;
    this.#day = day;
    this.#sender = '';
    this.rows.push({ kind: 'day', key: `day ${day}`, at });
  }

  unread() {
    if (this.#divided) return;
    this.#divided = true;
    this.#sender = '';
    this.rows.push({ kind: 'unread', key: 'unread' });
  }

  /**
   * @param {string} sender
   * @param {Date} at
   */
  opens(sender, at) {
    const first = sender !== this.#sender || at.getTime() - this.#last > PAUSE;
    this.#sender = sender;
    this.#last = at.getTime();
    return first;
  }
}
