import { Emitter } from './emitter.js';
import { Code, Disconnected, Refused } from './types.js';

/** @typedef {import('./types.js').User} User */

/**
 * An account as this browser keeps it.
 *
 * @typedef {{ userUUID: string, accessKey: string, username: string, guest: boolean }} Identity
 */

/**
 * `void`: what was asked or is being sent no longer counts, another user takes over or nobody. `entered`: whatever needs a
 * user may be asked for, behind the sign-in. `ready`: the server confirmed it. `users`: some of those who are here.
 *
 * @typedef {object} Events
 * @property {{ identity: Identity | undefined, left?: 'signedOut' | 'deleted' }} identity
 * @property {undefined} void
 * @property {undefined} entered
 * @property {boolean} ready
 * @property {User[]} users
 */

/** As many users as the server lists at once. */
const LISTED = 200;

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

  #connection;
  #requests;
  #identities;
  /** Nobody is signed in because the user wants it so. */
  #away = false;

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

  /** Comes in under a name that the server chooses. */
  signInAsGuest() {
    return this.#enter('signIn', { guest: true });
  }

  /**
   * Changes the name or the password. With a password the account can be used elsewhere: it is a guest's no more.
   *
   * @param {{ username?: string, password?: string }} change
   */
  async change(change) {
    const answer = await this.#requests.send('account', change);
    if (this.identity && change.password !== undefined) this.#become({ ...this.identity, guest: false });
    this.emit('users', [answer]);
  }

  /** The access key stops working, here and wherever else it is used. */
  async signOut() {
    await this.#requests.send('signOut', {});
    this.leave('signedOut');
  }

  /** Signs the new connection in and asks for everything that the page shows, without waiting in between. */
  async begin() {
    if (this.#away) return;
    const known = this.identity;
    try {
      if (known) {
        const { userUUID, accessKey } = known;
        const users = this.#requests.send('users', { limit: LISTED }, { userUUID, userAccessKey: accessKey });
        this.emit('entered', undefined);
        this.#listed(await users);
      } else {
        await this.signInAsGuest();
      }
    } catch (error) {
      if (error instanceof Disconnected) return;
      if (!(error instanceof Refused)) throw error;
      if (error.code !== Code.signInNeeded || !known) return this.#connection.abandon();
      this.leave('signedOut');
      if (known.guest) this.signInAsGuest().catch(() => this.#connection.abandon());
    }
  }

  /** The connection is gone. */
  lost() {
    if (!this.ready) return;
    this.ready = false;
    this.emit('ready', false);
  }

  /**
   * Nobody is signed in any more, and nobody will be until the user says so.
   *
   * @param {'signedOut' | 'deleted'} left
   */
  leave(left) {
    if (!this.identity) return;
    this.#away = true;
    this.emit('void', undefined);
    this.#become(undefined, left);
  }

  /**
   * Somebody is called something now; it may be us.
   *
   * @param {User[]} users
   */
  recognise(users) {
    const own = users.find(({ UUID }) => UUID === this.identity?.userUUID);
    if (this.identity && own && own.Username !== this.identity.username) {
      this.#become({ ...this.identity, username: own.Username });
    }
  }

  /**
   * @param {string} type
   * @param {{ username?: string, password?: string, guest?: boolean }} payload
   */
  async #enter(type, payload) {
    /** @type {import('./types.js').Authorized} */
    const { userUUID, accessKey, username = payload.username?.trim() ?? '' } = await this.#requests.send(type, payload);
    this.emit('void', undefined);
    this.#away = false;
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
   * @param {Identity | undefined} identity
   * @param {'signedOut' | 'deleted'} [left]
   */
  #become(identity, left) {
    this.identity = identity;
    this.#identities.write(identity);
    this.emit('identity', left ? { identity, left } : { identity });
  }
}
