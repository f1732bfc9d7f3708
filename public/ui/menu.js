import { element, rove } from './dom.js';
import { icon } from './icons.js';

/**
 * Neighbours of one group stand under its name.
 *
 * @typedef {{ label: string, picture: import('./icons.js').IconName, dangerous?: boolean, group?: string, act: () => void }} Choice
 */

/** How far below its button, and from the edge of the window at least, in pixels. */
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
  const place = () => placeUnder(button, menu);
  // A menu that is taken out of the page while it is open is not told that it closes.
  const resized = () => (menu.matches(':popover-open') ? place() : removeEventListener('resize', resized));

  menu.addEventListener('beforetoggle', ({ newState }) => {
    if (newState !== 'open') return;
    menu.setAttribute('aria-label', button.getAttribute('aria-label') ?? '');
    menu.replaceChildren(...grouped(choices(), menu));
    place();
  });
  menu.addEventListener('toggle', ({ newState }) => {
    if (newState !== 'open') return removeEventListener('resize', resized);
    place();
    addEventListener('resize', resized);
    menu.querySelector('button')?.focus();
  });
  menu.addEventListener('keydown', ({ key }) => key === 'Tab' && menu.hidePopover());
  rove(menu, 'button');
  return { button, menu };
}

/**
 * Under its button as far as the window allows.
 *
 * @param {HTMLElement} button
 * @param {HTMLElement} menu
 */
function placeUnder(button, menu) {
  const { right, bottom } = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const within = (/** @type {number} */ wanted, /** @type {number} */ most) => `${Math.max(GAP, Math.min(wanted, most - GAP))}px`;
  menu.style.setProperty('top', within(bottom + GAP, clientHeight - height));
  menu.style.setProperty('right', within(clientWidth - right, clientWidth - width));
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
