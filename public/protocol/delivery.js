/** The server recognises a retry for five minutes. Behind this many milliseconds, look before sending again. */
const RECOGNISED = 4 * 60_000;
/** How far the server's clock and ours may be apart, in milliseconds. */
const CLOCKS = 60_000;

/** Gives messages of the outbox to the server, so that each is stored once, however often it is given. */
export class Delivery {
  #requests;
  #history;

  /**
   * @param {import('./requests.js').Requests} requests
   * @param {(channel: string, before: number | undefined) => Promise<import('./types.js').History>} history
   */
  constructor(requests, history) {
    this.#requests = requests;
    this.#history = history;
  }

  /** @param {import('./outbox.js').Pending} entry */
  async deliver({ clientID, channel, text, createdAt, triedAt }) {
    if (triedAt !== undefined && Date.now() - triedAt > RECOGNISED && (await this.#stored(clientID, channel, createdAt))) return;
    await this.#requests.send('channelMessage', { recipientUUID: channel, message: text, clientID }, { id: clientID });
  }

  /**
   * Whether a message is in its channel's history, back to when it was written.
   *
   * @param {string} clientID
   * @param {string} channel
   * @param {number} createdAt
   */
  async #stored(clientID, channel, createdAt) {
    /** @type {number | undefined} */
    let before;
    for (;;) {
      const { messages, more } = await this.#history(channel, before);
      if (messages.some((message) => message.clientID === clientID)) return true;
      const oldest = messages[0];
      if (!oldest || more === false || Date.parse(oldest.CreatedAt) < createdAt - CLOCKS) return false;
      before = oldest.Seq;
    }
  }
}
