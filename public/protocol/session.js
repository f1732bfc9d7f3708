import { Emitter } from './emitter.js';
import { Code, Disconnected, LISTED, Refused } from './types.js';

/** @typedef {import('./types.js').User} User */

/**
 * An account as this browser keeps it.
 *
 * @typedef {{ userUUID: string, accessKey: string, username: string, guest: boolean }} Identity
 */

/**
 * Why an account is used no more. A guest whom the server has forgotten becomes another guest; otherwise the user is asked.
 *
 * @typedef {'signedOut' | 'deleted' | 'forgotten'} Left
 */

/**
 * `void`: what was asked or is being sent no longer counts, another user takes over or nobody. `entered`: whatever needs a
 * user may be asked for, behind the sign-in. `ready`: the server confirmed it. `users`: some of those who are here.
 *
 * @typedef {object} Events
 * @property {{ identity: Identity | undefined, left?: Left }} identity
 * @property {undefined} void
 * @property {undefined} entered
 * @property {boolean} ready
 * @property {User[]} users
 */

/**
 * Who we are: signs every new connection in, as the user whom this browser keeps or else as a guest.
 *
 * @extends {Emitter<Events>}
 */
export class Session extends Emitter {
  /** @type {Identity | undefined} */
  identity;
  /** Signed in on the present connection. */
  ready = false;
  /** Whether somebody should be signed in: not after the user has signed out. */
  wanted = true;

  #connection;
  #requests;
  #identities;

  /**
   * @param {import('./connection.js').Connection} connection
   * @param {import('./requests.js').Requests} requests
   * @param {import('./keep.js').Keep<Identity>} identities
   */
  constructor(connection, requests, identities) {
    super();
    this.#connection = connection;
    this.#requests = requests;
    this.#identities = identities;
    this.identity = identities.read();
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

  /** Comes in under a name that the server chooses; where there is no connection, as soon as there is one. */
  async signInAsGuest() {
    try {
      await this.#enter('signIn', { guest: true });
    } catch (error) {
      if (error instanceof Disconnected && !this.identity) this.wanted = true;
      throw error;
    }
  }

  /**
   * Changes the name or the password. With a password the account can be used elsewhere: it is a guest's no more.
   *
   * @param {{ username?: string, password?: string }} change
   */
  async change(change) {
    const answer = await this.#requests.send('account', change);
    if (change.password !== undefined) this.#amend({ username: answer.Username, guest: false });
    this.emit('users', [answer]);
  }

  /** The access key stops working, here and wherever else it is used. */
  async signOut() {
    await this.#requests.send('signOut', {});
    this.leave('signedOut');
  }

  /**
   * Signs the connection in and asks for everything that the page shows: at once, or behind the answer where there may be none.
   *
   * @param {{ carefully?: boolean }} [how]
   */
  async begin({ carefully = false } = {}) {
    if (!this.wanted) return;
    const known = this.identity;
    try {
      if (!known) return await this.signInAsGuest();
      const { userUUID, accessKey } = known;
      const header = { userUUID, userAccessKey: accessKey };
      const users = this.#requests.send('users', { limit: LISTED }, { header });
      if (!carefully) this.emit('entered', undefined);
      this.#listed(await users);
      if (carefully) this.emit('entered', undefined);
    } catch (error) {
      if (error instanceof Disconnected) return;
      if (!(error instanceof Refused)) throw error;
      if (error.code === Code.unavailable) return;
      if (error.code !== Code.signInNeeded || !known) return this.#connection.abandon();
      this.leave(known.guest ? 'forgotten' : 'signedOut');
    }
  }

  /** The connection is gone. */
  lost() {
    if (!this.ready) return;
    this.ready = false;
    this.emit('ready', false);
  }

  /**
   * The account cannot be used here any more.
   *
   * @param {Left} left
   * @returns {void}
   */
  leave(left) {
    if (!this.identity) return;
    const kept = this.#identities.read();
    // Another window was told before this one, and has gone on as somebody else.
    if (kept && kept.accessKey !== this.identity.accessKey) return this.refresh();
    this.wanted = left === 'forgotten';
    this.emit('void', undefined);
    this.#become(undefined, left);
    this.begin();
  }

  /**
   * Does as another window of this browser did: all of them are the same user.
   *
   * @returns {void}
   */
  refresh() {
    const kept = this.#identities.read();
    if (!kept) return this.leave('signedOut');
    if (kept.accessKey === this.identity?.accessKey) {
      // Of a name each window hears from the server, in order; what another window has written of it may be older.
      if (this.identity.guest && !kept.guest) this.#be({ ...this.identity, guest: false });
      return;
    }
    this.wanted = true;
    this.emit('void', undefined);
    this.#be(kept);
    this.#connection.renew();
  }

  /**
   * Somebody is called something now; it may be us.
   *
   * @param {User[]} users
   */
  recognise(users) {
    const { identity } = this;
    const own = users.find(({ UUID }) => UUID === identity?.userUUID);
    if (!identity || !own || own.Username === identity.username) return;
    // The name that a guest was given stays until there is a password.
    this.#amend({ username: own.Username, guest: false });
  }

  /**
   * @param {string} type
   * @param {{ username?: string, password?: string, guest?: boolean }} payload
   */
  async #enter(type, payload) {
    /** @type {import('./types.js').Authorized} */
    const { userUUID, accessKey, username = payload.username?.trim() ?? '' } = await this.#requests.send(type, payload);
    this.emit('void', undefined);
    this.wanted = true;
    this.#become({ userUUID, accessKey, username, guest: payload.guest === true });
    const users = this.#requests.send('users', { limit: LISTED });
    this.emit('entered', undefined);
    this.#listed(await users);
  }

  /** @param {import('./types.js').Users} users */
  #listed({ users }) {
    this.#connection.proven();
    this.emit('users', users);
    if (this.ready || !this.identity) return;
    this.ready = true;
    this.emit('ready', true);
  }

  /**
   * The same user, called otherwise or a guest no more.
   *
   * @param {{ username: string, guest: boolean }} change
   */
  #amend(change) {
    if (!this.identity) return;
    const identity = { ...this.identity, ...change };
    // Where another window is somebody else already, so will this one be.
    if (this.#identities.read()?.accessKey === identity.accessKey) this.#identities.write(identity);
    this.#be(identity);
  }

  /**
   * @param {Identity | undefined} identity
   * @param {Left} [left]
   */
  #become(identity, left) {
    this.#identities.write(identity);
    this.#be(identity, left);
  }

  /**
   * As {@link Session.#become}, when what is kept for other windows says so already.
   *
   * @param {Identity | undefined} identity
   * @param {Left} [left]
   */
  #be(identity, left) {
    this.identity = identity;
    this.emit('identity', left ? { identity, left } : { identity });
  }
}
