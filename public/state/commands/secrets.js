import { parse, secretFrom } from './grammar.js';
import { isCommand } from './kind.js';
import { COMMANDS } from './table.js';

/** @typedef {import('./command.js').Command} Command */

/**
 * A text whose secret has begun, taken apart.
 *
 * @param {string} text
 * @returns {{ command: Command, before: string, secret: string, kind: 'current' | 'new' } | undefined}
 */
export function split(text) {
  const line = isCommand(text) ? parse(text, COMMANDS) : undefined;
  const from = line && secretFrom(text, line);
  const kind = line?.command.takes.find(({ secret }) => secret)?.secret;
  if (!line || from === undefined || !kind) return undefined;
  return { command: line.command, before: text.slice(0, from), secret: text.slice(from), kind };
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
  return line !== undefined && !line.command.takes.some(({ secret }) => secret);
}
