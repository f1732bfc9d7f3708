import { element, rove } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../protocol/types.js').Message} Message */
/** @typedef {Extract<import('../../state/rows.js').Row, { kind: 'message' }>} MessageRow */

const EMOJI = Object.freeze(['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '👀', '✅', '❌', '🔥', '💯', '🚀', '👏', '🤔', '👋']);

/**
 * What can be done with a message.
 *
 * @typedef {object} Deeds
 * @property {(message: Message, emoji: string) => void} react
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} copy
 * @property {(row: MessageRow) => void} edit
 * @property {(message: Message) => void} delete
 */

/** The tools overlap what they belong to by this much, in pixels, where that is not beside them. */
const OVERLAP = 8;

/** The tools of one message at a time: of that under the pointer, or of that with the focus. */
export class MessageActions {
  #home;
  #deeds;
  #bar = element('div', { class: 'actions', role: 'toolbar', 'aria-label': 'Message actions' });
  #picker = element('div', { class: 'picker', popover: 'auto', role: 'toolbar', 'aria-label': 'Reactions to choose from' });
  /** @type {MessageRow | undefined} */
  #row;

  /**
   * @param {HTMLElement} home Holds the picker, and is what can be seen.
   * @param {Deeds} deeds
   */
  constructor(home, deeds) {
    this.#home = home;
    this.#deeds = deeds;
    home.append(this.#picker);
    for (const emoji of EMOJI) this.#picker.append(element('button', { type: 'button', onclick: () => this.#chosen(emoji) }, emoji));
    rove(this.#bar, 'button');
    rove(this.#picker, 'button');
    this.#bar.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#back(event);
    });
  }

  /** Whose tools are shown. */
  get key() {
    return this.#row?.key;
  }

  /** Whether they are in use, so that the pointer does not take them elsewhere. A click leaves its focus behind, which is no use. */
  get busy() {
    return this.#picker.matches(':popover-open') || this.#bar.querySelector(':focus-visible') !== null;
  }

  /**
   * @param {MessageRow | undefined} row
   * @param {HTMLElement | undefined} item What shows it.
   */
  show(row, item) {
    if (!row || !item || row.message.DeletedAt) {
      this.#row = undefined;
      this.#bar.remove();
      return;
    }
    if (this.#row !== row) this.#fill(row);
    this.#row = row;
    const line = item.querySelector('.line') ?? item;
    if (this.#bar.parentElement === line) return;
    line.append(this.#bar);
    this.#keepInView(line);
  }

  /**
   * Where the style sheet's place is beyond the top, they hang from the message instead, or as low as can be seen; never over the button
   * that unfolds it.
   *
   * @param {Element} line
   */
  #keepInView(line) {
    const bar = this.#bar;
    bar.classList.remove('hanging');
    const [view, message, own] = [this.#home, line, bar].map((node) => node.getBoundingClientRect());
    if (!view || !message || !own || own.top >= view.top) return;
    const lowest = Math.min(message.bottom, view.bottom - own.height) - OVERLAP;
    const more = line.querySelector('.folded > button')?.getBoundingClientRect();
    const top = more && lowest < more.bottom ? Math.min(lowest, more.top - own.height) : lowest;
    bar.style.setProperty('--hang', `${top - message.top}px`);
    bar.classList.add('hanging');
  }

  /** Which of the tools has the focus, or -1. */
  get held() {
    return [...this.#bar.children].findIndex((button) => button === document.activeElement);
  }

  /** @param {number} [tool] */
  focus(tool = 0) {
    const button = this.#bar.children[tool];
    if (button instanceof HTMLElement) button.focus({ preventScroll: true });
  }

  /** @param {MessageRow} row */
  #fill(row) {
    const { message, own } = row;
    const deeds = this.#deeds;
    const react = this.#button('smile', 'React', () => this.#choose(react));
    const buttons = [
      react,
      this.#button('quote', 'Reply', () => deeds.reply(message)),
      this.#button('copy', 'Copy text', () => deeds.copy(message)),
      ...(own ? [this.#button('write', 'Edit', () => deeds.edit(row)), this.#button('remove', 'Delete', () => deeds.delete(message))] : []),
    ];
    this.#bar.replaceChildren(...buttons);
  }

  /**
   * @param {Parameters<typeof icon>[0]} picture
   * @param {string} name
   * @param {() => void} does
   */
  #button(picture, name, does) {
    return element('button', { type: 'button', 'aria-label': name, title: name, tabindex: -1, onclick: does }, icon(picture));
  }

  /** @param {HTMLElement} opener */
  #choose(opener) {
    const { style } = this.#picker;
    this.#picker.showPopover();
    const [at, size] = [opener.getBoundingClientRect(), this.#picker.getBoundingClientRect()];
    const above = at.top - size.height - 4;
    style.setProperty('--top', `${above > 0 ? above : at.bottom + 4}px`);
    style.setProperty('--left', `${Math.max(8, Math.min(at.right - size.width, innerWidth - size.width - 8))}px`);
    this.#picker.querySelector('button')?.focus();
  }

  /** @param {string} emoji */
  #chosen(emoji) {
    const message = this.#row?.message;
    this.#picker.hidePopover();
    if (message) this.#deeds.react(message, emoji);
  }

  /** @param {KeyboardEvent} event */
  #back(event) {
    event.stopPropagation();
    const item = this.#bar.closest('.message');
    if (item instanceof HTMLElement) item.focus({ preventScroll: true });
  }
}
