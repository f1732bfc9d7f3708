import { ChatClient } from '../protocol/client.js';
import { Connection } from '../protocol/connection.js';
import { Emitter } from '../protocol/emitter.js';
import { Keep } from '../protocol/keep.js';
import { Disconnected, GENERAL, Refused } from '../protocol/types.js';
import { Channels } from './channels.js';
import { Drafts } from './drafts.js';
import { People } from './people.js';
import { rows } from './rows.js';
import { Timeline } from './timeline.js';
import { Typing } from './typing.js';

/** @typedef {import('../protocol/client.js').Identity} Identity */
/** @typedef {import('../protocol/keep.js').Box} Box */

/** As many users as the server lists at once. */
const LISTED = 200;
/** About how long after an arrival everybody is listed again, in milliseconds. */
const LISTING = 1_000;

/**
 * `notice`: something to be told once.
 *
 * @typedef {object} Events
 * @property {undefined} identity
 * @property {undefined} connection
 * @property {undefined} channel Another one is open.
 * @property {undefined} timeline The open channel's messages changed.
 * @property {string} notice
 * @property {undefined} welcome Nobody is signed in, and the visitor should be asked.
 */

/**
 * What the page shows and what can be done on it.
 *
 * @extends {Emitter<Events>}
 */
export class App extends Emitter {
  people = new People();
  channels = new Channels();
  typing = new Typing();
  drafts;
  client;
  connection;

  /** @type {Map<string, Timeline>} */
  #timelines = new Map();
  /** Up to where we told that we have read. @type {Map<string, number>} */
  #read = new Map();
  #lastChannel;
  #attentive = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #listing;
  /** Whose the things above are. @type {string | undefined} */
  #owner;

  /**
   * @param {string} url The chat socket.
   * @param {Box} browserBox Kept by the browser.
   * @param {Box} windowBox Kept by this window.
   */
  constructor(url, browserBox, windowBox) {
    super();
    this.drafts = new Drafts(new Keep(windowBox, 'drafts'));
    this.#lastChannel = /** @type {Keep<{ author: string, channel: string }>} */ (new Keep(windowBox, 'channel'));
    this.connection = new Connection(url);
    this.client = new ChatClient(this.connection, new Keep(browserBox, 'identity'), new Keep(windowBox, 'unsent'));
    this.#owner = this.identity?.userUUID;
    this.#listen();
  }

  start() {
    const last = this.#lastChannel.read();
    if (last && last.author === this.client.identity?.userUUID) {
      this.channels.add(last.channel);
      this.client.open(last.channel);
      this.emit('channel', undefined);
    }
    this.connection.connect();
  }

  /** Who uses this page. @returns {Identity | undefined} */
  get identity() {
    return this.client.identity;
  }

  /** The open channel. */
  get channel() {
    return this.client.channel;
  }

  get timeline() {
    return this.#timeline(this.channel);
  }

  /** The open channel as it is to be shown. */
  rows() {
    const own = this.identity?.userUUID;
    const waiting = own === undefined ? [] : this.client.outbox.waiting(own, this.channel);
    return rows(this.timeline.messages, waiting, own, this.timeline.readUpTo);
  }

  /**
   * A channel's name.
   *
   * @param {string} channel
   */
  nameOf(channel) {
    if (channel === GENERAL) return 'General';
    const name = this.people.find(channel)?.Username ?? 'Direct message';
    return channel === this.identity?.userUUID ? `${name} (you)` : name;
  }

  /** @param {string} channel */
  open(channel) {
    const { identity } = this;
    const line = this.channels.find(channel);
    if (!line) this.channels.add(channel);
    const timeline = this.#timeline(channel);
    const newest = Math.max(line?.last?.Seq ?? 0, timeline.newest);
    timeline.readUpTo = line && line.unread > 0 ? newest - line.unread : undefined;
    if (identity) this.#lastChannel.write({ author: identity.userUUID, channel });
    this.client.open(channel);
    this.emit('channel', undefined);
  }

  /**
   * Sends a message to the open channel, now or as soon as there is a connection.
   *
   * @param {string} text
   */
  send(text) {
    if (!this.identity || text.trim() === '') return;
    this.drafts.write(this.channel, '');
    this.typing.sent(this.channel);
    this.timeline.readUpTo = undefined;
    this.client.outbox.add(this.identity.userUUID, this.channel, text);
  }

  /**
   * Keeps what is being typed, and lets the others know.
   *
   * @param {string} text
   */
  write(text) {
    this.drafts.write(this.channel, text);
    if (text && this.typing.due(this.channel)) this.client.tell('typing', { recipientUUID: this.channel });
  }

  /** Whether the newest message of the open channel is before the reader's eyes. */
  get attentive() {
    return this.#attentive;
  }

  set attentive(attentive) {
    this.#attentive = attentive;
    this.#seen();
  }

