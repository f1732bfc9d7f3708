/** @typedef {import('../protocol/calls.js').Quality} Quality */

/**
 * What was measured of a connection: the share of packets that were lost, from 0 to 1; there and back, and how unevenly sound comes in,
 * in seconds.
 *
 * @typedef {{ loss: number, roundTrip: number, jitter: number }} Measured
 */

/** Up to this much there is nothing to notice, or little: the same as media nodes say. */
const GOOD = Object.freeze({ loss: 0.03, roundTrip: 0.25, jitter: 0.04 });
const FAIR = Object.freeze({ loss: 0.1, roundTrip: 0.5, jitter: 0.1 });
/** A better word is believed when it was measured so often in a row; a worse one at once. */
const BELIEVED = 4;
/** @type {readonly Quality[]} */
const WORST_FIRST = Object.freeze(['poor', 'fair', 'good']);

/** How good one connection is, in a word that does not flicker. */
export class PairQuality {
  /** @type {Quality} */
  word = 'good';
  /** Those that were better than the word shown, since the last one that was not. @type {Quality[]} */
  #better = [];

  /** @param {Measured} measured */
  measured(measured) {
    const now = wordFor(measured);
    if (rank(now) <= rank(this.word)) {
      this.word = now;
      this.#better = [];
      return;
    }
    this.#better.push(now);
    if (this.#better.length < BELIEVED) return;
    this.word = worst(this.#better);
    this.#better = [];
  }
}

/** @param {Measured} measured @returns {Quality} */
export function wordFor({ loss, roundTrip, jitter }) {
  const within = (/** @type {Measured} */ most) => loss <= most.loss && roundTrip <= most.roundTrip && jitter <= most.jitter;
  if (within(GOOD)) return 'good';
  return within(FAIR) ? 'fair' : 'poor';
}

/**
 * How good our own connection is: if one way is good, it is not ours that is bad.
 *
 * @param {Quality[]} words Of all the ways.
 */
export function best(words) {
  return words.reduce((one, other) => (rank(one) > rank(other) ? one : other));
}

/** @param {Quality[]} words */
function worst(words) {
  return words.reduce((one, other) => (rank(one) < rank(other) ? one : other));
}

/** @param {Quality} word */
function rank(word) {
  return WORST_FIRST.indexOf(word);
}
