import { element, rove } from '../dom.js';
import { icon } from '../icons.js';

const REACTIONS = Object.freeze([
  ['👍', 'Thumbs up'],
  ['❤️', 'Heart'],
  ['😂', 'Laughing'],
  ['🎉', 'Party'],
  ['👏', 'Applause'],
  ['😮', 'Surprise'],
]);
/** How far above its button, in pixels. */
const GAP = 8;

/**
 * A button that opens a row of reactions above itself.
 *
 * @param {(reaction: string) => void} react
 */
export function reactionButton(react) {
  const menu = element('div', { class: 'reactions-menu', role: 'menu', 'aria-label': 'Reactions', popover: 'auto' });
  const button = element('button', { class: 'control', type: 'button', 'aria-label': 'React', title: 'React', 'aria-haspopup': 'menu' }, icon('smile'));
  button.popoverTargetElement = menu;
  menu.append(
    ...REACTIONS.map(([emoji = '', name]) =>
      element('button', { type: 'button', role: 'menuitem', tabindex: -1, 'aria-label': name, onclick: () => (react(emoji), menu.hidePopover()) }, emoji),
    ),
  );
  menu.addEventListener('toggle', ({ newState }) => {
    if (newState !== 'open') return;
    const { left, width, top } = button.getBoundingClientRect();
    const most = document.documentElement.clientWidth - menu.offsetWidth - GAP;
    menu.style.setProperty('left', `${Math.max(GAP, Math.min(most, left + (width - menu.offsetWidth) / 2))}px`);
    menu.style.setProperty('top', `${top - menu.offsetHeight - GAP}px`);
    menu.querySelector('button')?.focus();
  });
  rove(menu, 'button');
  return { button, menu };
}
