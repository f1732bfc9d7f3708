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
  /** @type {Record<string, string>} */
  #texts;

  /**
   * @param {import('../protocol/keep.js').Keep<Kept>} keep
   * @param {string} [author] Who uses this window.
   */
  constructor(keep, author) {
    this.#keep = keep;
    this.#author = author;
    this.#texts = { ...keep.read()?.texts };
  }

  /** @param {string} channel */
  read(channel) {
    return this.#texts[channel] ?? '';
  }

  /**
   * @param {string} channel
   * @param {string} text
   */
  write(channel, text) {
    if (text === this.read(channel)) return;
    if (text) this.#texts[channel] = text;
    else delete this.#texts[channel];
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
    this.#texts = {};
    this.#save();
  }

  #save() {
    const none = Object.keys(this.#texts).length === 0;
    this.#keep.write(none ? undefined : { author: this.#author, at: Date.now(), texts: this.#texts });
  }
}
