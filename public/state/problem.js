import { Disconnected, Refused } from '../protocol/types.js';

/**
 * Why the server did not do something, in its own words; a failure that nobody foresaw is a mistake of ours, and goes on.
 *
 * @param {unknown} error
 */
export function words(error) {
  if (error instanceof Refused) return error.message;
  if (error instanceof Disconnected) return 'There is no connection. Try again in a moment.';
  throw error;
}

/**
 * The same as a sentence.
 *
 * @param {unknown} error
 */
export function explain(error) {
  const text = words(error);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/([.!?])\.$/u, '$1');
}
