/**
 * Whether a text is meant for this page rather than for others. What begins with two slashes is not.
 *
 * @param {string} text
 */
export function isCommand(text) {
  return /^\s*\/(?!\/)/u.test(text);
}

/**
 * What is said by a text that is no command.
 *
 * @param {string} text
 */
export function literally(text) {
  return text.trim().replace(/^\/\//u, '/');
}

/**
 * The name of whom a text addresses, if it does nothing else.
 *
 * @param {string} text
 */
export function addressee(text) {
  return /^\s*@([^\s@][^\n@]{0,31})$/u.exec(text.trimEnd())?.[1];
}
