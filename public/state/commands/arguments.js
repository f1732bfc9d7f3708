import { GENERAL } from '../../protocol/types.js';
import { Complaint } from './command.js';
import { findPerson, suggestPeople } from './person.js';

/** @typedef {import('../../protocol/types.js').User} User */

/**
 * @template Value
 * @typedef {import('./command.js').Argument<Value>} Argument
 */

/** The longest name, in characters. */
const LONGEST_NAME = 32;

/** Somebody. @returns {Argument<User>} */
export function person() {
  return { label: 'NAME', read: (name, { app }) => findPerson(app, name), suggest: (typed, { app }) => suggestPeople(app, typed), isPerson: true };
}

/** Somebody's channel, or everybody's. @returns {Argument<string>} */
export function place() {
  const general = { insert: 'general', label: 'general', note: 'Everybody' };
  const isGeneral = (/** @type {string} */ written) => written.toLowerCase() === general.insert;
  return {
    label: 'NAME',
    read: async (name, { app }) => (isGeneral(name) ? GENERAL : (await findPerson(app, name)).UUID),
    suggest: (typed, { app }) => [...(general.insert.startsWith(typed.toLowerCase()) ? [general] : []), ...suggestPeople(app, typed)],
    isPerson: true,
  };
}

/** A name for oneself. @returns {Argument<string>} */
export function ownName() {
  return {
    label: 'NAME',
    read: (name) => {
      if ([...name].length > LONGEST_NAME) throw new Complaint(`A name has at most ${LONGEST_NAME} characters.`);
      return name;
    },
  };
}

/** The name that one has, written as a sign that something is meant. @returns {Argument<string>} */
export function proof() {
  return {
    label: 'YOUR-NAME',
    read: (name, { app }) => {
      const own = app.identity?.username ?? '';
      if (name !== own) throw new Complaint(`This is for good. If you mean it, write your own name behind it: ${own}`);
      return name;
    },
  };
}

/**
 * @param {'current' | 'new'} kind
 * @param {(context: import('./command.js').Context) => boolean} [canMiss]
 * @returns {Argument<string>}
 */
export function secret(kind, canMiss) {
  return { label: 'PASSWORD', read: (written) => written, secret: kind, canMiss };
}

/** A message's text, to the end of the line. @returns {Argument<string>} */
export function text() {
  return { label: 'TEXT', read: (written) => written };
}

/** A part of a name, or none. @returns {Argument<string>} */
export function search() {
  return { label: 'NAME', read: (written) => written, canMiss: () => true };
}

/** The name of a room, or none. @returns {Argument<string | undefined>} */
export function room() {
  return { label: 'ROOM', read: (written) => written.trim(), canMiss: () => true };
}

/**
 * A whole number.
 *
 * @param {string} label
 * @returns {Argument<number>}
 */
export function count(label) {
  return {
    label,
    read: (written) => {
      if (!/^\d{1,9}$/.test(written)) throw new Complaint(`${label} is a whole number.`);
      return Number(written);
    },
  };
}

/**
 * One of a few words.
 *
 * @template {string} Word
 * @param {readonly Word[]} words
 * @returns {Argument<Word>}
 */
export function choice(words) {
  return {
    label: words.join('|'),
    read: (written) => {
      const chosen = words.find((word) => word === written.toLowerCase());
      if (chosen === undefined) throw new Complaint(`Choose one of ${words.join(', ')}.`);
      return chosen;
    },
    suggest: (typed) => words.filter((word) => word.startsWith(typed.toLowerCase())).map((word) => ({ insert: word, label: word })),
  };
}
