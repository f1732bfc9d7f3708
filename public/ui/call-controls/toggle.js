import { callIcon } from '../call-icons.js';
import { element } from '../dom.js';

/** @typedef {import('../call-icons.js').CallIconName} CallIconName */

/**
 * A round button that is on or off. Its name stays the same: what it does is told by whether it is pressed.
 */
export class Toggle {
  node;
  #pictures;
  #words;
  #keys;
  #shown = '';

  /**
   * @param {object} kind
   * @param {string} kind.name
   * @param {[CallIconName, CallIconName?]} kind.pictures On, and off.
   * @param {[string, string]} kind.words What a press does when it is on, and when it is off.
   * @param {string} [kind.keys] That do the same.
   * @param {string} [kind.look]
   * @param {() => void} press
   */
  constructor({ name, pictures, words, keys, look = '' }, press) {
    this.#pictures = pictures;
    this.#words = words;
    this.#keys = keys;
    this.node = element('button', { class: `control ${look}`, type: 'button', 'aria-label': name, 'aria-keyshortcuts': keys?.replace('Ctrl', 'Control'), onclick: press });
    this.show(false);
  }

  /**
   * @param {boolean} on
   * @param {boolean} [failed] It cannot be had at present.
   */
  show(on, failed = false) {
    const shown = `${on} ${failed}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    const [whenOn, whenOff = whenOn] = this.#pictures;
    this.node.replaceChildren(callIcon(on ? whenOn : whenOff));
    this.node.setAttribute('aria-pressed', String(on));
    this.node.classList.toggle('failed', failed);
    this.node.title = `${this.#words[on ? 0 : 1]}${this.#keys ? ` (${this.#keys.replaceAll('+', ' + ')})` : ''}`;
  }
}
