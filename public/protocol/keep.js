import { wellFormed } from './shapes.js';

/**
 * What is kept between visits. A browser may refuse its storage, even to be looked at (private windows, full quota); then
 * things are kept for as long as the page is open.
 *
 * @typedef {object} Store
 * @property {number} length
 * @property {(index: number) => string | null} key
 * @property {(key: string) => string | null} getItem
 * @property {(key: string, value: string) => void} setItem
 * @property {(key: string) => void} removeItem
 *
 * @typedef {() => Store} Box
 */

/**
 * One value under one name.
 *
 * @template T
 */
export class Keep {
  #box;
  #name;
  #limit;
  /** @type {T | undefined} */
  #copy;
  /** The browser has not taken what was last written. */
  #refused = false;

  /**
   * @param {Box} box
   * @param {string} name
   * @param {number} [limit] What is longer, in characters, is not given to the browser, so that it leaves room for the rest.
   */
  constructor(box, name, limit = Infinity) {
    this.#box = box;
    this.#name = `rialto.${name}`;
    this.#limit = limit;
  }

  /** @returns {T | undefined} */
  read() {
    if (this.#refused) return this.#copy;
    try {
      const text = this.#box().getItem(this.#name);
      // A window's own things are named after it first.
      return text === null ? undefined : wellFormed(this.#name.slice(this.#name.lastIndexOf('.') + 1), JSON.parse(text));
    } catch {
      return this.#copy;
    }
  }

  /**
   * @param {T | undefined} value
   * @returns Whether the browser has it now. If not, it has what was written before.
   */
  write(value) {
    this.#copy = value;
    this.#refused = !this.#store(value);
    return !this.#refused;
  }

  /** @param {T | undefined} value */
  #store(value) {
    try {
      if (value === undefined) {
        this.#box().removeItem(this.#name);
        return true;
      }
      const text = JSON.stringify(value);
      if (text.length > this.#limit) return false;
      this.#box().setItem(this.#name, text);
      return true;
    } catch {
      // The copy serves until the page is closed.
      return false;
    }
  }
}
