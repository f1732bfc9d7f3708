import { ChatClient } from '../protocol/client.js';
import { Connection } from '../protocol/connection.js';
import { Emitter } from '../protocol/emitter.js';
import { Keep } from '../protocol/keep.js';
import { GENERAL } from '../protocol/types.js';
import { Account } from './account.js';
import { Amending } from './amending.js';
import { Calls } from './calls.js';
import { Channels } from './channels.js';
import { Drafts } from './drafts.js';
import { History } from './history.js';
import { People } from './people.js';
import { Preferences } from './preferences.js';
import { Reading } from './reading.js';
import { Recall } from './recall.js';
import { Roster } from './roster.js';
import { Layout } from './rows.js';
import { standing } from './standing.js';
import { Typing } from './typing.js';

/** @typedef {import('../protocol/session.js').Identity} Identity */
/** @typedef {import('../protocol/keep.js').Box} Box */

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
 * What the page shows and what can be done on it. Each concern is a class of its own that listens to the client; they hear
 * of things in the order in which they are made here.
 *
 * @extends {Emitter<Events>}
 */
export class App extends Emitter {
  people = new People();
  typing = new Typing();
  channels;
  connection;
  client;
  account;
  drafts;
  preferences;
  recall;
  roster;
  history;
  reading;
  amending;
  calls;
  /** Which devices are used in calls. @type {Keep<import('../protocol/calls.js').DeviceChoices>} */
  devices;

  #layout = new Layout();
  #shelf;
  #lastChannel;
  /** Whose all this is. @type {Identity | undefined} */
  #owner;

  /**
   * @param {string} url The chat socket.
   * @param {Box} browserBox Kept by the browser.
   * @param {Box} windowBox Kept by this window.
   * @param {import('../protocol/shelf.js').Shelf} shelf Kept for this window, and for the next one if it ends.
   */
  constructor(url, browserBox, windowBox, shelf) {
    super();
    this.#shelf = shelf;
    this.connection = new Connection(url);
    this.client = new ChatClient(this.connection, new Keep(browserBox, 'identity'), shelf.keep('unsent'));
    this.account = new Account(this.client, new Keep(browserBox, 'blocked'));
    this.channels = new Channels(new Keep(browserBox, 'hidden'));
    this.drafts = new Drafts(shelf.keep('drafts'), this.identity?.userUUID);
    this.preferences = new Preferences(new Keep(browserBox, 'preferences'));
    this.recall = new Recall(new Keep(windowBox, 'recall'));
    this.roster = new Roster(this.client, this.people);
    this.history = new History(this.client, this.people);
    this.reading = new Reading(this.client, this.channels, this.history);
    this.amending = new Amending(this.client, (notice) => this.emit('notice', notice));
    this.calls = new Calls(this.client);
    this.devices = new Keep(browserBox, 'devices');
    this.#lastChannel = /** @type {Keep<{ author: string, channel: string }>} */ (new Keep(windowBox, 'channel'));
    this.#owner = this.identity;
    this.#listen();
  }

  start() {
    const last = this.#lastChannel.read();
    if (last && last.author === this.identity?.userUUID) {
      this.channels.add(last.channel);
      this.client.open(last.channel);
      this.emit('channel', undefined);
    }
    this.connection.connect();
  }

  /** Another window of this browser may have changed what all of them keep. */
  refresh() {
    this.preferences.refresh();
    this.client.session.refresh();
  }

  /** How we stand with the server. */
  get standing() {
    return standing(this.connection.status, this.client);
  }

  /** Who uses this page. @returns {Identity | undefined} */
  get identity() {
    return this.client.identity;
  }

  /** The open channel. */
  get channel() {
    return this.client.channel;
  }

  /** The open channel's messages. */
  get timeline() {
    return this.history.of(this.channel);
  }

  /** The open channel as it is to be shown. */
  rows() {
    const own = this.identity?.userUUID;
    // What is on its way stands behind the newest message, or not at all.
    const waiting = own === undefined || this.timeline.hasNewer ? [] : this.client.outbox.waiting(own, this.channel);
    return this.#layout.of(this.timeline.messages, waiting, own, this.timeline.readUpTo);
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
    this.history.opening(channel);
    this.reading.opening(channel);
    if (!this.channels.list().some(({ id }) => id === channel)) this.channels.add(channel);
    if (this.identity) this.#lastChannel.write({ author: this.identity.userUUID, channel });
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
    this.history.loadNewest(this.channel);
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

  #listen() {
    const { client, connection, history, typing } = this;
    connection.on('status', () => this.emit('connection', undefined));
    client.on('ready', () => this.emit('connection', undefined));
    client.outage.on('change', () => this.emit('connection', undefined));
    client.outbox.on('change', () => this.emit('timeline', undefined));
    history.on('change', () => this.emit('timeline', undefined));
    history.on('notice', (text) => this.emit('notice', text));
    client.on('identity', ({ identity, left }) => this.#identified(identity, left));
    client.on('closed', ({ channel, reason }) => this.#closed(channel, reason));
    this.calls.on('begun', ({ channel }) => this.channels.add(channel));
    client.on('message', ({ message }) => typing.stops(message.SenderUUID));
    client.on('typing', ({ channel, user }) => {
      if (user.UUID !== this.identity?.userUUID) typing.writes(channel, user);
    });
  }

  /**
   * @param {Identity | undefined} identity
   * @param {import('../protocol/session.js').Left | undefined} left
   */
  #identified(identity, left) {
    const before = this.#owner;
    this.#owner = identity;
    if (identity?.userUUID !== before?.userUUID) {
      // Who has an account or signs out leaves nothing behind; a guest who comes in by name goes on with what they were writing.
      if (before && (!before.guest || left === 'signedOut' || left === 'deleted')) this.#clear(before.userUUID);
      this.drafts.passTo(identity?.userUUID);
      if (before) this.recall.clear();
      this.history.clear();
      this.reading.clear();
      this.channels.clear();
      this.calls.clear();
      this.emit('channel', undefined);
    }
    this.emit('identity', undefined);
    if (left === 'deleted') this.emit('notice', 'This account was deleted.');
    if (left === 'forgotten') this.emit('notice', 'You have a new name: the server has forgotten the guest you were.');
    else if (left) this.emit('welcome', undefined);
  }

  /**
   * Nothing is left of what somebody was writing in this browser.
   *
   * @param {string} author
   */
  #clear(author) {
    this.drafts.clear();
    this.client.outbox.forget(author);
    this.#shelf.forget(author);
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