  #seen() {
    const { channel, timeline } = this;
    if (!this.attentive || !timeline.loaded) return;
    this.channels.read(channel);
    if (!this.client.ready || timeline.newest <= (this.#read.get(channel) ?? 0)) return;
    this.#read.set(channel, timeline.newest);
    this.client.tell('read', { recipientUUID: channel, seq: timeline.newest });
  }

  /** Fetches messages from before those that are shown. */
  async loadOlder() {
    const { channel, timeline } = this;
    const before = timeline.messages[0]?.Seq;
    if (timeline.loading || !timeline.hasOlder || before === undefined || !this.client.ready) return;
    timeline.loading = true;
    this.emit('timeline', undefined);
    try {
      const { messages, more } = await this.client.history(channel, before);
      this.people.mention(messages.map(({ Sender }) => Sender));
      timeline.prepend(messages, more !== false);
    } catch (error) {
      if (error instanceof Refused) this.emit('notice', error.message);
      else if (!(error instanceof Disconnected)) throw error;
    } finally {
      timeline.loading = false;
      this.emit('timeline', undefined);
    }
  }

  /**
   * Asks the server for people.
   *
   * @param {string} query
   */
  async search(query) {
    try {
      const { users } = await this.client.request('users', query ? { query, limit: LISTED } : { limit: LISTED });
      this.people.learn(users);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
    }
  }

  #listen() {
    const { client, connection, people, typing } = this;
    connection.on('status', () => this.emit('connection', undefined));
    client.on('ready', () => this.emit('connection', undefined));
    client.outbox.on('change', () => this.emit('timeline', undefined));
    client.on('identity', ({ identity, left }) => this.#identified(identity, left));
    client.on('users', (users) => people.learn(users));
    client.on('arrived', (user) => this.#arrived(user));
    client.on('unread', (counts) => this.#counted(counts));
    client.on('page', (page) => this.#page(page));
    client.on('closed', ({ channel, reason }) => this.#closed(channel, reason));
    client.on('message', ({ channel, message }) => this.#message(channel, message));
    client.on('changed', ({ channel, message }) => {
      this.#timelines.get(channel)?.change(message);
      this.channels.changed(channel, message);
      this.emit('timeline', undefined);
    });
    client.on('reacted', (reacted) => {
      this.#timelines.get(reacted.channel)?.react(reacted);
      this.emit('timeline', undefined);
    });
    client.on('typing', ({ channel, user }) => {
      if (user.UUID !== this.identity?.userUUID) typing.writes(channel, user);
    });
  }

  /**
   * @param {Identity | undefined} identity
   * @param {'signedOut' | 'deleted' | undefined} left
   */
  #identified(identity, left) {
    if (identity?.userUUID !== this.#owner) {
      if (this.#owner !== undefined) this.drafts.clear();
      this.#owner = identity?.userUUID;
      this.#timelines.clear();
      this.#read.clear();
      this.channels.clear();
      this.emit('channel', undefined);
    }
    this.emit('identity', undefined);
    if (left === 'deleted') this.emit('notice', 'This account was deleted.');
    if (left) this.emit('welcome', undefined);
  }

  /** @param {import('../protocol/types.js').Unread[]} counts */
  #counted(counts) {
    for (const { recipientUUID, count, last } of counts) {
      if (last) this.people.mention([last.Sender, last.Recipient].filter((user) => user !== null && user !== undefined));
      const read = recipientUUID === this.channel && this.attentive;
      this.channels.counted(recipientUUID, read || this.#isSeen(recipientUUID, last) ? 0 : count, last);
    }
    this.#seen();
  }

  /**
   * The server's count may have crossed what we told it.
   *
   * @param {string} channel
   * @param {import('../protocol/types.js').Message | null | undefined} last
   */
  #isSeen(channel, last) {
    return (this.#read.get(channel) ?? 0) >= (last?.Seq ?? 1);
  }

  /**
   * Somebody shows a sign of life. Where all can be listed, they are, so that the server tells when the newcomer goes; in a crowd nobody is missed.
   *
   * @param {import('../protocol/types.js').User} user
   */
  #arrived(user) {
    if (this.people.size >= LISTED) return this.people.mention([user]);
    const known = this.people.find(user.UUID);
    this.people.learn([{ ...user, OnLine: true }]);
    if (known || this.#listing) return;
    this.#listing = setTimeout(
      () => {
        this.#listing = undefined;
        this.search('');
      },
      LISTING * (0.5 + Math.random()),
    );
  }

  /** @param {import('../protocol/client.js').Page} page */
  #page({ channel, messages, users, replace }) {
    this.people.learn(users);
    this.people.mention(messages.map(({ Sender }) => Sender));
    const timeline = this.#timeline(channel);
    if (replace) timeline.replace(messages);
    else timeline.add(messages);
    if (replace) this.#read.delete(channel);
    const last = messages.at(-1);
    if (last) this.channels.counted(channel, this.channels.find(channel)?.unread ?? 0, last);
    this.#seen();
    this.emit('timeline', undefined);
  }

  /**
   * @param {string} channel
   * @param {import('../protocol/types.js').Message} message
   */
  #message(channel, message) {
    this.#arrived(message.Sender);
    if (message.Recipient) this.people.mention([message.Recipient]);
    this.typing.stops(message.SenderUUID);
    const timeline = this.#timelines.get(channel);
    if (timeline?.loaded) timeline.add([message]);
    const own = message.SenderUUID === this.identity?.userUUID;
    this.channels.said(channel, message, !own && !(channel === this.channel && this.attentive));
    this.#seen();
    this.emit('timeline', undefined);
  }

  /** @param {string} channel */
  #timeline(channel) {
    const timeline = this.#timelines.get(channel) ?? new Timeline();
    this.#timelines.set(channel, timeline);
    return timeline;
  }

  /**
   * @param {string} channel
   * @param {string} reason
   */
  #closed(channel, reason) {
    this.emit('notice', reason);
    if (channel !== GENERAL && channel === this.channel) this.open(GENERAL);
  }
}
