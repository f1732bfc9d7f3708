import { Connection } from './connection.js';
import { Emitter } from './emitter.js';

/**
 * The server said no. `kind` is one of docs/protocols/lobby.md: `noRoomFound`, `roomFull`, `hostDisconnected`, `notHost` and so on.
 */
export class LobbyError extends Error {
  /**
   * @param {string} kind
   * @param {string} words
   */
  constructor(kind, words) {
    super(words);
    this.kind = kind;
  }
}

/**
 * `role`: this client is in a room, as its host or a guest, for the first time, again, or because the host has changed; guests signal
 * anew then. `offer`, `answer`, `candidate`: signals, from whom where that is not the host. `guest`, `host`: what became of somebody.
 *
 * @typedef {object} LobbyEvents
 * @property {{ isHost: boolean, hostId?: string, term: number, guests: string[], reconnected: boolean, migrated: boolean }} role
 * @property {{ client: string, signal: unknown }} offer For the host.
 * @property {{ signal: unknown }} answer For a guest.
 * @property {{ client?: string, signal: unknown }} candidate
 * @property {{ client: string, is: 'away' | 'back' | 'gone' }} guest
 * @property {{ is: 'away' | 'back' }} host
 * @property {{ version: number, state: any }} snapshot For whoever becomes host or comes back as host.
 * @property {number} saved The version of a snapshot that is kept now.
 * @property {LobbyError} refused Something that nobody waits for.
 * @property {undefined} closed The room is no more.
 * @property {import('./connection.js').Status} status
 */

/**
 * A client of rooms with codes: one is the host, the others are its guests (docs/protocols/lobby.md). It comes back by itself as the same
 * client, through whichever node. It knows nothing of WebRTC: signals are any JSON.
 *
 * @extends {Emitter<LobbyEvents>}
 */
export class Lobby extends Emitter {
  /** Who this is; the same for as long as the room lives. @type {string | undefined} */
  id;
  /** The room's code. @type {string | undefined} */
  code;
  isHost = false;
  /** By which this is the same client again: for a page that is loaded anew. @type {string | undefined} */
  token;

  #connection;
  /** Whether the server has said on this connection who this is. */
  #isKnown = false;
  #term = 0;
  /** The room that was asked for last. @type {string | undefined} */
  #wanted;
  /** Who waits for the answer to `createRoom` or `joinRoom`. @type {{ resolve: (answer: any) => void, reject: (error: Error) => void } | undefined} */
  #waiting;
  /** Who waits for a connection. @type {(() => void)[]} */
  #beginning = [];

