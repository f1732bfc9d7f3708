import { Emitter } from '../protocol/emitter.js';

/**
 * The user's own account: its name and password, whom it does not want to hear from, all that is stored of it, its end.
 * Requests throw as {@link import('../protocol/client.js').ChatClient.request} does.
 *
 * @extends {Emitter<{ change: undefined }>} Somebody was blocked or is no more.
 */
export class Account extends Emitter {
  #client;
  #keep;

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {import('../protocol/keep.js').Keep<{ owner: string, blocked: string[] }>} keep
   */
  constructor(client, keep) {
    super();
    this.#client = client;
    this.#keep = keep;
  }

  /**
   * A password is set first; a name without any is refused.
   *
   * @param {{ username?: string, password?: string }} change
   */
  change(change) {
    return this.#client.session.change(change);
  }

  /** All that the server has of this account. @returns {Promise<Record<string, any>>} */
  async export() {
    const all = await this.#client.request('exportAccount', {});
    this.#know(all.blocked);
    return all;
  }

  /**
   * For good. What was written stays under the name.
   *
   * @param {string} password Empty where there is none.
   */
  remove(password) {
    return this.#client.request('deleteAccount', password ? { password } : {});
  }

  /** Whom this account does not hear from, as far as this browser knows. @returns {string[]} */
  get blocked() {
    const kept = this.#keep.read();
    return kept && kept.owner === this.#client.identity?.userUUID ? kept.blocked : [];
  }

  /**
   * @param {string} userUUID
   * @param {boolean} on
   */
  async block(userUUID, on) {
    await this.#client.request('block', { userUUID, on });
    const others = this.blocked.filter((other) => other !== userUUID);
    this.#know(on ? [...others, userUUID] : others);
  }

  /** @param {string[]} blocked */
  #know(blocked) {
    const owner = this.#client.identity?.userUUID;
    if (owner === undefined) return;
    this.#keep.write({ owner, blocked });
    this.emit('change', undefined);
  }
}
