/**
 * What a command is. Each is one entry of a table: parsing, completion, the list that `/` opens and the help are made from it.
 *
 * @typedef {object} Page What only a page can do.
 * @property {() => void} help
 * @property {(query: string) => void} people
 * @property {(place: import('../call-address.js').Place) => void} call
 * @property {() => void} rooms The list of those for everybody.
 * @property {(name: string, content: unknown) => void} save Has the browser keep a file.
 *
 * @typedef {{ app: import('../app.js').App, page: Page }} Context
 *
 * @typedef {object} Suggestion
 * @property {string} insert What is written in place of what was typed.
 * @property {string} label
 * @property {string} [takes] What is to be written behind it.
 * @property {string} [note]
 * @property {import('../../protocol/types.js').User} [user] The person meant.
 *
 * @typedef {object} Command
 * @property {string} name What follows the slash; one word or two.
 * @property {string} help One line.
 * @property {readonly Argument<any>[]} takes
 * @property {(context: Context, ...values: any[]) => string | void | Promise<string | void>} run Answers with words for who ran it.
 *
 * @typedef {{ title: string, commands: readonly Command[] }} Group
 */

/**
 * @template Value
 * @typedef {object} Argument
 * @property {string} label As it is shown.
 * @property {(written: string, context: Context) => Value | Promise<Value>} read Throws {@link Complaint}.
 * @property {(typed: string, context: Context) => Suggestion[]} [suggest]
 * @property {(context: Context) => boolean} [canMiss] Whether the command does without it.
 * @property {boolean} [isPerson] Somebody's name: the server may know of more than this page does.
 * @property {'current' | 'new'} [secret] A password, which is never shown and never kept.
 */

/**
 * @template {readonly Argument<any>[]} Takes
 * @typedef {{ -readonly [Index in keyof Takes]: Takes[Index] extends Argument<infer Value> ? Value : never }} Values
 */

/**
 * An entry of the table: its `run` is given what its arguments read.
 *
 * @template {readonly Argument<any>[]} const Takes
 * @param {string} name
 * @param {string} help
 * @param {Takes} takes
 * @param {(context: Context, ...values: Values<Takes>) => string | void | Promise<string | void>} run
 * @returns {Command}
 */
export function command(name, help, takes, run) {
  return { name, help, takes, run: /** @type {Command['run']} */ (run) };
}

/** What is wrong with a command, in words for who wrote it. */
export class Complaint extends Error {
  name = 'Complaint';
}
