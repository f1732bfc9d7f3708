/**
 * What is kept between visits. A browser may refuse its storage, even to be looked at (private windows, full quota); then
 * things are kept for as long as the page is open.
 *
 * @typedef {() => { getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void }} Box
 */

/**
 * One value under one name.
 *
 * @template T
 */
export class Keep {
  #box;
  #name;
  /** @type {T | undefined} */
  #copy;
  /** The browser has not taken what was last written. */
  #refused = false;

  /**
   * @param {Box} box
   * @param {string} name
   */
  constructor(box, name) {
    this.#box = box;
    this.#name = `rialto.${name}`;
  }

  /** @returns {T | undefined} */
  read() {
    if (this.#refused) return this.#copy;
    try {
      const text = this.#box().getItem(this.#name);
      return text === null ? undefined : JSON.parse(text);
    } catch {
      return this.#copy;
    }
  }

  /** @param {T | undefined} value */
  write(value) {
    this.#copy = value;
    try {
      if (value === undefined) this.#box().removeItem(this.#name);
      else this.#box().setItem(this.#name, JSON.stringify(value));
      this.#refused = false;
    } catch {
      // The copy serves until the page is closed.
      this.#refused = true;
    }
  }
}
