import { backoff } from './backoff.js';
import { Emitter } from './emitter.js';

/** Who was served for so long before is served steadily, in milliseconds. */
const STEADY = 10_000;
/** What comes and goes is not looked into more often than after this many attempts, so a second or two apart. */
const UNSTEADY = 2;

/**
 * The server is there, but cannot reach what it keeps everything in. From the first request that is refused for this reason
 * on, one look after the other is taken, ever more seldom, until one is answered.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Outage extends Emitter {
  lasts = false;
  /** When the next look is due. While one is being taken there is none. @type {number | undefined} */
  until;

  #look;
  #random;
  #attempt = 0;
  #endedAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => void} look Leads to {@link noticed} or to {@link over}.
   * @param {() => number} [random]
   */
  constructor(look, random = Math.random) {
    super();
    this.#look = look;
    this.#random = random;
  }

  /** A request was refused. */
  noticed() {
    // Of requests that were under way together, the first tells everything.
    if (this.until !== undefined) return;
    if (!this.lasts) this.#attempt = Date.now() - this.#endedAt > STEADY ? 0 : Math.min(this.#attempt, UNSTEADY);
    this.lasts = true;
    const wait = backoff(this.#attempt, this.#random);
    this.#attempt += 1;
    this.until = Date.now() + wait;
    this.#timer = setTimeout(() => this.lookNow(), wait);
    this.emit('change', undefined);
  }

  /** Takes the next look before it is due. */
  lookNow() {
    if (this.until === undefined) return;
    this.#unschedule();
    this.emit('change', undefined);
    this.#look();
  }

  /** Something that needs the storage was done, or there is no connection to notice it by. */
  over() {
    if (!this.lasts) return;
    this.#unschedule();
    this.lasts = false;
    this.#endedAt = Date.now();
    this.emit('change', undefined);
  }

  #unschedule() {
    clearTimeout(this.#timer);
    this.until = undefined;
  }
}
