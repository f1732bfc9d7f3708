import { Emitter } from '../protocol/emitter.js';

/** @typedef {import('../protocol/types.js').User} User */

/**
 * Everybody we have heard of.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class People extends Emitter {
  /** @type {Map<string, User>} */
  #users = new Map();

  /** @param {User[]} users */
  learn(users) {
    let news = false;
    for (const { UUID, Username, OnLine } of users) {
      const known = this.#users.get(UUID);
      if (known && known.Username === Username && known.OnLine === OnLine) continue;
      this.#users.set(UUID, { UUID, Username, OnLine });
      news = true;
    }
    if (news) this.emit('change', undefined);
  }

  /**
   * Names found in messages; whether somebody is online now, an old message cannot tell.
   *
   * @param {User[]} users
   */
  mention(users) {
    this.learn(users.map((user) => ({ ...user, OnLine: this.#users.get(user.UUID)?.OnLine ?? false })));
  }

  get size() {
    return this.#users.size;
  }

  /** @param {string} uuid */
  find(uuid) {
    return this.#users.get(uuid);
  }

  /**
   * Those whose name contains a text, who is online first, then by name.
   *
   * @param {string} [text]
   */
  list(text = '') {
    const wanted = text.trim().toLocaleLowerCase();
    return [...this.#users.values()]
      .filter(({ Username }) => Username.toLocaleLowerCase().includes(wanted))
      .sort((a, b) => Number(b.OnLine) - Number(a.OnLine) || a.Username.localeCompare(b.Username));
  }
}
