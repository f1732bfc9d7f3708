import { Emitter } from '../protocol/emitter.js';

/**
 * @typedef {'system' | 'light' | 'dark'} Theme
 *
 * @typedef {object} Values
 * @property {Theme} theme
 * @property {boolean} notifications Of the desktop, for what is written to this user.
 * @property {boolean} sound With what is written to this user.
 * @property {boolean} greeted A guest was told what this place is, and has heard enough.
 */

/** @type {readonly Theme[]} */
export const THEMES = Object.freeze(['system', 'light', 'dark']);

/**
 * How this browser's user wants the page to be, in all of its windows.
 *
 * `change`: `here` where it was chosen in this window, just now.
 *
 * @extends {Emitter<{ change: { here: boolean } }>}
 */
export class Preferences extends Emitter {
  #keep;
  /** @type {Values} */
  #values;

  /** @param {import('../protocol/keep.js').Keep<Partial<Values>>} keep */
  constructor(keep) {
    super();
    this.#keep = keep;
    this.#values = wellFormed(keep.read());
  }

  get theme() {
    return this.#values.theme;
  }

  get notifications() {
    return this.#values.notifications;
  }

  get sound() {
    return this.#values.sound;
  }

  get greeted() {
    return this.#values.greeted;
  }

  /**
   * @template {keyof Values} Name
   * @param {Name} name
   * @param {Values[Name]} value
   */
  set(name, value) {
    this.#values = wellFormed({ ...this.#keep.read(), [name]: value });
    this.#keep.write(this.#values);
    this.emit('change', { here: true });
  }

  /** Another window may have chosen something else. */
  refresh() {
    const values = wellFormed(this.#keep.read());
    if (JSON.stringify(values) === JSON.stringify(this.#values)) return;
    this.#values = values;
    this.emit('change', { here: false });
  }
}

/**
 * What was kept may be of another version, or of another hand.
 *
 * @param {Partial<Values> | undefined} kept
 * @returns {Values}
 */
function wellFormed(kept) {
  return {
    theme: THEMES.find((theme) => theme === kept?.theme) ?? 'system',
    notifications: kept?.notifications === true,
    sound: kept?.sound === true,
    greeted: kept?.greeted === true,
  };
}
