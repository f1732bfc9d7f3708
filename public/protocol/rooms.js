import { Connection } from './connection.js';
import { Emitter } from './emitter.js';

/** The server's address, and everybody's in the room. */
const SERVER = 'ground control';
const EVERYBODY = 'room';
/** For how long a sign of life is waited for, in milliseconds. */
const IMPATIENT = 5_000;

/**
 * A room cannot be seen, made or entered: `status` is what HTTP says. 0: the server cannot be reached; 401: a password is wanted; 404: no
 * such room; 409: the name is taken; 418: it is full; 429: too many attempts, and not before `retryAfter` milliseconds another one.
 */
export class RoomError extends Error {
  /**
   * @param {number} status
   * @param {string} words
   * @param {number} [retryAfter]
   */
  constructor(status, words, retryAfter) {
    super(words);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * A room as the list has it. `guest_limit`: 0 where there is none.
 *
 * @typedef {{ room_id: string, name: string, guests: number, guest_limit: number, minutes_idle: number, protected: boolean, public: boolean }} ListedRoom
 */

/**
 * `id`: who this is. `people`: everybody in the room, whenever that changes. `signal`: an offer, answer or candidate of somebody. `left`:
 * somebody said good-bye to us. `refused`: what was sent could not be done.
 *
 * @typedef {object} RoomEvents
 * @property {string} id
 * @property {{ id: string, username: string }[]} people
 * @property {{ sender: string, from: string, time: string, text: string, toEverybody: boolean }} text
 * @property {{ sender: string, type: 'offer' | 'answer' | 'icecandidate', data: unknown }} signal
 * @property {string} left
 * @property {unknown[]} iceServers
 * @property {string} refused
 * @property {import('./connection.js').Status} status
 */

/**
 * A client in a named room (docs/protocols/rooms.md): who is there, texts, and letters to one another. It knows nothing of WebRTC: what is
 * signaled may be any JSON.
 *
 * @extends {Emitter<RoomEvents>}
 */
export class Room extends Emitter {
  /** @type {string | undefined} */
  id;
  #connection;
  /** We know who we are on the present connection. */
  #introduced = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;

  /**
   * @param {string} origin As `https://rialto.example`.
   * @param {{ name: string, password?: string, public?: boolean, guestLimit?: number }} room
   * @returns {Promise<string>} The slug, which is the room's name in addresses.
   */
  static async make(origin, { name, password, public: isPublic = false, guestLimit = 0 }) {
    const { room_id: slug } = await ask(new URL('/room', origin), { name, password, public: isPublic, guest_limit: guestLimit });
    return slug;
  }

  /**
   * @param {string} origin
   * @returns {Promise<ListedRoom[]>} Those for everybody, last used first.
   */
  static async list(origin) {
    const { rooms } = await ask(new URL('/public', origin));
    return rooms;
  }

  /**
   * What there is to be known of a room before one is in it.
   *
   * @param {string} origin
   * @param {string} slug
   * @param {string} [token] Where one was let in before; the browser's cookie may be another's, or gone.
   * @returns {Promise<ListedRoom & { admitted: boolean }>} `admitted`: no password has to be asked for.
   */
  static look(origin, slug, token) {
    const address = new URL(`/room/${encodeURIComponent(slug)}`, origin);
    if (token !== undefined) address.searchParams.set('token', token);
    return ask(address);
  }

  /**
   * Comes in. {@link connect} is still to be called.
   *
   * @param {string} origin
   * @param {string} slug
   * @param {string} [password] None is needed where the room has none, or where this browser was let in before.
   */
  static async enter(origin, slug, password = '') {
    const { token } = await ask(new URL(`/room/${encodeURIComponent(slug)}/join`, origin), { password });
    const address = new URL(`/room/${encodeURIComponent(slug)}/ws`, origin.replace(/^http/, 'ws'));
    address.searchParams.set('token', token);
    return new Room(address.href, token);
  }

  /**
   * @param {string} url The room's WebSocket, with its token.
   * @param {string} [token] The same, for calls in this room (`callJoin` of the chat protocol).
   */
  constructor(url, token = '') {
    super();
    this.token = token;
    this.#connection = new Connection(url);
    this.#connection.on('status', (status) => {
      // Nobody hears of the room before they know who they are.
      this.#introduced = false;
      clearTimeout(this.#silence);
      if (status.phase === 'open') this.#send(SERVER, 'ping', null);
      this.emit('status', status);
    });
    this.#connection.on('frame', (frame) => {
      clearTimeout(this.#silence);
      this.#received(/** @type {any} */ (frame));
    });
  }

