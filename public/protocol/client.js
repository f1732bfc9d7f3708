import { Close } from './connection.js';
import { Emitter } from './emitter.js';
import { Outbox } from './outbox.js';
import { Requests } from './requests.js';
import { Code, Disconnected, GENERAL, Refused } from './types.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').User} User */
/** @typedef {import('./outbox.js').Pending} Pending */

/**
 * An account as this browser keeps it.
 *
 * @typedef {{ userUUID: string, accessKey: string, username: string, guest: boolean }} Identity
 */

/**
 * Messages of a channel, as they are to be shown after what is known of it, or instead of it.
 *
 * @typedef {{ channel: string, messages: Message[], users: User[], replace: boolean }} Page
 */

/**
 * `identity`: another user, or nobody. `ready`: signed in on this connection. Of everything in a channel, the messages that
 * this user's other sessions wrote included, `message` tells.
 *
 * @typedef {object} Events
 * @property {{ identity: Identity | undefined, left?: 'signedOut' | 'deleted' }} identity
 * @property {boolean} ready
 * @property {Page} page
 * @property {{ channel: string, reason: string }} closed It cannot be opened.
 * @property {{ channel: string, message: Message }} message
 * @property {{ channel: string, message: Message }} changed
 * @property {import('./types.js').Reacted & { channel: string }} reacted
 * @property {{ channel: string, user: User }} typing
 * @property {User[]} users
 * @property {User} arrived Somebody signed in or joined; whether they stay is told only of those that the server listed for us.
 * @property {import('./types.js').Unread[]} unread
 */

const FIRST_PAGE = 50;
const LONG_PAGE = 200;
/** About how long between attempts to open a channel while the server cannot, in milliseconds. */
const REOPEN = 1_500;
/** The server recognises a retry for five minutes. Behind this many milliseconds, look before sending again. */
const RECOGNISED = 4 * 60_000;

/**
 * The chat protocol: who we are, which channel is open, what was seen of each, and what is on its way. It survives any
 * number of connections.
 *
 * @extends {Emitter<Events>}
 */
export class ChatClient extends Emitter {
  /** @type {Identity | undefined} */
  identity;
  /** Signed in on the present connection. */
  ready = false;
  /** The open channel. */
  channel = GENERAL;
  outbox;

  #connection;
  #requests;
  #identities;
  /** How far each channel is known without a gap. @type {Map<string, { seq: number, epoch: number | string | undefined }>} */
  #cursors = new Map();
  /** Nobody is signed in because the user wants it so. */
  #away = false;
  /** Channels that are being read on this connection. @type {Set<string>} */
  #joining = new Set();

