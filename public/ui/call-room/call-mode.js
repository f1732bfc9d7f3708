import { modeWords } from '../../state/call-words.js';
import { element } from '../dom.js';

/** How far below its button, and from the edges of the page, in pixels. */
const GAP = 8;

/** How the call is carried, in two words; who wants to know more presses them. */
export class CallMode {
  #name = element('span', { class: 'name' });
  #meaning = element('p', {});
  #title = element('h2', {});
  button = element('button', { class: 'mode', type: 'button', hidden: true }, this.#name);
  words = element('div', { class: 'mode-words', role: 'dialog', popover: 'auto', tabindex: -1 }, this.#title, this.#meaning);
  #shown = '';

  constructor() {
    this.button.popoverTargetElement = this.words;
    this.words.addEventListener('toggle', ({ newState }) => newState === 'open' && this.#place());
  }

  /** @param {import('../../protocol/calls.js').Mode | undefined} mode */
  show(mode) {
    if (mode === undefined || mode === this.#shown) return;
    this.#shown = mode;
    const { name, meaning } = modeWords(mode);
    this.button.hidden = false;
    this.button.title = `${name}: what that means`;
    this.#name.textContent = name;
    this.#title.textContent = name;
    this.#meaning.textContent = meaning;
    this.words.setAttribute('aria-label', name);
  }

  #place() {
    const { left, bottom } = this.button.getBoundingClientRect();
    const most = document.documentElement.clientWidth - this.words.offsetWidth - GAP;
    this.words.style.setProperty('left', `${Math.max(GAP, Math.min(most, left))}px`);
    this.words.style.setProperty('top', `${bottom + GAP}px`);
    this.words.focus();
  }
}
