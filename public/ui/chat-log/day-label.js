import { element } from '../dom.js';
import { day } from '../format.js';

/** How long it stays in view after scrolling, in milliseconds. */
const SHOWN = 1_200;

/** The day of what is on top, while the list moves. */
export class DayLabel {
  node = element('p', { class: 'day-label', 'aria-hidden': 'true' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Date | undefined} at */
  show(at) {
    const text = at ? day(at) : '';
    if (text && this.node.textContent !== text) this.node.textContent = text;
    clearTimeout(this.#timer);
    this.node.classList.toggle('shown', text !== '');
    this.#timer = setTimeout(() => this.node.classList.remove('shown'), SHOWN);
  }
}
