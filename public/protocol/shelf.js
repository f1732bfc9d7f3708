import { Keep } from './keep.js';

/** @typedef {import('./keep.js').Box} Box */

/**
 * What another window keeps.
 *
 * @typedef {{ id: string, keep: (name: string) => Keep<any> }} Place
 */

const PREFIX = 'window.';
/** A page that is loaded again may come before the one that it replaces is gone: for how long it waits, in milliseconds. */
const SUCCESSION = 500;
/** How long one value may be, in characters. Browsers grant about five million for everything. */
const LIMIT = 500_000;

/**
 * Where each window keeps things of its own that outlive it. A window goes by a name, which it knows again when it is loaded
 * again, and holds a lock of that name for as long as it lives: a tab that is duplicated brings the name with it and does not
 * get the lock, and where the lock is free the window is gone, however it ended.
 *
 * Where there are no locks (they are missing where the page came over plain HTTP from another machine) or no lasting storage,
 * things are kept for as long as the window is there, and there are no others.
 */
export class Shelf {
  #box;
  #locks;
  #id;
  /** Settles never: the browser holds the lock until then. @type {Promise<never> | undefined} */
  #life;

  /**
   * @param {Box} box
   * @param {LockManager} [locks]
   * @param {string} [id]
   */
  constructor(box, locks, id) {
    this.#box = box;
    this.#locks = locks;
    this.#id = id;
  }

  /**
   * This window's.
   *
   * @param {LockManager | undefined} locks
   * @param {Box} browserBox Kept by the browser.
   * @param {Box} windowBox Kept by this window.
   */
  static async claim(locks, browserBox, windowBox) {
    if (!locks || !isOpen(browserBox)) return new Shelf(windowBox);
    /** @type {Keep<string>} */
    const name = new Keep(windowBox, 'window');
    const known = name.read();
    const id = crypto.randomUUID();
    try {
      if (known !== undefined) {
        const same = new Shelf(browserBox, locks, known);
        if (await same.#succeed()) return same;
      }
      const fresh = new Shelf(browserBox, locks, id);
      await fresh.#hold();
      name.write(id);
      return fresh;
    } catch (error) {
      // The browser has locks, but not for this page.
      if (!(error instanceof DOMException)) throw error;
      return new Shelf(windowBox);
    }
  }

  /**
   * Whether a change in the browser's storage is a window's own affair.
   *
   * @param {string | null} key
   */
  static has(key) {
    return key?.startsWith(`rialto.${PREFIX}`) === true;
  }

  /**
   * What this window keeps.
   *
   * @param {string} name
   * @returns {Keep<any>}
   */
  keep(name) {
    return this.#keep(this.#id, name);
  }

  /** What the other windows keep, those that are there and those that are gone. @returns {Place[]} */
  others() {
    const ids = new Set(this.#entries().map(({ id }) => id));
    return [...ids].map((id) => ({ id, keep: (name) => this.#keep(id, name) }));
  }

  /**
   * Somebody leaves nothing behind in the other windows. What is kept says whose it is, or each thing in a list does.
   *
   * @param {string} author
   */
  forget(author) {
    for (const { id, name } of this.#entries()) {
      const keep = this.#keep(id, name);
      const value = keep.read();
      const rest = [value].flat().filter((thing) => thing?.author !== author);
      if (rest.length === 0) keep.write(undefined);
      else if (Array.isArray(value) && rest.length < value.length) keep.write(rest);
    }
  }

  /**
   * Does something if a window is gone, while nobody else does.
   *
   * @param {Place} place
   * @param {() => void} action
   */
  async ifGone({ id }, action) {
    await this.#locks?.request(lockOf(id), { ifAvailable: true }, (lock) => {
      if (lock) action();
    });
  }

  /** Everything that other windows keep. */
  #entries() {
    if (this.#id === undefined) return [];
    const names = keys(this.#box).filter((key) => Shelf.has(key)).map((key) => key.split('.'));
    return names.map(([, , id = '', name = '']) => ({ id, name })).filter(({ id }) => id !== this.#id);
  }

  /**
   * @param {string | undefined} id
   * @param {string} name
   * @returns {Keep<any>}
   */
  #keep(id, name) {
    return new Keep(this.#box, id === undefined ? name : `${PREFIX}${id}.${name}`, LIMIT);
  }

  /**
   * Takes this window's lock for good as soon as the page that had it before is gone. The browser says whether it is; that it takes its
   * time to answer says nothing.
   *
   * @returns {Promise<boolean>} Whether it is to be had.
   */
  async #succeed() {
    for (const end = performance.now() + SUCCESSION; ; ) {
      const isLast = performance.now() >= end;
      if (await this.#hold({ ifAvailable: true })) return true;
      if (isLast) return false;
      await new Promise((done) => setTimeout(done, SUCCESSION / 10));
    }
  }

  /**
   * Takes this window's lock for good.
   *
   * @param {LockOptions} [options]
   * @returns {Promise<boolean>} Whether it is to be had.
   */
  #hold(options = {}) {
    return new Promise((resolve, reject) => {
      /** @param {Lock | null} lock */
      const life = (lock) => {
        resolve(lock !== null);
        if (lock) this.#life = new Promise(() => {});
        return lock ? this.#life : undefined;
      };
      this.#locks?.request(lockOf(this.#id ?? ''), options, life).catch(reject);
    });
  }
}

/** @param {string} id */
function lockOf(id) {
  return `rialto.${PREFIX}${id}`;
}

/** @param {Box} box */
function isOpen(box) {
  try {
    return box() !== null;
  } catch {
    return false;
  }
}

/** @param {Box} box */
function keys(box) {
  const storage = box();
  return Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
}
