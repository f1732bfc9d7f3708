import { backoff } from '../protocol/backoff.js';
import { Emitter } from '../protocol/emitter.js';
import { Room, RoomError } from '../protocol/rooms.js';

/**
 * How a visit stands. `looking`: for what the room is. `asking`: for its password. `missing`: there is no such room. `full`: it takes nobody
 * else at present. `away`: the server cannot be reached, or wants patience. `coming`: let in, and not there yet. `in`; `left`.
 *
 * @typedef {'looking' | 'asking' | 'missing' | 'full' | 'away' | 'coming' | 'in' | 'left'} Standing
 */

/**
 * Being at a room with a page of its own: before its door, then in it, as a guest whom every client of the rooms protocol sees.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class RoomVisit extends Emitter {
  slug;
  /** @type {Standing} */
  standing = 'looking';
  /** What there is to be known of the room. @type {import('../protocol/rooms.js').ListedRoom | undefined} */
  room;
  /** Everybody who is in it. @type {{ id: string, username: string }[]} */
  guests = [];
  /** Something is being asked of the server. */
  busy = false;
  /** Why the last attempt came to nothing. */
  problem = '';
  /** Another attempt is of no use before this moment, in milliseconds since 1970. */
  until = 0;

  #origin;
  /** Attempts in a row that the server did not answer. */
  #unanswered = 0;
  /** Connected: the others see us. */
  #isThere = false;
  /** What the others call us. @type {string | undefined} */
  #name;
  /** @type {Room | undefined} */
  #held;

  /**
   * @param {string} origin
   * @param {string} slug
   */
  constructor(origin, slug) {
    super();
    this.#origin = origin;
    this.slug = slug;
  }

  /** The pass. */
  get token() {
    return this.#held?.token;
  }

  /** What the room is called. */
  get name() {
    return this.room?.name ?? this.slug;
  }

  get isInside() {
    return this.standing === 'coming' || this.standing === 'in';
  }

  /** Those who are there but for ourselves. */
  get others() {
    return this.guests.filter(({ id }) => id !== this.#held?.id);
  }

  /** Looks whether one may come in, and does if so. */
  look() {
    return this.#attempt(async () => {
      const room = await Room.look(this.#origin, this.slug);
      this.room = room;
      if (room.admitted) await this.#enter('');
      else this.standing = 'asking';
    });
  }

  /**
   * Comes in by the password.
   *
   * @param {string} password
   */
  say(password) {
    return this.#attempt(() => this.#enter(password));
  }

  /** Once we are in the room, also after the connection was lost; or once that will not be. */
  async there() {
    while (this.isInside && !this.#isThere) {
      await new Promise((resolve) => {
        const stop = this.on('change', () => (stop(), resolve(undefined)));
      });
    }
  }

  /** @param {string | undefined} name */
  callMe(name) {
    this.#name = name;
    if (name && this.standing === 'in') this.#held?.rename(name);
  }

  /** Makes sure of the connection where it may have died unnoticed. */
  probe() {
    this.#held?.probe();
  }

  leave() {
    if (this.standing === 'left') return;
    this.#out('left');
  }

  /** @param {() => Promise<void>} action */
  async #attempt(action) {
    if (this.busy || this.standing === 'left') return;
    this.busy = true;
    this.problem = '';
    this.emit('change', undefined);
    try {
      await action();
      this.#unanswered = 0;
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.#refused(error);
    } finally {
      this.busy = false;
      this.emit('change', undefined);
    }
  }

  /** @param {string} password */
  async #enter(password) {
    const held = await Room.enter(this.#origin, this.slug, password);
    if (this.standing === 'left') return;
    this.#held = held;
    held.on('id', () => {
      this.standing = 'in';
      this.#isThere = true;
      // Of each connection anew.
      if (this.#name) held.rename(this.#name);
      this.emit('change', undefined);
    });
    held.on('people', (guests) => {
      this.guests = guests;
      this.emit('change', undefined);
    });
    held.on('status', ({ phase }) => {
      if (phase !== 'waiting') return;
      this.#isThere = false;
      this.#doubt(held);
    });
    this.standing = 'coming';
    held.connect();
  }

  /**
   * A connection that is refused does not say why. What will pass is waited for.
   *
   * @param {Room} held
   */
  async #doubt(held) {
    const out = (/** @type {Standing} */ standing) => held === this.#held && this.#out(standing);
    try {
      const { admitted } = await Room.look(this.#origin, this.slug, held.token);
      if (!admitted) out('asking');
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      if (error.status === 404) out('missing');
      if (error.status === 418) out('full');
    }
  }

  /** @param {RoomError} error */
  #refused({ status, message, retryAfter }) {
    const isAtDoor = this.standing === 'asking';
    if (status === 401) {
      this.standing = 'asking';
      this.problem = isAtDoor ? 'That is not the password.' : '';
    } else if (status === 404) this.standing = 'missing';
    else if (status === 418) this.standing = 'full';
    else {
      // Whoever is asked for the password stays there.
      if (!isAtDoor) this.standing = 'away';
      this.problem = `${message}.`.replace(/; try again( later)?\.$/u, '.');
      this.until = Date.now() + (retryAfter ?? backoff(this.#unanswered, Math.random));
      this.#unanswered += 1;
    }
  }

  /** @param {Standing} standing */
  #out(standing) {
    const held = this.#held;
    this.#held = undefined;
    this.guests = [];
    this.standing = standing;
    this.#isThere = false;
    held?.leave();
    this.emit('change', undefined);
  }
}