  connect() {
    this.#connection.connect();
  }

  /** Makes sure of the connection where it may have died unnoticed, or tries at once to get it back. */
  probe() {
    const { phase } = this.#connection.status;
    if (phase === 'waiting') this.#connection.connect();
    if (phase !== 'open') return;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#connection.abandon(), IMPATIENT);
    this.#send(SERVER, 'ping', null);
  }

  /** Says good-bye. */
  leave() {
    this.#send(SERVER, 'bye', null);
    this.#connection.close();
  }

  /** @param {string} username What the others see. */
  rename(username) {
    this.#send(SERVER, 'profile', { username });
  }

  /** Asks for `iceServers`. */
  askForIceServers() {
    this.#send(SERVER, 'get-ice-servers', null);
  }

  /**
   * @param {string} from The author's name.
   * @param {string} text
   * @param {string} [to] One client; else everybody.
   */
  say(from, text, to = EVERYBODY) {
    this.#send(to, 'text', { from, time: new Date().toISOString(), text });
  }

  /**
   * @param {string} to
   * @param {'offer' | 'answer' | 'icecandidate' | 'bye'} type
   * @param {unknown} data
   */
  signal(to, type, data) {
    this.#send(to, type, data);
  }

  /**
   * @param {string} receiver
   * @param {string} type
   * @param {unknown} data
   */
  #send(receiver, type, data) {
    this.#connection.send({ receiver, type, data });
  }

  /** @param {{ sender: string, receiver: string, type: string, data: any }} message */
  #received({ sender, receiver, type, data }) {
    switch (type) {
      case 'pong':
        // An answer to a later one says nothing new.
        if (this.#introduced) return;
        this.#introduced = true;
        this.#connection.proven();
        this.id = receiver;
        return this.emit('id', receiver);
      case 'ping':
        return this.#send(SERVER, 'pong', data);
      case 'room-info':
        return this.emit('people', data.clients);
      case 'ice-servers':
        return this.emit('iceServers', data);
      case 'text':
        return this.emit('text', { sender, ...data, toEverybody: receiver === EVERYBODY });
      case 'offer':
      case 'answer':
      case 'icecandidate':
        return this.emit('signal', { sender, type, data });
      case 'bye':
        if (sender !== SERVER) this.emit('left', sender);
        return;
      case 'error':
        this.emit('refused', String(data));
    }
  }
}

/**
 * @param {URL} address
 * @param {unknown} [body] Is posted, if there is one.
 * @returns {Promise<any>}
 */
async function ask(address, body) {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const request = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(address, request).catch(() => undefined);
  const told = await answer?.json().catch(() => undefined);
  // What comes from in between, as from a proxy, is no answer; nor is one of which the end is missing.
  if (!answer || (answer.ok && !told)) throw new RoomError(0, 'The server cannot be reached');
  if (answer.ok) return told;
  const after = Number(answer.headers.get('retry-after') ?? undefined);
  throw new RoomError(answer.status, words(told), Number.isFinite(after) ? after * 1000 : undefined);
}

/**
 * Why not, in the server's words; a proxy's are not for people.
 *
 * @param {any} told
 */
function words(told) {
  const error = told?.error;
  return typeof error === 'string' ? error : 'The server cannot be reached';
}
