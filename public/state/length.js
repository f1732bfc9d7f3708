/** The server's limit, in characters. */
export const LONGEST = 4_000;

/**
 * A text's length as the server counts it.
 *
 * @param {string} text
 */
export function lengthOf(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Why a text cannot be sent, where it is too long.
 *
 * @param {string} text
 */
export function tooLong(text) {
  const excess = lengthOf(text) - LONGEST;
  if (excess <= 0) return undefined;
  return `This is ${excess.toLocaleString()} ${excess === 1 ? 'character' : 'characters'} too long. It was not sent, and is still here.`;
}
