/** @typedef {import('../protocol/types.js').Message} Message */
/** @typedef {import('../protocol/outbox.js').Pending} Pending */

/**
 * A line of the message list. `first` opens a run of messages of one sender; `sent` marks the reader's own message at the end.
 *
 * @typedef {{ kind: 'day', key: string, at: Date } |
 *   { kind: 'unread', key: string } |
 *   { kind: 'message', key: string, first: boolean, own: boolean, sent: boolean, at: Date, message: Message } |
 *   { kind: 'pending', key: string, first: boolean, own: true, at: Date, pending: Pending, failure: string | undefined }} Row
 */

/** A run of messages ends after this pause, in milliseconds. */
const PAUSE = 5 * 60_000;

/**
 * Lays messages out: by day, by sender, with a line above what is new. What has not changed since the last layout is the very
 * same object in the next one: whoever draws them compares nothing else, and a new message costs a look at each of the others.
 */
export class Layout {
  /** @type {Map<string, Row>} */
  #before = new Map();

  /**
   * @param {Message[]} messages
   * @param {Pending[]} waiting
   * @param {string | undefined} own The reader.
   * @param {number | undefined} readUpTo The last number read before.
   * @returns {Row[]}
   */
  of(messages, waiting, own, readUpTo) {
    const page = new Page(this.#before);
    const end = waiting.length === 0 ? messages.at(-1) : undefined;
    for (const message of messages) {
      const isOwn = message.SenderUUID === own;
      const key = message.clientID && isOwn ? message.clientID : message.UUID;
      page.message(message, key, isOwn, isOwn && message === end, !isOwn && readUpTo !== undefined && message.Seq > readUpTo);
    }
    for (const pending of waiting) page.pending(pending);
    this.#before = page.byKey;
    return page.rows;
  }
}

class Page {
  /** @type {Row[]} */
  rows = [];
  /** @type {Map<string, Row>} */
  byKey = new Map();
  #before;
  #dayEnds = -Infinity;
  #dayBegins = Infinity;
  #sender = '';
  #last = 0;
  #divided = false;

  /** @param {Map<string, Row>} before */
  constructor(before) {
    this.#before = before;
  }

  /**
   * @param {Message} message
   * @param {string} key
   * @param {boolean} own
   * @param {boolean} sent
   * @param {boolean} unread
   */
  message(message, key, own, sent, unread) {
    const before = this.#before.get(key);
    const known = before?.kind === 'message' && before.message === message ? before : undefined;
    const at = known?.at ?? new Date(message.CreatedAt);
    this.#day(at, key);
    if (unread) this.#unread();
    const first = this.#opens(message.SenderUUID, at);
    const same = known && known.first === first && known.own === own && known.sent === sent;
    this.#put(same ? known : { kind: 'message', key, first, own, sent, at, message });
  }

  /** @param {Pending} pending */
  pending(pending) {
    const { clientID: key, failure } = pending;
    const before = this.#before.get(key);
    const at = before?.kind === 'pending' ? before.at : new Date(pending.createdAt);
    this.#day(at, key);
    const first = this.#opens(pending.author, at);
    const same = before?.kind === 'pending' && before.first === first && before.failure === failure;
    this.#put(same ? before : { kind: 'pending', key, first, own: true, at, pending, failure });
  }

  /**
   * @param {Date} at
   * @param {string} next
   */
  #day(at, next) {
    const moment = at.getTime();
    if (moment >= this.#dayBegins && moment < this.#dayEnds) return;
    this.#dayBegins = new Date(moment).setHours(0, 0, 0, 0);
    this.#dayEnds = new Date(this.#dayBegins).setHours(24);
    this.#sender = '';
    const key = `day of ${next}`;
    this.#put(this.#before.get(key) ?? { kind: 'day', key, at });
  }

  #unread() {
    if (this.#divided) return;
    this.#divided = true;
    this.#sender = '';
    this.#put(this.#before.get('unread') ?? { kind: 'unread', key: 'unread' });
  }

  /**
   * @param {string} sender
   * @param {Date} at
   */
  #opens(sender, at) {
    const first = sender !== this.#sender || at.getTime() - this.#last > PAUSE;
    this.#sender = sender;
    this.#last = at.getTime();
    return first;
  }

  /** @param {Row} row */
  #put(row) {
    this.rows.push(row);
    this.byKey.set(row.key, row);
  }
}
