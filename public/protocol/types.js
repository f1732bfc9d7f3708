/**
 * The wire's words, exactly as the server writes them. A channel is named by its `recipientUUID`: `""` is General, any
 * other the user at the far end of a direct channel.
 *
 * @typedef {{ UUID: string, Username: string, OnLine: boolean, Deleted?: boolean }} User
 *
 * @typedef {object} Message
 * @property {string} UUID
 * @property {string} SenderUUID
 * @property {User} Sender
 * @property {string} RecipientUUID
 * @property {User | null} [Recipient]
 * @property {string} Message The text, never markup.
 * @property {string} CreatedAt RFC 3339.
 * @property {number} Seq The channel's own number, from 1, without a gap.
 * @property {string} [clientID] Only on the reader's own messages.
 * @property {string} [EditedAt]
 * @property {string} [DeletedAt]
 * @property {Record<string, string[]>} [Reactions] Emoji to the users who chose it.
 *
 * @typedef {{ userUUID: string, accessKey: string, username?: string }} Authorized
 * @typedef {{ total: number, received: number, users: User[] }} Users
 *
 * @typedef {object} Joined
 * @property {string} recipientUUID
 * @property {Message[]} messages Oldest first.
 * @property {User[]} users
 * @property {number} [seq] The channel's newest number.
 * @property {number | string} [epoch] The log's generation; opaque here.
 * @property {boolean} [more] Another page follows.
 * @property {boolean} [reset] What was known of this channel no longer holds.
 * @property {{ participants: User[] }} [call] Where one is on.
 *
 * @typedef {object} History
 * @property {string} recipientUUID
 * @property {Message[]} messages
 * @property {number} [seq]
 * @property {number | string} [epoch]
 * @property {boolean} [more]
 *
 * @typedef {{ recipientUUID: string, count: number, last?: Message | null, seq: number, call?: { participants: User[] } }} Unread
 * @typedef {{ recipientUUID: string, seq: number, emoji: string, on: boolean, user: User }} Reacted
 * @typedef {{ code: number, error: string, payload: any }} Failure
 *
 * @typedef {{ type: string, id?: string, userUUID?: string, user?: User } & Record<string, any>} Frame
 */

/** General's name on the wire. */
export const GENERAL = '';

/** As many users as the server lists at once. */
export const LISTED = 200;

/** The error codes that this client tells apart. */
export const Code = Object.freeze({
  joinFailed: 11,
  signInNeeded: 14,
  tooManyRequests: 15,
  unavailable: 17,
});

/** A request that the server refused. */
export class Refused extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.error);
    this.name = 'Refused';
    this.code = failure.code;
    /** How long to wait, in milliseconds, where the server says so. @type {number | undefined} */
    this.retryAfter = failure.payload?.retryAfterMs;
  }

  /** What is missing may be there again soon. */
  get isWeather() {
    return this.code === Code.unavailable;
  }
}

/** A request whose answer will not come: the connection ended, or was silent for too long. */
export class Disconnected extends Error {
  constructor() {
    super('not connected');
    this.name = 'Disconnected';
  }
}

/**
 * For requests that are made again on the next occasion anyway: that one is refused, or that its answer does not come, is no matter.
 *
 * @param {unknown} error
 */
export function ignoreRefusal(error) {
  if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
}
