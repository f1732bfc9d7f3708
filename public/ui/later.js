/** @typedef {HTMLElement & { open: (...wish: any[]) => void }} Opener */

/**
 * A dialog whose program is fetched in an idle moment or when it is wanted, not before the visitor can write. Once it is there it opens
 * without delay.
 *
 * @template Module
 * @template {Opener} Dialog
 */
export class Later {
  #home;
  #fetch;
  #make;
  #failed;
  /** @type {Dialog | undefined} */
  #dialog;

  /**
   * @param {HTMLElement} home Where it is put.
   * @param {() => Promise<Module>} fetch
   * @param {(module: Module) => Dialog} make
   * @param {() => void} failed There is no connection to fetch it by.
   */
  constructor(home, fetch, make, failed) {
    this.#home = home;
    this.#fetch = fetch;
    this.#make = make;
    this.#failed = failed;
  }

  /** @param {Parameters<Dialog['open']>} wish */
  async open(...wish) {
    const dialog = this.#dialog ?? (await this.prepare());
    if (dialog) dialog.open(...wish);
    else this.#failed();
  }

  /** However often it is asked, the browser fetches once. */
  async prepare() {
    const module = await this.#fetch().catch(() => undefined);
    if (this.#dialog || !module) return this.#dialog;
    this.#dialog = this.#make(module);
    this.#home.append(this.#dialog);
    return this.#dialog;
  }
}
