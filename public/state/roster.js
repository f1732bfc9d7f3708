import { LISTED, ignoreRefusal } from '../protocol/types.js';

/** @typedef {import('../protocol/types.js').User} User */

/** About how long after an arrival everybody is listed again, in milliseconds. */
const LISTING = 1_000;

/** Keeps what is known of people up to date: from listings, from arrivals, from what they write. */
export class Roster {
  #client;
  #people;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #listing;

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {import('./people.js').People} people
   */
  constructor(client, people) {
    this.#client = client;
    this.#people = people;
    client.on('users', (users) => people.learn(users));
    client.on('arrived', (user) => this.#arrived(user));
    client.on('unread', (counts) => people.mention(counts.flatMap(({ last }) => (last ? ends(last) : []))));
    client.on('page', ({ messages, users }) => {
      people.learn(users);
      people.mention(messages.map(({ Sender }) => Sender));
    });
    client.on('message', ({ message }) => {
      this.#arrived(message.Sender);
      if (message.Recipient) people.mention([message.Recipient]);
    });
  }

  /**
   * Asks the server for people.
   *
   * @param {string} query
   */
  async search(query) {
    try {
      const { users } = await this.#client.request('users', query ? { query, limit: LISTED } : { limit: LISTED });
      this.#people.learn(users);
    } catch (error) {
      ignoreRefusal(error);
    }
  }

  /**
   * Somebody shows a sign of life. Where all can be listed, they are, so that the server tells when the newcomer goes; in a
   * crowd nobody is missed.
   *
   * @param {User} user
   */
  #arrived(user) {
    if (this.#people.size >= LISTED) return this.#people.mention([user]);
    const known = this.#people.find(user.UUID);
    this.#people.learn([{ ...user, OnLine: true }]);
    if (known || this.#listing) return;
    this.#listing = setTimeout(
      () => {
        this.#listing = undefined;
        this.search('');
      },
      LISTING * (0.5 + Math.random()),
    );
  }
}

/**
 * Who wrote a message, and to whom.
 *
 * @param {import('../protocol/types.js').Message} message
 */
function ends({ Sender, Recipient }) {
  return Recipient ? [Sender, Recipient] : [Sender];
}
