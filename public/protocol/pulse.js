/** How often to look at the clock, in milliseconds. */
const TICK = 5_000;
/** A clock that is this much ahead was not looked at because the machine slept, or this page did, in milliseconds. */
const SLEPT = 15_000;
/** After so much silence a sign of life is asked for, in milliseconds; the server's own pings are not seen by a page. */
const SILENCE = 25_000;

/**
 * Notices that a connection may have died without a word: in a long silence, and after a sleep at once.
 */
export class Pulse {
  #probe;
  #heardAt = Date.now();
  #tickedAt = Date.now();

  /** @param {() => void} probe Asks for a sign of life. */
  constructor(probe) {
    this.#probe = probe;
    setInterval(() => this.#tick(), TICK);
  }

  /** The server said something. */
  heard() {
    this.#heardAt = Date.now();
  }

  #tick() {
    const now = Date.now();
    const slept = now - this.#tickedAt > SLEPT;
    this.#tickedAt = now;
    if (!slept && now - this.#heardAt < SILENCE) return;
    // The answer, or the next connection, is heard; meanwhile one question is enough.
    this.#heardAt = now;
    this.#probe();
  }
}
