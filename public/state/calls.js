import { Emitter } from '../protocol/emitter.js';
import { GENERAL } from '../protocol/types.js';

/** @typedef {import('../protocol/types.js').User} User */

/**
 * In which channels there is a call, and who is in it.
 *
 * `begun`: somebody calls this user.
 *
 * @extends {Emitter<{ change: undefined, begun: { channel: string, by: User } }>}
 */
export class Calls extends Emitter {
  /** The channel whose call we are in. @type {string | undefined} */
  own;

  /** @type {Map<string, User[]>} */
  #people = new Map();

  /** @param {import('../protocol/client.js').ChatClient} client */
  constructor(client) {
    super();
    client.on('calling', ({ channel, participants }) => {
      const [by] = participants;
      const isNew = this.in(channel).length === 0;
      this.#learn(channel, participants);
      if (isNew && by && channel !== GENERAL && by.UUID !== client.identity?.userUUID) this.emit('begun', { channel, by });
    });
    client.on('unread', (counts) => {
      for (const { recipientUUID: channel, call } of counts) if (call) this.#learn(channel, call.participants);
    });
    client.on('page', ({ channel, call }) => call && this.#learn(channel, call.participants));
    // What there is, is told anew by the next connection; what there is no more, is not.
    client.on('ready', (ready) => ready || this.clear());
  }

  /** Another user hears of other calls, and so does another connection. */
  clear() {
    if (this.#people.size === 0) return;
    this.#people.clear();
    this.emit('change', undefined);
  }

  /**
   * Who is in a channel's call; nobody where there is none.
   *
   * @param {string} channel
   */
  in(channel) {
    return this.#people.get(channel) ?? [];
  }

  /** @param {string | undefined} channel */
  enter(channel) {
    this.own = channel;
    this.emit('change', undefined);
  }

  /**
   * @param {string} channel
   * @param {User[]} people
   */
  #learn(channel, people) {
    if (people.length > 0) this.#people.set(channel, people);
    else this.#people.delete(channel);
    this.emit('change', undefined);
  }
}
