import { account } from './account.js';
import { calls } from './calls.js';
import { channels } from './channels.js';
import { people } from './people.js';
import { settings } from './settings.js';

/** @typedef {import('./command.js').Command} Command */

/** @type {readonly import('./command.js').Group[]} */
export const GROUPS = Object.freeze([channels, calls, people, account, settings]);

/** @type {readonly Command[]} */
export const COMMANDS = Object.freeze(GROUPS.flatMap(({ commands }) => commands));

/** Further than this a name is another name. */
const NEAR = 3;

/**
 * The commands that may become what is written: those that begin with it, then those of which another word does.
 *
 * @param {string} written
 */
export function candidates(written) {
  const rank = (/** @type {Command} */ { name }) => (name.startsWith(written) ? 0 : name.split(/[ -]/u).some((word) => word.startsWith(written)) ? 1 : 2);
  return COMMANDS.filter((command) => rank(command) < 2).toSorted((a, b) => rank(a) - rank(b));
}

/**
 * The command that was probably meant.
 *
 * @param {string} written
 */
export function nearest(written) {
  const distances = COMMANDS.map((command) => {
    const words = written.split(' ').slice(0, command.name.split(' ').length).join(' ');
    return { command, distance: distance(words, command.name) };
  });
  const [best] = distances.toSorted((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.min(NEAR, best.command.name.length - 1) ? best.command : candidates(written)[0];
}

/**
 * A command and what it takes, in one line.
 *
 * @param {Command} command
 */
export function usage(command) {
  return [`/${command.name}`, ...argumentsOf(command)].join(' ');
}

/**
 * What a command takes, as it is shown.
 *
 * @param {Command} command
 */
export function argumentsOf({ takes }) {
  return takes.map(({ label, canMiss }) => (canMiss ? `[${label}]` : label));
}

/**
 * How many letters have to be changed, added, left out or swapped with their neighbour.
 *
 * @param {string} one
 * @param {string} other
 */
export function distance(one, other) {
  /** @type {number[][]} */
  const rows = [];
  const at = (/** @type {number} */ row, /** @type {number} */ column) => (row < 0 || column < 0 ? Math.max(row, column) + 1 : (rows[row]?.[column] ?? 0));
  for (let row = 0; row < one.length; row += 1) {
    rows.push([]);
    for (let column = 0; column < other.length; column += 1) {
      const same = one[row] === other[column];
      const swapped = row > 0 && column > 0 && one[row] === other[column - 1] && one[row - 1] === other[column];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (same ? 0 : 1),
          swapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(one.length - 1, other.length - 1);
}
