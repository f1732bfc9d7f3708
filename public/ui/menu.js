import { element, rove } from './dom.js';
import { icon } from './icons.js';

/**
 * Neighbours of one group stand under its name.
 *
 * @typedef {{ label: string, picture: import('./icons.js').IconName, dangerous?: boolean, group?: string, act: () => void }} Choice
 */

/** How far below its button, in pixels. */
const GAP = 4;

/**
 * A button that opens a menu under itself. Arrow keys move in it; Escape and a click elsewhere close it.
 *
 * @param {import('./icons.js').IconName} picture
 * @param {() => Choice[]} choices Asked for whenever it is opened.
 */
export function menuButton(picture, choices) {
  const menu = element('div', { class: 'menu floating', role: 'menu', popover: 'auto' });
  const button = element('button', { class: 'icon-button', type: 'button', 'aria-haspopup': 'menu' }, icon(picture));
  button.popoverTargetElement = menu;

  menu.addEventListener('beforetoggle', ({ newState }) => {
    if (newState !== 'open') return;
    menu.setAttribute('aria-label', button.getAttribute('aria-label') ?? '');
    menu.replaceChildren(...grouped(choices(), menu));
    const { right, bottom } = button.getBoundingClientRect();
    menu.style.setProperty('top', `${bottom + GAP}px`);
    menu.style.setProperty('right', `${document.documentElement.clientWidth - right}px`);
  });
  menu.addEventListener('toggle', ({ newState }) => {
    if (newState !== 'open') return;
    const { top, bottom } = menu.getBoundingClientRect();
    const hidden = bottom + GAP - document.documentElement.clientHeight;
    if (hidden > 0) menu.style.setProperty('top', `${Math.max(GAP, top - hidden)}px`);
    menu.querySelector('button')?.focus();
  });
  menu.addEventListener('keydown', ({ key }) => key === 'Tab' && menu.hidePopover());
  rove(menu, 'button');
  return { button, menu };
}

/**
 * @param {Choice[]} choices
 * @param {HTMLElement} menu
 */
function grouped(choices, menu) {
  /** @type {HTMLElement[]} */
  const nodes = [];
  for (const choice of choices) {
    const drawn = item(choice, menu);
    const last = nodes.at(-1);
    if (!choice.group) nodes.push(drawn);
    else if (last?.getAttribute('aria-label') === choice.group) last.append(drawn);
    else nodes.push(element('div', { role: 'group', 'aria-label': choice.group }, element('p', { class: 'group', 'aria-hidden': 'true' }, choice.group), drawn));
  }
  return nodes;
}

/**
 * @param {Choice} choice
 * @param {HTMLElement} menu
 */
function item({ label, picture, dangerous, act }, menu) {
  const chosen = () => {
    menu.hidePopover();
    act();
  };
  const kind = dangerous ? 'dangerous' : undefined;
  return element('button', { class: kind, role: 'menuitem', type: 'button', tabindex: -1, onclick: chosen }, icon(picture), label);
}
