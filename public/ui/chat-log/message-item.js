import { element } from '../dom.js';
import { dateAndTime, time } from '../format.js';
import { icon } from '../icons.js';
import { richText } from '../rich-text.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** @typedef {import('../../state/rows.js').Row} Row */

/**
 * A message that is stored.
 *
 * @param {Extract<Row, { kind: 'message' }>} row
 * @param {string} name
 * @param {boolean} last
 */
export function messageItem({ message, first, own, at }, name, last) {
  const state = own && last ? element('span', { class: 'state', role: 'img', 'aria-label': 'Sent' }, icon('sent')) : undefined;
  return item(
    { first, own },
    first ? head(message.SenderUUID, name, own, at) : element('span', { class: 'visually-hidden' }, own ? 'You: ' : `${name}: `),
    element('div', { class: 'line' }, bubble(message, at), state),
    reactions(message.Reactions ?? {}),
  );
}

/**
 * A message on its way.
 *
 * @param {Extract<Row, { kind: 'pending' }>} row
 * @param {boolean} connected
 * @param {{ retry: () => void, discard: () => void }} does
 */
export function pendingItem({ pending, first, at }, connected, does) {
  const { failure } = pending;
  const words = failure ? 'Not sent' : connected ? 'Sending' : 'Waiting for the connection';
  const state = element(
    'span',
    { class: failure ? 'state failed' : 'state sending', role: 'img', 'aria-label': words, title: words },
    icon(failure ? 'failed' : 'sending'),
  );
  const text = element('div', { class: 'bubble', dir: 'auto' }, ...richText(pending.text));
  return item(
    { first, own: true, pending: true },
    first ? head(pending.author, '', true, at) : undefined,
    element('div', { class: 'line' }, text, state),
    failure ? remedy(failure, does) : undefined,
  );
}

/**
 * @param {{ first: boolean, own: boolean, pending?: boolean }} kind
 * @param {(Node | undefined)[]} children
 */
function item(kind, ...children) {
  const names = Object.entries(kind).filter(([, is]) => is);
  return element('li', { class: ['message', ...names.map(([name]) => name)].join(' ') }, ...children);
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
 * @param {import('../../protocol/types.js').Message} message
 * @param {Date} at
 */
function bubble({ Message, EditedAt, DeletedAt }, at) {
  if (DeletedAt) return element('div', { class: 'bubble deleted', title: dateAndTime(at) }, 'Message deleted');
  const edited = EditedAt ? element('span', { class: 'edited' }, ' (edited)') : undefined;
  return element('div', { class: 'bubble', dir: 'auto', title: dateAndTime(at) }, ...richText(Message), edited);
}

/** @param {Record<string, string[]>} all */
function reactions(all) {
  const chips = Object.entries(all).map(([emoji, users]) =>
    element('li', { 'aria-label': `${users.length} × ${emoji}` }, element('span', {}, emoji), String(users.length)),
  );
  return chips.length > 0 ? element('ul', { class: 'reactions', 'aria-label': 'Reactions' }, ...chips) : undefined;
}

/**
 * @param {string} failure
 * @param {{ retry: () => void, discard: () => void }} does
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
