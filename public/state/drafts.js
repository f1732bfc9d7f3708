/**
 * What was typed and not sent, a text for each channel. Each window has its own, which outlive it being loaded again: two
 * windows may be writing different things to the same channel, and neither must change under the writer's hands.
 */
export class Drafts {
  #keep;
  /** @type {Record<string, string>} */
  #texts;

  /** @param {import('../protocol/keep.js').Keep<Record<string, string>>} keep */
  constructor(keep) {
    this.#keep = keep;
    this.#texts = keep.read() ?? {};
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
    if (text) this.#texts[channel] = text;
    else delete this.#texts[channel];
    this.#keep.write(this.#texts);
  }

  clear() {
    this.#texts = {};
    this.#keep.write(undefined);
  }
}
