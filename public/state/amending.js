import { words } from './problem.js';
import { chosenBy } from './reactions.js';

/** @typedef {import('../protocol/types.js').Message} Message */

/**
 * Changes of messages that are already there. The change itself comes back from the server, to everybody alike; what it refuses is
 * told to the user.
 */
export class Amending {
  #client;
  #tell;

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {(notice: string) => void} tell
   */
  constructor(client, tell) {
    this.#client = client;
    this.#tell = tell;
  }

  /**
   * @param {Message} message
   * @param {string} text
   */
  edit({ Seq }, text) {
    return this.#request('editMessage', { seq: Seq, message: text });
  }

  /** @param {Message} message */
  delete({ Seq }) {
    return this.#request('deleteMessage', { seq: Seq });
  }

  /**
   * Adds a reaction, or takes it back.
   *
   * @param {Message} message
   * @param {string} emoji
   */
  react({ Seq, Reactions }, emoji) {
    const own = this.#client.identity?.userUUID ?? '';
    return this.#request('react', { seq: Seq, emoji, on: !chosenBy(Reactions, emoji).includes(own) });
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} payload
   * @returns {Promise<boolean>} Whether it was done.
   */
  async #request(type, payload) {
    try {
      await this.#client.request(type, { recipientUUID: this.#client.channel, ...payload });
      return true;
    } catch (error) {
      this.#tell(words(error));
      return false;
    }
  }
}
