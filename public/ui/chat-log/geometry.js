/** A guess for the first rows, in pixels. */
const LIKELY = 44;

/**
 * How high each row is and so where it begins, in pixels from the first one's top. What has not been measured is taken to be as
 * high as the average of what has; a guess stays the same until it is replaced, so that nothing moves without need.
 */
export class Geometry {
  /** @type {string[]} */
  #keys = [];
  /** @type {Map<string, number>} */
  #indexes = new Map();
  /** @type {Map<string, number>} */
  #heights = new Map();
  #offsets = new Float64Array(1);
  #stale = false;
  #measured = 0;
  #sum = 0;

  /** @param {string[]} keys All rows, from top to bottom. */
  set(keys) {
    const likely = this.#likely();
    const heights = new Map();
    this.#keys = keys;
    this.#indexes = new Map(keys.map((key, index) => [key, index]));
    for (const key of keys) heights.set(key, this.#heights.get(key) ?? likely);
    this.#heights = heights;
    this.#stale = true;
  }

  /**
   * @param {string} key
   * @param {number} height
   * @returns {boolean} Whether that is news.
   */
  measure(key, height) {
    const before = this.#heights.get(key);
    if (before === undefined || Math.abs(before - height) < 0.01) return false;
    this.#heights.set(key, height);
    this.#measured += 1;
    this.#sum += height;
    this.#stale = true;
    return true;
  }

  /** The rows are as wide as they were no longer: all heights are guesses again. */
  forget() {
    const likely = this.#likely();
    for (const key of this.#keys) this.#heights.set(key, likely);
    this.#measured = 0;
    this.#sum = 0;
    this.#stale = true;
  }

  get count() {
    return this.#keys.length;
  }

  /** How high all rows are together. */
  get total() {
    return this.offset(this.#keys.length);
  }

  /** @param {string} key @returns {number} Its place, or -1. */
  indexOf(key) {
    return this.#indexes.get(key) ?? -1;
  }

  /**
   * Where a row begins; of the number of rows, where the last one ends.
   *
   * @param {number} index
   */
  offset(index) {
    if (this.#stale) this.#sumUp();
    return this.#offsets[index] ?? 0;
  }

  /** @param {number} index */
  height(index) {
    return this.offset(index + 1) - this.offset(index);
  }

  /**
   * The row at a height: the first one for all above, the last one for all below.
   *
   * @param {number} y
   */
  at(y) {
    let [low, high] = [0, Math.max(0, this.#keys.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.offset(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #likely() {
    return this.#measured > 0 ? this.#sum / this.#measured : LIKELY;
  }

  #sumUp() {
    const offsets = new Float64Array(this.#keys.length + 1);
    let sum = 0;
    for (const [index, key] of this.#keys.entries()) {
      sum += this.#heights.get(key) ?? 0;
      offsets[index + 1] = sum;
    }
    this.#offsets = offsets;
    this.#stale = false;
  }
}