  /**
   * @param {import('./connection.js').Connection} connection
   * @param {import('./keep.js').Keep<Identity>} identities
   * @param {import('./keep.js').Keep<Pending[]>} unsent
   */
  constructor(connection, identities, unsent) {
    super();
    this.#connection = connection;
    this.#requests = new Requests(connection);
    this.#identities = identities;
    this.identity = identities.read();
    this.outbox = new Outbox(unsent, (entry) => this.#deliver(entry));
    connection.on('status', (status) => {
      if (status.phase === 'waiting' || status.phase === 'ended') this.#lost();
      if (status.phase === 'ended' && status.code === Close.deleted) this.#leave('deleted');
    });
    connection.on('frame', (frame) => this.#received(frame));
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
   * Asks for a sign of life where the connection may have died unnoticed, after a sleep or a change of network.
   */
  probe() {
    if (this.#connection.status.phase === 'waiting') this.#connection.connect();
    else if (this.ready) this.request('users', { limit: 1 }).catch(() => {});
  }

  /**
   * Opens a channel: what is new in it comes as `page`, then as `message`.
   *
   * @param {string} channel
   */
  open(channel) {
    this.channel = channel;
    if (this.ready) this.#join(channel);
  }

  /**
   * The messages before one, oldest first.
   *
   * @param {string} channel
   * @param {number | undefined} before The newest where it is absent.
   * @returns {Promise<import('./types.js').History>}
   */
  async history(channel, before) {
    const answer = await this.request('channelHistory', {
      recipientUUID: channel,
      ...(before === undefined ? {} : { before }),
      limit: before === undefined ? LONG_PAGE : FIRST_PAGE,
    });
    for (const message of answer.messages) this.#settle(message);
    return answer;
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  signIn(username, password) {
    return this.#enter('signIn', { username, password });
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  signUp(username, password) {
    return this.#enter('signUp', { username, password });
  }

  /** Comes in under a name that the server chooses. */
  signInAsGuest() {
    return this.#enter('signIn', { guest: true });
  }

  /**
   * Gives the guest a name and a password of their own, so that the account can be used elsewhere.
   *
   * @param {string} username
   * @param {string} password
   */
  async keepAccount(username, password) {
    const answer = await this.request('account', { username, password });
    if (this.identity) this.#become({ ...this.identity, guest: false });
    this.#met([user(answer)]);
  }

  /** The access key stops working, here and wherever else it is used. */
  async signOut() {
    await this.request('signOut', {});
    this.#leave('signedOut');
  }

  /** Signs this connection in and asks for everything that the page shows, without waiting in between. */
  async #begin() {
    if (this.#away) return;
    const known = this.identity;
    try {
      if (known) {
        const { userUUID, accessKey } = known;
        const users = this.#requests.send('users', { limit: LONG_PAGE }, { userUUID, userAccessKey: accessKey });
        this.#subscribe();
        this.#listed(await users);
      } else {
        await this.signInAsGuest();
      }
    } catch (error) {
      if (error instanceof Disconnected) return;
      if (!(error instanceof Refused)) throw error;
      if (error.code !== Code.signInNeeded || !known) return this.#connection.abandon();
      this.#leave('signedOut');
      if (known.guest) this.signInAsGuest().catch(() => this.#connection.abandon());
    }
  }

  /**
   * @param {string} type
   * @param {{ username?: string, password?: string, guest?: boolean }} payload
   */
  async #enter(type, payload) {
    /** @type {import('./types.js').Authorized} */
    const { userUUID, accessKey, username = payload.username?.trim() ?? '' } = await this.request(type, payload);
    this.#lost();
    this.#away = false;
    this.#cursors.clear();
    this.channel = GENERAL;
    this.#become({ userUUID, accessKey, username, guest: payload.guest === true });
    const users = this.request('users', { limit: LONG_PAGE });
    this.#subscribe();
    this.#listed(await users);
  }

  /** What follows a sign-in. */
  #subscribe() {
    this.#requests.send('watch', { all: true, recipientUUIDs: [GENERAL] }).catch(ignoreRefusal);
    this.#join(this.channel);
  }

  /** @param {import('./types.js').Users} users */
  #listed(users) {
    this.#connection.proven();
    this.#met(users.users);
    if (this.ready || !this.identity) return;
    this.ready = true;
    this.emit('ready', true);
  }

  /**
   * Reads what is new in a channel, page by page, and is joined from then on.
   *
   * @param {string} channel
   */
  async #join(channel) {
    const joining = this.#joining;
    if (joining.has(channel)) return;
    joining.add(channel);
    try {
      let more = true;
      while (more && this.channel === channel) more = await this.#page(channel);
      if (this.channel === channel && this.identity) this.outbox.resume(this.identity.userUUID);
    } catch (error) {
      ignoreRefusal(error);
      if (error instanceof Refused) this.#unopened(channel, error);
    } finally {
      joining.delete(channel);
    }
  }

  /**
   * @param {string} channel
   * @param {Refused} refusal
   */
  #unopened(channel, { code, message }) {
    if (code === Code.unavailable || code === Code.tooManyRequests) {
      setTimeout(() => this.ready && this.channel === channel && this.#join(channel), REOPEN * (0.5 + Math.random()));
    } else if (code !== Code.signInNeeded) {
      this.emit('closed', { channel, reason: message });
    }
  }

  /** @param {string} channel */
  async #page(channel) {
    const cursor = this.#cursors.get(channel);
    /** @type {import('./types.js').Joined} */
    const joined = await this.request('channelJoin', {
      recipientUUID: channel,
      ...(cursor ? { after: cursor.seq, epoch: cursor.epoch, limit: LONG_PAGE } : { limit: FIRST_PAGE }),
    });
    const replace = !cursor || joined.reset === true || joined.epoch !== cursor.epoch;
    const last = joined.messages.at(-1)?.Seq ?? 0;
    const known = replace ? last || (joined.seq ?? 0) : Math.max(last, cursor.seq, this.#cursors.get(channel)?.seq ?? 0);
    this.#cursors.set(channel, { seq: known, epoch: joined.epoch });
    for (const message of joined.messages) this.#settle(message);
    this.emit('page', { channel, messages: joined.messages, users: joined.users ?? [], replace });
    return !replace && joined.more === true && last > cursor.seq;
  }

  /** @param {import('./types.js').Frame} frame */
  #received(frame) {
    this.#requests.answered(frame);
    const body = frame[frame.type];
    switch (frame.type) {
      case 'ready':
        return void this.#begin();
      case 'signOut':
        return this.#signedOut(body);
      case 'sys':
        return this.#news(frame);
      case 'channelMessage':
        return this.#message(body);
      case 'messageChanged':
        return this.emit('changed', { channel: this.#channelOf(body.SenderUUID, body.RecipientUUID), message: body });
      case 'reacted':
        return this.emit('reacted', { ...body, channel: this.#channelOf(body.user.UUID, body.recipientUUID) });
      case 'typing':
        return this.emit('typing', { channel: this.#channelOf(body.user.UUID, body.recipientUUID), user: body.user });
      case 'channelReset':
        return this.#reset(body.recipientUUID);
      case 'presence':
      case 'userChanged':
        return this.#met([user(body)]);
      case 'unread':
        return this.emit('unread', body.channels);
    }
  }

  /** @param {import('./types.js').Frame} frame */
  #news(frame) {
    const { signIn } = frame.sys;
    const newcomer = signIn ? { UUID: signIn.uuid, Username: signIn.username, OnLine: true } : frame.user;
    if (newcomer && newcomer.UUID !== this.identity?.userUUID) this.emit('arrived', newcomer);
  }

  /** @param {User[]} users */
  #met(users) {
    const own = users.find(({ UUID }) => UUID === this.identity?.userUUID);
    if (this.identity && own && own.Username !== this.identity.username) {
      this.#become({ ...this.identity, username: own.Username });
    }
    this.emit('users', users);
  }

  /** @param {Message} message */
  #message(message) {
    const channel = this.#channelOf(message.SenderUUID, message.RecipientUUID);
    const cursor = this.#cursors.get(channel);
    if (cursor && message.Seq === cursor.seq + 1) cursor.seq = message.Seq;
    else if (cursor && message.Seq > cursor.seq && channel === this.channel) this.#join(channel);
    this.#settle(message);
    this.emit('message', { channel, message });
  }

  /** @param {Message} message */
  #settle(message) {
    if (!message.clientID || message.SenderUUID !== this.identity?.userUUID) return;
    this.#requests.settle(message.clientID);
    this.outbox.settle(message.clientID);
  }

  /**
   * The log begins anew.
   *
   * @param {string} channel
   */
  #reset(channel) {
    this.#cursors.delete(channel);
    // A page that was asked for before this may be of the old log: it is replaced by the one asked for now.
    this.#joining.delete(channel);
    if (channel === this.channel) this.#join(channel);
  }

  /** @param {{ uuid?: string } | undefined} body */
  #signedOut(body) {
    if (this.identity && (!body?.uuid || body.uuid === this.identity.userUUID)) this.#leave('signedOut');
  }

  /** @param {'signedOut' | 'deleted'} left */
  #leave(left) {
    if (!this.identity) return;
    this.#away = true;
    this.#lost();
    this.#cursors.clear();
    this.#become(undefined, left);
  }

  #lost() {
    this.#requests.abandon();
    this.#joining = new Set();
    this.outbox.pause();
    if (!this.ready) return;
    this.ready = false;
    this.emit('ready', false);
  }

