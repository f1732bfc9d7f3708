import { GENERAL } from '../protocol/types.js';
import { foldName } from './names.js';

/**
 * Whether a message is reason enough to notify its reader, who looks elsewhere: it is for them alone, or names them.
 *
 * @param {import('../protocol/types.js').Message} message
 * @param {string} channel
 * @param {{ userUUID: string, username: string }} reader
 */
export function wantsAttention({ SenderUUID, Message, DeletedAt }, channel, { userUUID, username }) {
  if (SenderUUID === userUUID || DeletedAt) return false;
  return channel !== GENERAL || names(Message, username);
}

/**
 * Whether a text has this name in it, as a word of its own, with or without an @.
 *
 * @param {string} text
 * @param {string} name
 */
export function names(text, name) {
  if (name === '') return false;
  const literally = foldName(name).replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_])${literally}(?![\\p{L}\\p{N}_])`, 'u').test(foldName(text));
}
