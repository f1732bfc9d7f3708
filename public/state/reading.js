/** @typedef {import('../protocol/types.js').Message} Message */

/**
 * What was read and what was not: the counts of the channel list, the line above what is new, and the marks that the server
 * keeps for this user.
 */
export class Reading {
  #client;
  #channels;
  #history;
  #attentive = false;
  /** Up to where we told that we have read. @type {Map<string, number>} */
  #told = new Map();

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {import('./channels.js').Channels} channels
   * @param {import('./history.js').History} history
   */
  constructor(client, channels, history) {
    this.#client = client;
    this.#channels = channels;
    this.#history = history;
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
   * A channel is about to be opened: what is unread in it stands below a line.
   *
   * @param {string} channel
   */
  opening(channel) {
    const timeline = this.#history.of(channel);
    const line = this.#channels.find(channel);
    const newest = Math.max(line?.last?.Seq ?? 0, timeline.newest);
    timeline.readUpTo = line && line.unread > 0 ? newest - line.unread : undefined;
  }

  /** Another user has read other things. */
  clear() {
    this.#told.clear();
  }

  #seen() {
    const { channel } = this.#client;
    const { loaded, newest } = this.#history.of(channel);
    if (!this.attentive || !loaded) return;
    this.#channels.read(channel);
    if (!this.#client.ready || newest <= (this.#told.get(channel) ?? 0)) return;
    this.#told.set(channel, newest);
    this.#client.tell('read', { recipientUUID: channel, seq: newest });
  }

  /** @param {import('../protocol/types.js').Unread[]} counts */
  #counted(counts) {
    for (const { recipientUUID, count, last } of counts) {
      const read = recipientUUID === this.#client.channel && this.attentive;
      this.#channels.counted(recipientUUID, read || this.#isSeen(recipientUUID, last) ? 0 : count, last);
    }
    this.#seen();
  }

  /**
   * The server's count may have crossed what we told it.
   *
   * @param {string} channel
   * @param {Message | null | undefined} last
   */
  #isSeen(channel, last) {
    return (this.#told.get(channel) ?? 0) >= (last?.Seq ?? 1);
  }

  /** @param {import('../protocol/following.js').Page} page */
  #page({ channel, messages, replace }) {
    if (replace) this.#told.delete(channel);
    const last = messages.at(-1);
    if (last) this.#channels.counted(channel, this.#channels.find(channel)?.unread ?? 0, last);
    this.#seen();
  }

  /**
   * @param {string} channel
   * @param {Message} message
   */
  #message(channel, message) {
    const own = message.SenderUUID === this.#client.identity?.userUUID;
    const read = channel === this.#client.channel && this.attentive;
    this.#channels.said(channel, message, !own && !read);
    this.#seen();
  }
}