  /**
   * @param {Identity | undefined} identity
   * @param {'signedOut' | 'deleted'} [left]
   */
  #become(identity, left) {
    this.identity = identity;
    this.#identities.write(identity);
    this.emit('identity', left ? { identity, left } : { identity });
  }

  /** @param {Pending} entry */
  async #deliver({ clientID, channel, text, createdAt, triedAt }) {
    if (triedAt !== undefined && Date.now() - triedAt > RECOGNISED && (await this.#stored(clientID, channel, createdAt))) return;
    await this.#requests.send('channelMessage', { recipientUUID: channel, message: text, clientID }, {}, clientID);
  }

  /**
   * Whether a message is in its channel's history, back to when it was written (give or take a minute of clocks).
   *
   * @param {string} clientID
   * @param {string} channel
   * @param {number} createdAt
   */
  async #stored(clientID, channel, createdAt) {
    /** @type {number | undefined} */
    let before;
    for (;;) {
      const { messages, more } = await this.history(channel, before);
      if (messages.some((message) => message.clientID === clientID)) return true;
      const oldest = messages[0];
      if (!oldest || more === false || Date.parse(oldest.CreatedAt) < createdAt - 60_000) return false;
      before = oldest.Seq;
    }
  }

  /**
   * A direct channel is named by its far end.
   *
   * @param {string} sender
   * @param {string} recipient
   */
  #channelOf(sender, recipient) {
    return recipient === this.identity?.userUUID ? sender : recipient;
  }
}

/**
 * A user, alone or wrapped.
 *
 * @param {User & { User?: User, user?: User }} body
 * @returns {User}
 */
function user(body) {
  return body.User ?? body.user ?? body;
}

/**
 * For requests that are made again on the next occasion anyway.
 *
 * @param {unknown} error
 */
function ignoreRefusal(error) {
  if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
}
