import { Connection } from './connection.js';
import { Emitter } from './emitter.js';

/**
 * What the server tells (docs/protocols/stage.md, where each event stands with what it carries), under the event's own name; these, with
 * types, and every other as `event`. `ask`: a question, as `credentials`.
 *
 * @typedef {{ text: string, from_user_name: string, from_user_id: number, user_verified: boolean, to_user_id?: number }} UserMessage
 *
 * @typedef {object} StageEvents
 * @property {string} room The room's number, which is its address.
 * @property {{ name: string, id: number, access_token: string }} user Who this is now.
 * @property {{ room_id: number, chat_log: UserMessage[], visitors: { id: number, name: string }[] }} joined
 * @property {UserMessage} message
 * @property {{ type: 'offer', sdp: string }} offer To be answered with {@link Stage.answer}, on one connection for good.
 * @property {unknown} candidate
 * @property {string} ask
 * @property {{ status_code: number, message: string }} refused
 * @property {{ event: string, data: any }} event
 * @property {import('./connection.js').Status} status
 */

/**
 * A visitor of a numbered room, its chat and its call. Makes the room where none is given, and comes back to it by itself.
 *
 * @extends {Emitter<StageEvents>}
 */
export class Stage extends Emitter {
  /** @type {string | undefined} */
  room;
  #connection;
  #token;

  /**
   * @param {string} url As `wss://rialto.example/stage/ws`.
   * @param {{ room?: string, token?: string }} [options] A room's number; an access token, to be the same user as before.
   */
  constructor(url, { room, token = '' } = {}) {
    super();
    this.room = room;
    this.#token = token;
    this.#connection = new Connection(() => {
      const address = new URL(url);
      if (this.room !== undefined) address.searchParams.set('room', this.room);
      return address.href;
    });
    this.#connection.on('status', (status) => this.emit('status', status));
    this.#connection.on('frame', ({ type, data }) => (type === 'question' ? this.#asked(data.ask) : this.#told(data)));
  }

  connect() {
    this.#connection.connect();
  }

  close() {
    this.#connection.close();
  }

  /**
   * A work order.
   *
   * @param {string} order
   * @param {unknown} [details]
   */
  order(order, details = null) {
    this.#connection.send({ order, details });
  }

  /**
   * @param {string} text
   * @param {number} [to] One visitor; else everybody.
   */
  say(text, to) {
    this.order('user_message', to === undefined ? { text } : { text, toUserID: to });
  }

  /**
   * Asks for a place in the call: an `offer` comes.
   *
   * @param {{ audio: boolean, video: boolean }} publishes
   */
  call(publishes) {
    this.order('media_request', publishes);
  }

  /** @param {unknown} answer An RTCSessionDescriptionInit. */
  answer(answer) {
    this.order('answer', JSON.stringify(answer));
  }

  /** @param {unknown} candidate An RTCIceCandidateInit. */
  candidate(candidate) {
    this.order('candidate', JSON.stringify(candidate));
  }

  /** @param {string} question */
  #asked(question) {
    if (question === 'access_token') this.order('validate_access_token', this.#token);
    else this.emit('ask', question);
  }

  /** @param {{ event: string, data: any }} told */
  #told({ event, data }) {
    switch (event) {
      case 'created_room':
        this.room = String(data);
        // The server ends this connection; the next one is in the room.
        this.#connection.renew();
        return this.emit('room', this.room);
      case 'joined_room':
        this.#connection.proven();
        return this.emit('joined', data);
      case 'user_logged_in':
        this.#token = data.access_token;
        return this.emit('user', data);
      case 'user_message':
        return this.emit('message', data);
      case 'offer':
        return this.emit('offer', JSON.parse(data));
      case 'candidate':
        return this.emit('candidate', JSON.parse(data));
      case 'error':
        return this.emit('refused', data);
      default:
        this.emit('event', { event, data });
    }
  }
}
