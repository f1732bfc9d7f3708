import { element } from '../dom.js';

/** So many colours can be told apart. */
const HUES = 15;

/**
 * A person at a glance: initials, a colour of their own and a dot that says whether they are here.
 */
export class UserAvatar extends HTMLElement {
  #shown = '';

  connectedCallback() {
    this.setAttribute('aria-hidden', 'true');
  }

  /**
   * @param {string} uuid
   * @param {string} name
   * @param {boolean} [online] No dot where it is absent.
   */
  show(uuid, name, online) {
    const shown = JSON.stringify([uuid, name, online]);
    if (shown === this.#shown) return this;
    this.#shown = shown;
    this.style.setProperty('--hue', String(hue(uuid)));
    const dot = online === undefined ? undefined : element('span', { class: online ? 'dot online' : 'dot' });
    this.replaceChildren(initials(name), ...(dot ? [dot] : []));
    return this;
  }
}

customElements.define('user-avatar', UserAvatar);

/** @param {string} name */
function initials(name) {
  const words = name.split(/[\s._-]+|(?<=\p{Ll})(?=\p{Lu})/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.slice(0, 2).map((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? '');
  return letters.join('').toLocaleUpperCase() || (name.trim()[0] ?? '');
}

/**
 * The same for the same person everywhere, in degrees.
 *
 * @param {string} uuid
 */
function hue(uuid) {
  let mixed = 0x811c9dc5;
  for (const character of uuid) mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 0x01000193);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (((mixed ^ (mixed >>> 13)) >>> 0) % HUES) * (360 / HUES);
}
