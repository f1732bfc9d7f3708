import { Close } from './connection.js';
import { Delivery } from './delivery.js';
import { Emitter } from './emitter.js';
import { Following } from './following.js';
import { interpret } from './news.js';
import { Outage } from './outage.js';
import { Outbox } from './outbox.js';
import { Pulse } from './pulse.js';
import { Requests } from './requests.js';
import { Session } from './session.js';
import { Code, GENERAL, ignoreRefusal } from './types.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').User} User */
/** @typedef {import('./session.js').Identity} Identity */

const LONG_PAGE = 200;
/** For how long a sign of life is waited for, in milliseconds. */
const IMPATIENT = 5_000;

/**
 * The chat protocol, over any number of connections: puts together who we are, which channel is open and what is on its
 * way, and tells in the page's words what the server sends by itself.
 *
 * @extends {Emitter<import('./news.js').Events>}
 */
export class ChatClient extends Emitter {
  session;
  outbox;
  outage = new Outage(() => this.session.begin({ carefully: true }));

  #connection;
  #requests;
  #following;
  #pulse = new Pulse(() => this.probe());

  /**
   * @param {import('./connection.js').Connection} connection
   * @param {import('./keep.js').Keep<Identity>} identities
   * @param {import('./keep.js').Keep<import('./outbox.js').Pending[]>} unsent
   */
  constructor(connection, identities, unsent) {
    super();
    this.#connection = connection;
    this.#requests = new Requests(connection);
    this.session = new Session(connection, this.#requests, identities);
    this.#following = new Following(this.#requests);
    const delivery = new Delivery(this.#requests, (channel, before) => this.history(channel, before));
    this.outbox = new Outbox(unsent, (entry) => delivery.deliver(entry));
    this.#listen();
  }

  /** Who we are. */
  get identity() {
    return this.session.identity;
  }

  /** Signed in on the present connection, and served. */
  get ready() {
    return this.session.ready;
  }

  /** The open channel. */
  get channel() {
    return this.#following.channel;
  }

  /**
   * Opens a channel: what is new in it comes as `page`, then as `message`.
   *
   * @param {string} channel
   */
  open(channel) {
    this.#following.channel = channel;
    if (this.ready) this.#following.begin();
  }

  /**
   * What was told of a channel is not kept any more: when it is opened again, it comes anew.
   *
   * @param {string} channel
   */
  forget(channel) {
    this.#following.forget(channel);
  }

  /**
   * Sends a request and waits for its answer. Throws {@link Refused} or {@link Disconnected}.
   *
   * @param {string} type
   * @param {Record<string, unknown>} payload
   */
  request(type, payload) {
    return this.#requests.send(type, payload);
  }

  /**
   * Sends what is worth nothing later.
   *
   * @param {string} type
   * @param {Record<string, unknown>} payload
   */
  tell(type, payload) {
    if (this.ready) this.#connection.send({ type, [type]: payload });
  }

  /**
   * Makes sure of the connection where it may have died unnoticed, as after a sleep or a change of network, or tries at once
   * to get it back.
   */
  probe() {
    const { phase } = this.#connection.status;
    if (phase === 'waiting') this.#connection.connect();
    else if (this.outage.lasts) this.outage.lookNow();
    else if (phase === 'open') {
      // Nobody is asked for: any answer will do. Silence ends the connection.
      this.#requests.send('users', { after: '', limit: 0 }, { patience: IMPATIENT }).catch(ignoreRefusal);
    }
  }

  /** Tries at once what would be tried later, or, where the server sent us away, never by itself. */
  retry() {
    if (this.#connection.status.phase === 'ended') this.#connection.connect();
    else this.probe();
  }

  /**
   * The messages before one, oldest first.
   *
   * @param {string} channel
   * @param {number | undefined} before The newest where it is absent.
   * @param {number} [limit]
   * @returns {Promise<import('./types.js').History>}
   */
  async history(channel, before, limit = LONG_PAGE) {
    const answer = await this.request('channelHistory', {
      recipientUUID: channel,
      ...(before === undefined ? {} : { before }),
      limit,
    });
    for (const message of answer.messages) this.#settle(message);
    return answer;
  }

  #listen() {
    const { session } = this;
    const following = this.#following;
    this.#connection.on('status', (status) => {
      if (status.phase === 'waiting' || status.phase === 'ended') {
        this.outage.over();
        this.#lost();
      }
      if (status.phase === 'ended' && status.code === Close.deleted) session.leave('deleted');
    });
    this.#connection.on('frame', (frame) => this.#received(frame));

    session.on('void', () => {
      this.#lost();
      following.restart();
    });
    session.on('entered', () => {
      this.#requests.send('watch', { all: true, recipientUUIDs: [GENERAL] }).catch(ignoreRefusal);
      following.begin();
    });
    session.on('identity', (change) => this.emit('identity', change));
    session.on('ready', (ready) => {
      if (ready) this.outage.over();
      this.emit('ready', ready);
    });
    session.on('users', (users) => this.#met(users));

    following.on('page', (page) => {
      for (const message of page.messages) this.#settle(message);
      this.emit('page', page);
    });
    following.on('current', () => this.identity && this.outbox.resume(this.identity.userUUID));
    following.on('closed', (closed) => this.emit('closed', closed));
  }

  /** @param {import('./types.js').Frame} frame */
  #received(frame) {
    this.#pulse.heard();
    const asked = this.#requests.answered(frame);
    // Calls need media nodes, which may be away while everything else is served.
    const isOfCall = asked?.startsWith('call');
    if (frame.type === 'error' && frame.error.code === Code.unavailable && !isOfCall) return this.#unserved();
    const news = interpret(frame, this.identity?.userUUID);
    if (!news) return;
    switch (news.name) {
      case 'ready':
        return void this.session.begin();
      case 'signedOut':
        return this.#signedOut(news.uuid);
      case 'reset':
        return this.#following.reset(news.channel);
      case 'users':
        return this.#met(news.detail);
      case 'message':
        this.#following.heard(news.detail.channel, news.detail.message);
        this.#settle(news.detail.message);
    }
    this.emit(news.name, news.detail);
  }

  /** @param {string | undefined} uuid */
  #signedOut(uuid) {
    if (!uuid || uuid === this.identity?.userUUID) this.session.leave('signedOut');
  }

  /** @param {User[]} users */
  #met(users) {
    this.session.recognise(users);
    this.emit('users', users);
  }

  /**
   * One of our own messages is stored.
   *
   * @param {Message} message
   */
  #settle({ clientID, SenderUUID }) {
    if (!clientID || SenderUUID !== this.identity?.userUUID) return;
    this.#requests.settle(clientID);
    this.outbox.settle(clientID);
  }

  /** The session stays, but as long as the storage is away there is as little to be had as without a connection. */
  #unserved() {
    if (!this.session.wanted) return;
    this.#lost();
    this.outage.noticed();
  }

  #lost() {
    this.#requests.abandon();
    this.#following.lost();
    this.outbox.pause();
    this.session.lost();
  }
}
