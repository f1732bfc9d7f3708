/** As many lines as are kept. */
const KEPT = 100;

/** What was written in this window, to be walked through again; the line that is being written waits at its end. */
export class Recall {
  #keep;
  /** @type {string[]} */
  #lines;
  #written = '';
  #at;

  /** @param {import('../protocol/keep.js').Keep<string[]>} keep */
  constructor(keep) {
    this.#keep = keep;
    this.#lines = keep.read() ?? [];
    this.#at = this.#lines.length;
  }

  /** Whether a line of the past is before the writer's eyes. */
  get isWalking() {
    return this.#at < this.#lines.length;
  }

  /** @param {string} line */
  add(line) {
    this.#lines = [...this.#lines.filter((other) => other !== line), line].slice(-KEPT);
    this.#keep.write(this.#lines);
    this.stay();
  }

  /**
   * The line before, if there is one.
   *
   * @param {string} written What is there now.
   */
  back(written) {
    if (this.#at === 0) return undefined;
    if (!this.isWalking) this.#written = written;
    this.#at -= 1;
    return this.#lines[this.#at];
  }

  /** The line behind; at the end the one that was being written. */
  forward() {
    if (!this.isWalking) return undefined;
    this.#at += 1;
    return this.isWalking ? this.#lines[this.#at] : this.#written;
  }

  /** What is there now is being written. */
  stay() {
    this.#at = this.#lines.length;
    this.#written = '';
  }

  clear() {
    this.#lines = [];
    this.#keep.write(undefined);
    this.stay();
  }
}
