import { Emitter } from '../protocol/emitter.js';
import { LISTED, ignoreRefusal } from '../protocol/types.js';

/** @typedef {import('../protocol/types.js').User} User */
/** @typedef {import('../protocol/types.js').Users} Users */

/**
 * Everybody there is, or everybody of a name, to be looked through: those who are here first, then page by page in the order in
 * which the accounts were made. Where one page holds them all, they are in the order of their names, always up to date.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Directory extends Emitter {
  /** How many there are in all, if the server told. @type {number | undefined} */
  total;
  /** Whether there may be others. */
  hasMore = false;

  #client;
  #people;
  #query = '';
  /** Grows with each search: what an older one still finds is not wanted. */
  #round = 0;
  #loading = false;
  /** One page did not hold them all. */
  #crowded = false;
  /** Those whom the server named, in its order. @type {Set<string>} */
  #found = new Set();
  /** The last one of the page before; pages of the accounts' order begin with nobody. */
  #after = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {import('./people.js').People} people
   */
  constructor(client, people) {
    super();
    this.#client = client;
    this.#people = people;
    people.on('change', () => this.emit('change', undefined));
  }

  /** @returns {User[]} */
  list() {
    const known = this.#crowded ? [] : this.#people.list(this.#query);
    const listed = new Set(known.map(({ UUID }) => UUID));
    const others = [...this.#found].filter((uuid) => !listed.has(uuid)).map((uuid) => this.#people.find(uuid));
    return [...known, ...others.filter((user) => user !== undefined)];
  }

  /**
   * Shows at once who is known, and soon whom the server knows.
   *
   * @param {string} query A part of a name; nothing for everybody.
   * @param {number} [delay] Before the server is asked, in milliseconds.
   */
  seek(query, delay = 0) {
    clearTimeout(this.#timer);
    this.#round += 1;
    this.#query = query.trim();
    this.#found.clear();
    this.#after = '';
    this.#loading = false;
    this.#crowded = false;
    this.hasMore = false;
    this.emit('change', undefined);
    this.#timer = setTimeout(() => this.#load({}), delay);
  }

  /** Asks for the next page, if there is one and it was not asked for. */
  async more() {
    const { size } = this.#found;
    const round = this.#round;
    // A page of those who are all known from the first one is none.
    while (this.hasMore && !this.#loading && round === this.#round && this.#found.size === size) await this.#load({ after: this.#after });
  }

  /** @param {{ after?: string }} place */
  async #load(place) {
    const round = this.#round;
    this.#loading = true;
    try {
      /** @type {Users} */
      const { users, total } = await this.#client.request('users', { ...place, ...(this.#query ? { query: this.#query } : {}), limit: LISTED });
      if (round !== this.#round) return;
      this.total = total;
      this.hasMore = users.length === LISTED;
      this.#crowded ||= this.hasMore;
      if (place.after !== undefined) this.#after = users.at(-1)?.UUID ?? '';
      for (const { UUID } of users) this.#found.add(UUID);
      this.#people.learn(users);
    } catch (error) {
      ignoreRefusal(error);
      if (round === this.#round) this.hasMore = false;
    } finally {
      if (round === this.#round) this.#loading = false;
    }
    if (round === this.#round) this.emit('change', undefined);
  }
}
