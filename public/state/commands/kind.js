/** What nobody sees before a command: blanks, and characters without a shape. */
const UNSEEN = String.raw`[\s\p{Default_Ignorable_Code_Point}\p{Cf}]*`;
/** The slash, and what keyboards for other languages write in its place. */
const SLASH = '[/\uff0f\u2044\u2215]';
const COMMAND = new RegExp(`^${UNSEEN}${SLASH}(?!${SLASH})`, 'u');
const LITERAL = new RegExp(`^${UNSEEN}${SLASH}(?=${SLASH})`, 'u');
const FURTHER = new RegExp(String.raw`[\n\r\v\f\u0085\u2028\u2029](?:(?![\n\r])[\s\p{Default_Ignorable_Code_Point}\p{Cf}])*${SLASH}(?!${SLASH})`, 'gu');

/** How a command begins, for an expression that goes on with its name. */
export const START = `^${UNSEEN}${SLASH}`;

/**
 * Whether a text is meant for this page rather than for others. What begins with two slashes is not.
 *
 * @param {string} text
 */
export function isCommand(text) {
  return COMMAND.test(text);
}

/**
 * Where further lines of a text begin as a command does: somebody may have pasted more than they meant to.
 *
 * @param {string} text
 */
export function furtherCommands(text) {
  return Array.from(text.matchAll(FURTHER), ({ index }) => index + 1);
}

/**
 * What is said by a text that is no command.
 *
 * @param {string} text
 */
export function literally(text) {
  return text.trim().replace(LITERAL, '');
}

/**
 * The name of whom a text addresses, if it does nothing else.
 *
 * @param {string} text
 */
export function addressee(text) {
  return /^\s*@([^\s@][^\n@]{0,31})$/u.exec(text.trimEnd())?.[1];
}
