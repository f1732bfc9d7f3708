import { element } from './dom.js';
import { icon } from './icons.js';

/**
 * A dialog that is named by its head. A click beside it closes it, where the browser knows how.
 *
 * @param {string} title The id of its head's title.
 */
export function dialog(title) {
  return element('dialog', { 'aria-labelledby': title, closedby: 'any' });
}

/**
 * A dialog's title, with the button that closes it, and one that leads back where there is something to go back to.
 *
 * @param {HTMLDialogElement} owner
 * @param {string} text
 * @param {() => void} [back]
 */
export function dialogHead(owner, text, back) {
  return element(
    'div',
    { class: 'dialog-head' },
    back && element('button', { class: 'icon-button back', type: 'button', 'aria-label': 'Back', onclick: back }, icon('back')),
    element('h2', { id: owner.getAttribute('aria-labelledby') ?? undefined }, text),
    element('button', { class: 'icon-button', type: 'button', 'aria-label': 'Close', onclick: () => owner.close() }, icon('close')),
  );
}
