import { GENERAL } from '../protocol/types.js';
import { ReadMarks } from './read-marks.js';

/** @typedef {import('../protocol/types.js').Message} Message */

/**
 * What was read and what was not: the counts of the channel list, the marks that the server keeps for this user, and the line
 * in the open channel above what came while the reader was away. The line stays where it is while they read on.
 */
export class Reading {
  #client;
  #channels;
  #history;
  #marks = new ReadMarks();
  #attentive = false;

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {import('./channels.js').Channels} channels
   * @param {import('./history.js').History} history
   */
  constructor(client, channels, history) {
    this.#client = client;
    this.#channels = channels;
    this.#history = history;
    client.on('ready', (ready) => ready || this.#marks.doubt());
    client.on('unread', (counts) => this.#counted(counts));
    client.on('page', (page) => this.#page(page));
    client.on('message', ({ channel, message }) => this.#message(channel, message));
    client.on('changed', ({ channel, message }) => channels.changed(channel, message));
  }

  /** Whether the newest message of the open channel is before the reader's eyes. */
  get attentive() {
    return this.#attentive;
  }

  set attentive(attentive) {
    this.#attentive = attentive;
    this.#seen();
  }

  /**
   * A channel is about to be opened.
   *
   * @param {string} channel
   */
  opening(channel) {
    const unread = this.#channels.find(channel)?.unread ?? 0;
    this.#history.of(channel).readUpTo = unread > 0 ? this.#lineIn(channel) : undefined;
  }

  /** Another user has read other things. */
  clear() {
    this.#marks.clear();
  }

  /** Takes note of what is before the reader's eyes. */
  #seen() {
    const { channel } = this.#client;
    const { loaded, newest } = this.#history.of(channel);
    if (!this.attentive || !loaded) return;
    this.#channels.read(channel);
    this.#marks.read(channel, newest);
    this.#tell(channel);
  }

  /** @param {string} channel */
  #tell(channel) {
    const seq = this.#marks.of(channel);
    if (seq === undefined || !this.#client.ready || !this.#marks.owed(channel)) return;
    this.#marks.known(channel, seq);
    this.#client.tell('read', { recipientUUID: channel, seq });
  }

  /** @param {import('../protocol/types.js').Unread[]} counts */
  #counted(counts) {
    for (const { recipientUUID: channel, count, last, seq } of counts) {
      this.#marks.known(channel, seq - count);
      // The server's count may have crossed what we told it, or that was lost.
      const unread = Math.max(0, seq - (this.#marks.of(channel) ?? 0));
      this.#channels.counted(channel, this.attentive && channel === this.#client.channel ? 0 : unread, last);
      this.#tell(channel);
    }
    this.#seen();
  }

  /** @param {import('../protocol/following.js').Page} page */
  #page({ channel, messages, replace, first }) {
    const timeline = this.#history.of(channel);
    if (replace) this.#marks.limit(channel, timeline.newest);
    const last = messages.at(-1);
    if (last) {
      if (first && last.Seq > (this.#marks.of(channel) ?? 0)) timeline.readUpTo = this.#lineIn(channel);
      this.#channels.counted(channel, this.#channels.find(channel)?.unread ?? 0, last);
    }
    this.#seen();
  }

  /**
   * @param {string} channel
   * @param {Message} message
   */
  #message(channel, message) {
    // Who writes, here or elsewhere, has read what is above.
    if (message.SenderUUID === this.#client.identity?.userUUID) this.#marks.known(channel, message.Seq);
    const read = this.#marks.of(channel) ?? 0;
    const open = channel === this.#client.channel;
    if (open && !this.attentive && message.Seq === read + 1) this.#history.of(channel).readUpTo = this.#lineIn(channel);
    this.#channels.said(channel, message, message.Seq > read && !(open && this.attentive));
    this.#seen();
  }

  /**
   * Below which message the line stands. In General a newcomer has read nothing, and nothing there is new to them.
   *
   * @param {string} channel
   */
  #lineIn(channel) {
    const mark = this.#marks.of(channel);
    return mark === 0 && channel === GENERAL ? undefined : mark;
  }
}
