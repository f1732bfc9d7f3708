/**
 * What is kept of them, with whose they are, if anybody's, and when they were written.
 *
 * @typedef {{ author: string | undefined, at: number, texts: Record<string, string> }} Kept
 */

/**
 * What was typed and not sent, a text for each channel. Each window has its own, which outlive it: two windows may be writing
 * different things to the same channel, and neither must change under the writer's hands.
 */
export class Drafts {
  #keep;
  #author;
  /** @type {Map<string, string>} */
  #texts;

  /**
   * @param {import('../protocol/keep.js').Keep<Kept>} keep
   * @param {string} [author] Who uses this window.
   */
  constructor(keep, author) {
    this.#keep = keep;
    this.#author = author;
    this.#texts = new Map(Object.entries(keep.read()?.texts ?? {}));
  }

  /** @param {string} channel */
  read(channel) {
    return this.#texts.get(channel) ?? '';
  }

  /**
   * @param {string} channel
   * @param {string} text
   */
  write(channel, text) {
    if (text === this.read(channel)) return;
    if (text) this.#texts.set(channel, text);
    else this.#texts.delete(channel);
    this.#save();
  }

  /**
   * Somebody else goes on with them.
   *
   * @param {string | undefined} author
   */
  passTo(author) {
    this.#author = author;
    this.#save();
  }

  clear() {
    this.#texts.clear();
    this.#save();
  }

  #save() {
    const texts = Object.fromEntries(this.#texts);
    this.#keep.write(this.#texts.size === 0 ? undefined : { author: this.#author, at: Date.now(), texts });
  }
}
