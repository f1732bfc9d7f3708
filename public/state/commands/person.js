import { LISTED, ignoreRefusal } from '../../protocol/types.js';
import { foldName } from '../names.js';
import { Complaint } from './command.js';
import { quote } from './grammar.js';

/** @typedef {import('../../protocol/types.js').User} User */
/** @typedef {import('../app.js').App} App */

/** As many as a list shows without becoming a book. */
const SUGGESTED = 8;

/**
 * Who has exactly this name, with or without an @: names that are nearly alike are different people. The server knows best; where it
 * cannot be asked, those whom this page knows have to do.
 *
 * @param {App} app
 * @param {string} written
 * @returns {Promise<User>}
 */
export async function findPerson(app, written) {
  const names = [written, ...(written.startsWith('@') ? [written.slice(1)] : [])].filter((name) => name.trim() !== '');
  if (names.length === 0) throw new Complaint('Whose name? There is none written.');
  for (const name of names) {
    const found = (await ask(app, name)) ?? only(app.people.list(name), name);
    if (found) return found;
  }
  const name = names.at(-1) ?? written;
  const [near] = suggestPeople(app, name);
  throw new Complaint(`Nobody is called ${name}.${near ? ` Did you mean ${near.label}?` : ''}`);
}

/**
 * Those whose name begins with a text, then those who have it elsewhere in their name; who is online first.
 *
 * @param {App} app
 * @param {string} typed
 * @returns {import('./command.js').Suggestion[]}
 */
export function suggestPeople(app, typed) {
  const start = fold(typed.replace(/^@/u, ''));
  const others = app.people.list(start).filter(({ UUID }) => UUID !== app.identity?.userUUID);
  return others
    .toSorted((a, b) => Number(fold(b.Username).startsWith(start)) - Number(fold(a.Username).startsWith(start)))
    .slice(0, SUGGESTED)
    .map((user) => ({ insert: quote(user.Username), label: user.Username, note: user.OnLine ? 'Online' : 'Offline', user }));
}

/**
 * What somebody types in place of a name, as the server compares names.
 *
 * @param {string} name
 */
export function fold(name) {
  return foldName(name.trim());
}

/**
 * @param {App} app
 * @param {string} name
 */
async function ask(app, name) {
  try {
    /** @type {import('../../protocol/types.js').Users} */
    const { users } = await app.client.request('users', { query: name, limit: LISTED });
    app.people.learn(users);
    return only(users, name);
  } catch (error) {
    ignoreRefusal(error);
    return undefined;
  }
}

/**
 * @param {User[]} users
 * @param {string} name
 */
function only(users, name) {
  return users.find(({ Username }) => Username === name) ?? users.find(({ Username }) => fold(Username) === fold(name));
}
