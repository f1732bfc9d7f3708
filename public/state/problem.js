import { Disconnected, Refused } from '../protocol/types.js';

/**
 * Why the server did not do something, in words; a failure that nobody foresaw goes on.
 *
 * @param {unknown} error
 */
export function explain(error) {
  if (error instanceof Disconnected) return 'There is no connection. Try again in a moment.';
  if (error instanceof Refused) return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`.replace(/([.!?])\.$/u, '$1');
  throw error;
}
