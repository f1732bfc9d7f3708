/**
 * Up to where this user has read each channel: here, of which the server is to be told, or in another window or on another
 * device, of which the server tells. Marks only move forward.
 */
export class ReadMarks {
  /** @type {Map<string, number>} */
  #read = new Map();
  /** As far as the server knows. @type {Map<string, number>} */
  #told = new Map();

  /** @param {string} channel */
  of(channel) {
    return this.#read.get(channel);
  }

  /**
   * Everything up to this message was read here.
   *
   * @param {string} channel
   * @param {number} seq
   */
  read(channel, seq) {
    forward(this.#read, channel, seq);
  }

  /**
   * The server knows, or is being told.
   *
   * @param {string} channel
   * @param {number} seq
   */
  known(channel, seq) {
    forward(this.#told, channel, seq);
    forward(this.#read, channel, seq);
  }

  /**
   * Whether more was read than the server knows.
   *
   * @param {string} channel
   */
  owed(channel) {
    return (this.#read.get(channel) ?? 0) > (this.#told.get(channel) ?? 0);
  }

  /** What the server was told last it may not have heard. */
  doubt() {
    this.#told.clear();
  }

  /**
   * The channel was loaded anew and ends here. A mark beyond its end was made in a log that is no more.
   *
   * @param {string} channel
   * @param {number} newest
   */
  limit(channel, newest) {
    for (const marks of [this.#read, this.#told]) {
      const mark = marks.get(channel);
      if (mark !== undefined && mark > newest) marks.set(channel, newest);
    }
  }

  clear() {
    this.#read.clear();
    this.#told.clear();
  }
}

/**
 * @param {Map<string, number>} marks
 * @param {string} channel
 * @param {number} seq
 */
function forward(marks, channel, seq) {
  marks.set(channel, Math.max(seq, marks.get(channel) ?? 0));
}
