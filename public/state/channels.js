import { Emitter } from '../protocol/emitter.js';
import { GENERAL } from '../protocol/types.js';

/** @typedef {import('../protocol/types.js').Message} Message */

/**
 * A line of the channel list.
 *
 * @typedef {{ id: string, unread: number, last?: Message | undefined, openedAt: number }} Channel
 *
 * @typedef {{ id: string, upTo: number }} Hidden A conversation that was left, and its newest message then.
 */

/** As many left conversations as are remembered. */
const HIDDEN = 200;

/**
 * General and the direct channels: what is unread in each and what was said last.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Channels extends Emitter {
  /** @type {Map<string, Channel>} */
  #channels = new Map();
  #keep;

  /** @param {import('../protocol/keep.js').Keep<Hidden[]>} keep */
  constructor(keep) {
    super();
    this.#keep = keep;
    this.#forget();
  }

  /** Another user has other channels. */
  clear() {
    this.#keep.write(undefined);
    this.#forget();
  }

  #forget() {
    this.#channels = new Map([[GENERAL, { id: GENERAL, unread: 0, openedAt: 0 }]]);
    this.emit('change', undefined);
  }

  /** General, then the direct channels, the liveliest first. */
  list() {
    const hidden = new Map(this.#keep.read()?.map(({ id, upTo }) => [id, upTo]));
    const [general, ...direct] = [...this.#channels.values()].filter(
      ({ id, last, unread }) => unread > 0 || (last?.Seq ?? 0) > (hidden.get(id) ?? -1),
    );
    return [general, ...direct.sort((a, b) => liveliness(b) - liveliness(a))].filter((channel) => channel !== undefined);
  }

  /** @param {string} id */
  find(id) {
    return this.#channels.get(id);
  }

  /** What is unread in all of them. */
  get unread() {
    return this.list().reduce((sum, { unread }) => sum + unread, 0);
  }

  /**
   * Puts a channel on the list.
   *
   * @param {string} id
   */
  add(id) {
    const hidden = this.#keep.read();
    if (hidden) this.#keep.write(hidden.filter((other) => other.id !== id));
    this.#update(id, { openedAt: Date.now() });
  }

  /**
   * Takes a direct channel off the list, until something is said in it or it is opened again.
   *
   * @param {string} id
   */
  hide(id) {
    const others = (this.#keep.read() ?? []).filter((other) => other.id !== id);
    this.#keep.write([...others, { id, upTo: this.#channels.get(id)?.last?.Seq ?? 0 }].slice(-HIDDEN));
    this.emit('change', undefined);
  }

  /**
   * A message was said.
   *
   * @param {string} id
   * @param {Message} message
   * @param {boolean} isNew Whether it counts as unread.
   */
  said(id, message, isNew) {
    const { last, unread } = this.#channels.get(id) ?? { last: undefined, unread: 0 };
    if (last && last.Seq > message.Seq) return;
    this.#update(id, { last: message, unread: isNew && last?.Seq !== message.Seq ? unread + 1 : unread });
  }

  /**
   * The server's count.
   *
   * @param {string} id
   * @param {number} unread
   * @param {Message | null | undefined} last
   */
  counted(id, unread, last) {
    this.#update(id, last ? { unread, last } : { unread });
  }

  /**
   * A message that may be the last one is different now.
   *
   * @param {string} id
   * @param {Message} message
   */
  changed(id, message) {
    if (this.#channels.get(id)?.last?.Seq === message.Seq) this.#update(id, { last: message });
  }

  /** @param {string} id */
  read(id) {
    if (this.#channels.get(id)?.unread) this.#update(id, { unread: 0 });
  }

  /**
   * @param {string} id
   * @param {Partial<Channel>} change
   */
  #update(id, change) {
    const channel = this.#channels.get(id) ?? { id, unread: 0, openedAt: 0 };
    this.#channels.set(id, { ...channel, ...change });
    this.emit('change', undefined);
  }
}

/** @param {Channel} channel */
function liveliness({ last, openedAt }) {
  return Math.max(openedAt, last ? Date.parse(last.CreatedAt) : 0);
}