  /**
   * @param {string} url As `wss://rialto.example/lobby/ws`.
   * @param {string} [token] That of an earlier client, to be it again and where it was.
   */
  constructor(url, token) {
    super();
    this.token = token;
    this.#connection = new Connection(() => {
      const address = new URL(url);
      if (this.token) address.searchParams.set('token', this.token);
      return address.href;
    });
    this.#connection.on('status', (status) => {
      if (status.phase !== 'open') this.#isKnown = false;
      if (status.phase === 'waiting') this.#fail(new LobbyError('disconnected', 'The connection was lost.'));
      this.emit('status', status);
    });
    this.#connection.on('frame', (frame) => this.#received(frame));
  }

  /** Connects, unless it is. @returns {Promise<void>} Resolves once the server has said on this connection who this is. */
  connect() {
    this.#connection.connect();
    return this.#isKnown ? Promise.resolve() : new Promise((resolve) => this.#beginning.push(resolve));
  }

  /** Leaves: for good, once the grace of a drop is over. */
  close() {
    this.#connection.close();
  }

  /**
   * Opens a room with this client as its host. `graceSeconds`: how long it waits for a client that dropped, the host too, before that loses its
   * place; not longer than the server lets any room wait.
   *
   * @param {{ name?: string, maxGuests?: number, public?: boolean, graceSeconds?: number, metadata?: unknown }} [room]
   * @returns {Promise<string>} Its code.
   */
  async create(room = {}) {
    const { roomCode } = await this.#ask('createRoom', room);
    this.code = roomCode;
    this.#become({ isHost: true });
    return roomCode;
  }

  /**
   * Comes into a room; a client that its token has led back there is what it was.
   *
   * @param {string} code
   * @param {{ canHost?: boolean }} [options] Whether this client may become the host when the present one is gone.
   */
  async join(code, { canHost = true } = {}) {
    this.#wanted = code;
    const { clientIsHost, reconnected } = await this.#ask('joinRoom', { roomCode: code, canHost });
    this.code = code;
    this.#become({ isHost: clientIsHost, reconnected });
  }

  /** @param {unknown} signal A guest's, for the host. */
  offer(signal) {
    this.#send('guestOfferSignal', { offerSignal: signal });
  }

  /**
   * The host's, for a guest.
   *
   * @param {string} client
   * @param {unknown} signal
   */
  answer(client, signal) {
    this.#send('hostAnswerSignal', { answerSignal: signal, clientId: client });
  }

  /**
   * @param {unknown} signal
   * @param {string} [client] The guest it is for; a guest's are for the host.
   */
  candidate(signal, client) {
    if (client === undefined) this.#send('guestCandidateSignal', { candidateSignal: signal });
    else this.#send('hostCandidateSignal', { candidateSignal: signal, clientId: client });
  }

  /**
   * Has the server keep the host's state, for whoever is host next.
   *
   * @param {number} version Higher than any before.
   * @param {unknown} state
   */
  saveSnapshot(version, state) {
    this.#send('saveSnapshot', { version, state });
  }

  /** @param {string} client A guest that has to go. */
  kick(client) {
    this.#send('kickGuest', { clientId: client });
  }

  closeRoom() {
    this.#send('closeRoom');
  }

  /**
   * @param {string} type
   * @param {unknown} [data]
   */
  #send(type, data) {
    this.#connection.send(data === undefined ? { type } : { type, data });
  }

  /**
   * @param {string} type
   * @param {unknown} data
   * @returns {Promise<any>}
   */
  #ask(type, data) {
    this.#fail(new LobbyError('superseded', 'Another request took its place.'));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#send(type, data);
    });
  }

  /** @param {import('./types.js').Frame} frame */
  #received({ type, data = {}, ...rest }) {
    switch (type) {
      case 'identity':
        this.#connection.proven();
        [this.id, this.token] = [data.clientId, data.token];
        this.#isKnown = true;
        for (const begun of this.#beginning.splice(0)) begun();
        return;
      case 'roomCreated':
        return this.#answered(data);
      case 'roomJoined':
        if (this.#answered(data)) return;
        // The connection broke, or the server had no answer at first: the client is in after all.
        this.code ??= this.#wanted;
        return this.#become({ isHost: data.clientIsHost, reconnected: data.reconnected });
      case 'hostMigrated':
        this.#term = data.term;
        return this.#become({ isHost: data.clientIsHost, hostId: data.hostId, guests: data.guests, migrated: true });
      case 'guestOfferSignal':
        return this.emit('offer', { client: data.clientId, signal: data.offerSignal });
      case 'hostAnswerSignal':
        return this.emit('answer', { signal: data.answerSignal });
      case 'guestCandidateSignal':
      case 'hostCandidateSignal':
        return this.emit('candidate', { client: data.clientId, signal: data.candidateSignal });
      case 'guestDisconnected':
      case 'guestReconnected':
      case 'guestLeft':
        return this.emit('guest', { client: data.clientId, is: type === 'guestLeft' ? 'gone' : type === 'guestReconnected' ? 'back' : 'away' });
      case 'hostDisconnected':
      case 'hostReconnected':
        return this.emit('host', { is: type === 'hostReconnected' ? 'back' : 'away' });
      case 'snapshot':
        return this.emit('snapshot', data);
      case 'snapshotSaved':
        return this.emit('saved', data.version);
      case 'roomClosed':
        this.code = this.#wanted = undefined;
        return this.emit('closed', undefined);
      case 'error': {
        const error = new LobbyError(rest['errorType'], rest['errorMessage']);
        // The server does not want this client back.
        if (error.kind === 'kicked') this.close();
        if (!this.#fail(error)) this.emit('refused', error);
      }
    }
  }

  /** @param {{ isHost: boolean, hostId?: string, guests?: string[], reconnected?: boolean, migrated?: boolean }} role */
  #become({ isHost, hostId, guests = [], reconnected = false, migrated = false }) {
    this.isHost = isHost;
    this.emit('role', { isHost, hostId, term: this.#term, guests, reconnected, migrated });
  }

  /** @param {unknown} answer */
  #answered(answer) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
    return waiting !== undefined;
  }

  /** @param {LobbyError} error */
  #fail(error) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
    return waiting !== undefined;
  }
}
