import { fold, isEmoji } from '../../state/markup.js';
import { isReaction } from '../../state/reactions.js';
import { element } from '../dom.js';
import { dateAndTime, enumeration, isolated, time } from '../format.js';
import { icon } from '../icons.js';
import { richText } from '../rich-text.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** @typedef {import('../../state/rows.js').Row} Row */

/** Of those who reacted, so many are told by name. */
const NAMED = 3;

/**
 * What a message needs to know besides itself.
 *
 * @typedef {object} Surroundings
 * @property {import('../../state/markup.js').Names} names
 * @property {(uuid: string, otherwise?: string) => string} nameOf
 * @property {string | undefined} own The reader.
 * @property {boolean} connected
 * @property {boolean} open Whether a long text is shown in full.
 * @property {HTMLElement | undefined} editor Stands in for the text.
 * @property {() => void} unfold
 * @property {(emoji: string) => void} react
 * @property {() => void} retry
 * @property {() => void} discard
 */

/**
 * A message that is stored.
 *
 * @param {Extract<Row, { kind: 'message' }>} row
 * @param {Surroundings} around
 */
export function messageItem({ message, first, own, sent, at }, around) {
  const name = around.nameOf(message.SenderUUID, message.Sender.Username);
  const text = around.editor ?? (message.DeletedAt ? deleted(at) : bubble(message.Message, at, around));
  const edited = message.EditedAt && !message.DeletedAt ? element('span', { class: 'edited', title: dateAndTime(new Date(message.EditedAt)) }, 'edited') : undefined;
  const state = sent ? element('span', { class: 'state', role: 'img', 'aria-label': 'Sent' }, icon('sent')) : undefined;
  return item(
    { first, own, named: text.querySelector('.mention.own') !== null },
    first ? head(message.SenderUUID, name, own, at) : element('span', { class: 'visually-hidden' }, own ? 'You: ' : `${name}: `),
    element('div', { class: 'line' }, text, edited, state),
    reactions(message.Reactions ?? {}, around),
  );
}

/**
 * A message on its way.
 *
 * @param {Extract<Row, { kind: 'pending' }>} row
 * @param {Surroundings} around
 */
export function pendingItem({ pending, failure, first, at }, around) {
  const words = failure ? 'Not sent' : around.connected ? 'Sending' : 'Waiting for the connection';
  const state = element(
    'span',
    { class: failure ? 'state failed' : 'state sending', role: 'img', 'aria-label': words, title: words },
    icon(failure ? 'failed' : 'sending'),
  );
  return item(
    { first, own: true, pending: true },
    first ? head(pending.author, '', true, at) : undefined,
    element('div', { class: 'line' }, bubble(pending.text, at, around), state),
    failure ? remedy(failure, around) : undefined,
  );
}

/**
 * @param {{ first: boolean, own: boolean, pending?: boolean, named?: boolean }} kind
 * @param {(Node | undefined)[]} children
 */
function item(kind, ...children) {
  const names = Object.entries(kind).filter(([, is]) => is);
  return element('li', { class: ['message', ...names.map(([name]) => name)].join(' '), tabindex: -1 }, ...children);
}

/**
 * @param {string} uuid
 * @param {string} name
 * @param {boolean} own
 * @param {Date} at
 */
function head(uuid, name, own, at) {
  const when = element('time', { datetime: at.toISOString(), title: dateAndTime(at) }, time(at));
  if (own) return element('div', { class: 'head' }, element('span', { class: 'visually-hidden' }, 'You, '), when);
  return element('div', { class: 'head' }, new UserAvatar().show(uuid, name), element('bdi', { class: 'name' }, name), when);
}

/**
 * @param {string} text
 * @param {Date} at
 * @param {Surroundings} around
 */
function bubble(text, at, { names, open, unfold }) {
  const beginning = open ? undefined : fold(text);
  const look = isEmoji(text) ? 'bubble emoji' : 'bubble';
  const made = element('div', { class: look, dir: 'auto', title: dateAndTime(at) }, ...richText(beginning ?? text, names));
  if (beginning === undefined) return made;
  return element('div', { class: 'folded' }, made, element('button', { class: 'link-button', type: 'button', onclick: unfold }, 'Show more'));
}

/** @param {Date} at */
function deleted(at) {
  return element('div', { class: 'bubble deleted', title: dateAndTime(at) }, 'Message deleted');
}

/**
 * @param {Record<string, string[]>} all
 * @param {Surroundings} around
 */
function reactions(all, { own = '', nameOf, react }) {
  const chips = Object.entries(all).filter(([emoji]) => isReaction(emoji)).map(([emoji, users]) => {
    const others = users.filter((uuid) => uuid !== own);
    const names = others.slice(0, NAMED + 1).map((uuid) => isolated(nameOf(uuid)));
    const who = users.length > others.length ? ['You', ...names] : names;
    const words = `${enumeration(who, users.length, NAMED)} reacted with ${emoji}`;
    return element(
      'li',
      {},
      element(
        'button',
        { type: 'button', 'data-part': emoji, 'aria-pressed': String(users.includes(own)), 'aria-label': words, title: words, onclick: () => react(emoji) },
        element('span', {}, emoji),
        String(users.length),
      ),
    );
  });
  return chips.length > 0 ? element('ul', { class: 'reactions', 'aria-label': 'Reactions' }, ...chips) : undefined;
}

/**
 * @param {string} failure
 * @param {Surroundings} around
 */
function remedy(failure, { retry, discard }) {
  return element(
    'p',
    { class: 'remedy' },
    element('span', {}, `Not sent: ${failure}`),
    element('button', { class: 'link-button', type: 'button', onclick: retry }, 'Try again'),
    element('button', { class: 'link-button', type: 'button', onclick: discard }, 'Delete'),
  );
}
