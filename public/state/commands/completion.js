import { nameWritten, parse } from './grammar.js';
import { isCommand } from './kind.js';
import { fold, suggestPeople } from './person.js';
import { argumentsOf, candidates, COMMANDS } from './table.js';

/** @typedef {import('./command.js').Command} Command */
/** @typedef {import('./command.js').Context} Context */

/**
 * What may be written in place of a part of the text.
 *
 * @typedef {object} Completion
 * @property {'commands' | 'argument' | 'people'} kind
 * @property {number} from
 * @property {number} to
 * @property {string} typed What is there now.
 * @property {import('./command.js').Suggestion[]} suggestions
 * @property {boolean} isLikely Whether the first of them is what Enter means.
 * @property {Command} [command] The one that is being written,
 * @property {number} [argument] and at which of its arguments.
 * @property {boolean} seeksPeople The server may know of more.
 */

/** An @ at the beginning of a word, and what follows it up to the caret: names may have blanks. */
const MENTION = /(?<=^|[\s(])@([^\s@](?:[^\n@]{0,31}))?$/u;

/**
 * What a text could become at the caret.
 *
 * @param {string} text
 * @param {number} caret
 * @param {Context} context
 * @returns {Completion | undefined}
 */
export function complete(text, caret, context) {
  if (!isCommand(text)) return mention(text, caret, context);
  const line = parse(text, COMMANDS);
  if (!line) return caret === text.length ? names(text) : undefined;
  if (caret <= line.nameEnd) return names(text.slice(0, line.nameEnd), line.command);
  return argument(text, caret, line, context);
}

/**
 * @param {string} text
 * @param {Command} [exact]
 * @returns {Completion}
 */
function names(text, exact) {
  const typed = nameWritten(text);
  const suggestions = candidates(typed).map((command) => ({
    insert: `/${command.name}${command.takes.length > 0 ? ' ' : ''}`,
    label: `/${command.name}`,
    takes: argumentsOf(command).join(' '),
    note: command.help,
  }));
  return { kind: 'commands', from: 0, to: text.length, typed, suggestions, isLikely: exact === undefined || exact.takes.some(({ canMiss }) => !canMiss), seeksPeople: false };
}

/**
 * @param {string} text
 * @param {number} caret
 * @param {import('./grammar.js').Line} line
 * @param {Context} context
 * @returns {Completion}
 */
function argument(text, caret, { command, words }, context) {
  const { takes } = command;
  const touched = words.findIndex(({ from, to }) => from <= caret && caret <= to);
  const index = touched >= 0 ? touched : Math.min(words.filter(({ to }) => to < caret).length, takes.length - 1);
  const word = touched >= 0 ? words[touched] : undefined;
  const taken = takes[index];
  const typed = word?.text ?? '';
  const from = word?.from ?? caret;
  const isFree = touched >= 0 || words.length < takes.length;
  const suggestions = (isFree && taken?.suggest?.(typed, context)) || [];
  const first = suggestions[0];
  return {
    kind: 'argument',
    from,
    to: word?.to ?? caret,
    typed,
    suggestions: suggestions.length === 1 && first && fold(first.label) === fold(typed) && word ? [] : suggestions,
    isLikely: typed !== '' && first !== undefined && !suggestions.some(({ label }) => fold(label) === fold(typed)) && begins(first.label, typed),
    command,
    argument: index,
    seeksPeople: taken?.isPerson === true && typed !== '',
  };
}

/**
 * @param {string} text
 * @param {number} caret
 * @param {Context} context
 * @returns {Completion | undefined}
 */
function mention(text, caret, context) {
  const found = MENTION.exec(text.slice(0, caret));
  if (!found) return undefined;
  const typed = found[1] ?? '';
  const suggestions = suggestPeople(context.app, typed).map((suggestion) => ({ ...suggestion, insert: `@${suggestion.label} ` }));
  const first = suggestions[0];
  const isExact = first !== undefined && fold(first.label) === fold(typed);
  return {
    kind: 'people',
    from: found.index,
    to: caret,
    typed,
    suggestions: isExact && suggestions.length === 1 ? [] : suggestions,
    isLikely: typed !== '' && first !== undefined && !isExact && begins(first.label, typed),
    seeksPeople: typed !== '',
  };
}

/**
 * What a command takes, while its last argument is written where there is nothing to suggest.
 *
 * @param {Command} command
 * @returns {Completion}
 */
export function reminder(command) {
  return { kind: 'argument', from: 0, to: 0, typed: '', suggestions: [], isLikely: false, command, argument: command.takes.length - 1, seeksPeople: false };
}

/**
 * The text with a suggestion in it, and where the caret goes.
 *
 * @param {string} text
 * @param {Completion} completion
 * @param {import('./command.js').Suggestion} suggestion
 */
export function accept(text, { from, to, kind, command, argument = 0 }, { insert }) {
  const goesOn = kind === 'argument' && command !== undefined && argument < command.takes.length - 1;
  const inserted = goesOn ? `${insert} ` : insert;
  const rest = inserted.endsWith(' ') ? text.slice(to).replace(/^ /u, '') : text.slice(to);
  return { text: text.slice(0, from) + inserted + rest, caret: from + inserted.length };
}

/**
 * @param {string} label
 * @param {string} typed
 */
function begins(label, typed) {
  return fold(label).startsWith(fold(typed.replace(/^@/u, '')));
}
