import { explain } from '../problem.js';
import { Complaint } from './command.js';
import { nameWritten, parse } from './grammar.js';
import { meant } from './meant.js';
import { findPerson } from './person.js';
import { COMMANDS, nearest, usage } from './table.js';

/** @typedef {import('./command.js').Command} Command */
/** @typedef {import('./command.js').Context} Context */

/**
 * What there is to say to who ran a command, if anything.
 *
 * @typedef {{ done: boolean, text: string }} Answer
 */

/**
 * Runs a line that is meant for this page.
 *
 * @param {string} text
 * @param {Context} context
 * @returns {Promise<Answer>}
 */
export async function run(text, context) {
  const line = parse(text, COMMANDS);
  if (line) return execute(line.command, line.words.map((word) => word.text), context);
  return { done: false, text: unknown(text) };
}

/**
 * There is no such command. What may be one with a secret nobody is told how to publish.
 *
 * @param {string} text
 */
export function unknown(text) {
  const written = nameWritten(text);
  const near = meant(text)?.command ?? nearest(written);
  const first = written.split(' ')[0];
  const mayHide = first === 'set' || near?.takes.some(({ secret }) => secret);
  return [`There is no /${first}.`, near && `Did you mean /${near.name}?`, !mayHide && `To say it to others, write //${first}.`].filter(Boolean).join(' ');
}

/**
 * @param {Command} command
 * @param {string[]} written Its arguments.
 * @param {Context} context
 * @returns {Promise<Answer>}
 */
export async function execute(command, written, context) {
  try {
    const extra = command.takes.length === 0 && written.length > 0;
    if (extra) throw new Complaint(`It takes nothing: ${usage(command)}`);
    const values = [];
    for (const [index, argument] of command.takes.entries()) {
      const text = written[index];
      if (text === undefined && !argument.canMiss?.(context)) throw new Complaint(`${argument.label} is missing: ${usage(command)}`);
      values.push(text === undefined ? undefined : await argument.read(text, context));
    }
    return { done: true, text: (await command.run(context, ...values)) ?? '' };
  } catch (error) {
    return { done: false, text: error instanceof Complaint ? error.message : explain(error) };
  }
}

/**
 * A name alone means a conversation with who bears it.
 *
 * @param {string} name
 * @param {Context} context
 * @returns {Promise<Answer>}
 */
export async function address(name, { app }) {
  try {
    app.open((await findPerson(app, name)).UUID);
    return { done: true, text: '' };
  } catch (error) {
    return { done: false, text: error instanceof Complaint ? error.message : explain(error) };
  }
}
