import { START } from './kind.js';

/**
 * How a line with a command is read, while it is being written and when it is run.
 *
 * A command is a slash, one word or two, and its arguments with blanks in between. An argument with blanks of its own stands in
 * quotation marks (two of them in a row mean one); the last argument goes to the end of the line and needs none.
 *
 * @typedef {import('./command.js').Command} Command
 *
 * @typedef {object} Word An argument as it is written, between two places of the line.
 * @property {number} from
 * @property {number} to
 * @property {string} text Without its quotation marks.
 *
 * @typedef {{ command: Command, nameEnd: number, words: Word[] }} Line
 */

/** In quotation marks, of which the last may not be there yet, or up to the next blank. */
const WORD = /"((?:[^"]|"")*)"?|\S+/uy;
const QUOTED = /^"((?:[^"]|"")*)"$/u;

const BEGINNING = new RegExp(START, 'u');
/** @type {Map<string, RegExp>} */
const names = new Map();

/**
 * The text with letters of full width, which keyboards for Chinese and Japanese write, as plain ones. Every place stays what it is.
 *
 * @param {string} text
 */
function plain(text) {
  return text.replaceAll(/[\uff01-\uff5e]/gu, (letter) => String.fromCharCode(letter.charCodeAt(0) - 0xfee0));
}

/**
 * A command's name as far as it is written.
 *
 * @param {string} text
 */
export function nameWritten(text) {
  return plain(text).replace(BEGINNING, '').trim().replaceAll(/\s+/gu, ' ').toLowerCase();
}

/**
 * Reads a line, or as much of it as there is; `undefined` where it begins with none of these commands.
 *
 * @param {string} text
 * @param {readonly Command[]} commands
 * @returns {Line | undefined}
 */
export function parse(text, commands) {
  if (!BEGINNING.test(text)) return undefined;
  const written = plain(text);
  for (const command of commands) {
    const name = expression(command.name).exec(written);
    if (name) return lineOf(text, command, name[0].length);
  }
  return undefined;
}

/**
 * A line with a command whose name is written up to a place.
 *
 * @param {string} text
 * @param {Command} command
 * @param {number} nameEnd
 * @returns {Line}
 */
export function lineOf(text, command, nameEnd) {
  return { command, nameEnd, words: split(text, nameEnd, command.takes.length) };
}

/** @param {string} name */
function expression(name) {
  const known = names.get(name) ?? new RegExp(`${START}${name.replace(' ', '\\s+')}(?=\\s|$)`, 'iu');
  names.set(name, known);
  return known;
}

/**
 * Where a line's secret begins: behind everything that comes before it and a blank.
 *
 * @param {string} text
 * @param {Line} line
 */
export function secretFrom(text, { command, nameEnd, words }) {
  const index = command.takes.findIndex(({ secret }) => secret);
  if (index < 0 || words.length < index) return undefined;
  const behind = words[index - 1]?.to ?? nameEnd;
  return behind < text.length ? behind + 1 : undefined;
}

/**
 * A name as an argument.
 *
 * @param {string} name
 */
export function quote(name) {
  return /\s|^["@]/u.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/**
 * @param {string} text
 * @param {number} start
 * @param {number} most
 */
function split(text, start, most) {
  /** @type {Word[]} */
  const words = [];
  let at = start;
  while (words.length < most) {
    const from = text.length - text.slice(at).trimStart().length;
    if (from >= text.length) break;
    const to = words.length === most - 1 ? from + text.slice(from).trimEnd().length : endOfWord(text, from);
    words.push({ from, to, text: unquote(text.slice(from, to)) });
    at = to;
  }
  return words;
}

/**
 * @param {string} text
 * @param {number} from
 */
function endOfWord(text, from) {
  WORD.lastIndex = from;
  return WORD.test(text) ? WORD.lastIndex : text.length;
}

/** @param {string} written */
function unquote(written) {
  const [, quoted] = QUOTED.exec(written) ?? [];
  return quoted === undefined ? written.replace(/^"/u, '') : quoted.replaceAll('""', '"');
}
