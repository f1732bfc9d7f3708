import { nameWritten, parse, secretFrom } from './grammar.js';
import { furtherCommands, isCommand } from './kind.js';
import { meant } from './meant.js';
import { candidates, COMMANDS } from './table.js';

/** @typedef {import('./command.js').Command} Command */

/** Further than this nobody has to look for a secret behind its command, in characters. */
const FAR = 500;

/**
 * A text whose secret has begun, taken apart. It ends with its line; the secret of a command that was only nearly written is one too.
 *
 * @param {string} text
 * @returns {{ command: Command, before: string, secret: string, rest: string, kind: 'current' | 'new' } | undefined}
 */
export function split(text) {
  const line = isCommand(text) ? (parse(text, COMMANDS) ?? nearly(text)) : undefined;
  const from = line && secretFrom(text, line);
  const kind = line?.command.takes.find(({ secret }) => secret)?.secret;
  if (!line || from === undefined || !kind) return undefined;
  const [secret = '', ...rest] = text.slice(from).replace(/^\s*[\n\r]/u, '').split(/\r?\n|\r/u);
  return { command: line.command, before: text.slice(0, from), secret, rest: rest.join('\n').trim(), kind };
}

/**
 * The command with a secret that stands in a further line of a text: not to be said to others, nor to be kept.
 *
 * @param {string} text
 */
export function hidden(text) {
  for (const at of furtherCommands(text)) {
    const parts = split(text.slice(at, at + FAR));
    if (parts && (parts.secret.trim() || parts.rest)) return parts.command;
  }
  return undefined;
}

/**
 * What was meant by the beginning of a line up to its secret, with the command's right name.
 *
 * @param {string} before
 */
export function corrected(before) {
  const line = meant(before);
  return line && { command: line.command, text: `/${line.command.name} ${before.slice(line.nameEnd).trimStart()}` };
}

/**
 * What was meant by a line that may not become a command any more.
 *
 * @param {string} text
 */
function nearly(text) {
  return candidates(nameWritten(text)).length === 0 ? meant(text) : undefined;
}

/**
 * Whether a secret is all that a command lacks.
 *
 * @param {string} text
 * @param {import('./command.js').Context} context
 */
export function lacksSecret(text, context) {
  const line = parse(text, COMMANDS);
  const next = line?.command.takes[line.words.length];
  return next?.secret !== undefined && !next.canMiss?.(context);
}

/**
 * Whether a command may be kept while it is written. One that is not understood may be meant to take a secret.
 *
 * @param {string} text
 */
export function isHarmless(text) {
  const line = parse(text, COMMANDS);
  return line !== undefined && hidden(text) === undefined && !line.command.takes.some(({ secret }) => secret);
}
