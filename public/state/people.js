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
  /** Whose account is no more; what they wrote stays under their name. @type {Set<string>} */
  #gone = new Set();
  /** Grows when somebody gets a name or loses it, which is rarer than that they come and go. */
  naming = 0;

  /** @param {User[]} users */
  learn(users) {
    let news = false;
    for (const { UUID, Username, OnLine, Deleted } of users) {
      const known = this.#users.get(UUID);
      if (Deleted && !this.#gone.has(UUID)) {
        this.#gone.add(UUID);
        this.naming += 1;
        news = true;
      }
      if (known && known.Username === Username && known.OnLine === OnLine) continue;
      if (known?.Username !== Username) this.naming += 1;
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
      .filter(({ UUID, Username }) => !this.#gone.has(UUID) && Username.toLocaleLowerCase().includes(wanted))
      .sort((a, b) => Number(b.OnLine) - Number(a.OnLine) || a.Username.localeCompare(b.Username));
  }
}
