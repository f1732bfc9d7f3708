import { foldName } from '../names.js';
import { lineOf } from './grammar.js';
import { START } from './kind.js';
import { COMMANDS, distance } from './table.js';

/** @typedef {import('./command.js').Command} Command */

/** What people call a command who know it from elsewhere, without blanks. */
const ALIASES = Object.entries({
  login: ['login', 'logon', 'log', 'signin', 'signon', 'sign', 'auth', 'authenticate', 'identify', 'logmein'],
  signup: ['signup', 'register', 'reg', 'newaccount', 'createaccount'],
  'set password': ['setpassword', 'setpasswd', 'setpass', 'setpw', 'password', 'passwd', 'passphrase', 'pass', 'pwd', 'pw', 'newpassword', 'changepassword'],
  'delete-account': ['deleteaccount', 'delete', 'deleteme', 'removeaccount', 'closeaccount'],
  logout: ['signout', 'signoff', 'logoff'],
  'set name': ['setname', 'setnick', 'nick', 'nickname', 'name', 'rename', 'changename'],
});
/** Names of so many words are looked for. */
const WORDS = 3;
/** Short names are not mistaken for others, long ones by a few letters. */
const tolerance = (/** @type {string} */ { length }) => (length < 5 ? 0 : length < 8 ? 2 : 3);

/** @type {{ name: string, command: Command }[]} */
const NAMES = [
  ...ALIASES.flatMap(([name, others]) => COMMANDS.filter((command) => command.name === name).flatMap((command) => others.map((other) => ({ name: other, command })))),
  ...COMMANDS.map((command) => ({ name: command.name.replaceAll(/[ -]/gu, ''), command })),
];

/**
 * The line that was probably meant by one which begins with no command: misspelt, joined, split or with a name from elsewhere. Where
 * two are as near, one that takes a secret goes first, and more words before fewer.
 *
 * @param {string} text
 * @returns {import('./grammar.js').Line | undefined}
 */
export function meant(text) {
  const start = new RegExp(START, 'u').exec(text)?.[0].length;
  if (start === undefined) return undefined;
  const words = [...text.slice(start, start + 100).matchAll(/\S+/gu)].slice(0, WORDS);
  let best;
  let joined = '';
  for (const { 0: word, index } of words) {
    joined += foldName(word).replaceAll(/[^\p{L}\p{N}]/gu, '');
    const near = nearestTo(joined);
    if (near && (!best || near.distance <= best.distance)) best = { ...near, nameEnd: start + index + word.length };
  }
  return best && lineOf(text, best.command, best.nameEnd);
}

/** @param {string} written */
function nearestTo(written) {
  /** @type {{ command: Command, distance: number } | undefined} */
  let best;
  for (const { name, command } of NAMES) {
    if (Math.abs(name.length - written.length) > tolerance(name)) continue;
    const far = distance(written, name);
    if (far <= tolerance(name) && (!best || far < best.distance)) best = { command, distance: far };
  }
  return best;
}
