/** @typedef {import('../protocol/calls.js').Source} Source */

/** Picture heights between which the server is not asked anew, in pixels. */
const RUNGS = Object.freeze([90, 135, 180, 270, 360, 480, 540, 720, 1080, 1440, 2160]);
/** A picture that is enlarged by a tenth looks no worse. */
const ENLARGED = 0.9;
/** A window that is being dragged has many sizes, in milliseconds. */
const SETTLED = 120;
/** Who looks elsewhere for longer than this needs no pictures, in milliseconds. */
const HIDDEN = 10_000;

/** How large each picture is shown here, so that the server sends no more than that. */
export class CallSubscriptions {
  #tell;
  /** @type {Map<string, { participant: string, source: Source, height: number }>} */
  #wanted = new Map();
  /** @type {Map<string, number>} */
  #told = new Map();
  #unseen = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hiding;

  /** @param {(subscription: { participant: string, source: Source, height: number }) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * @param {string} participant
   * @param {Source} source
   * @param {number} height In real pixels; 0 where it is not to be seen.
   */
  show(participant, source, height) {
    const key = `${participant} ${source}`;
    const known = this.#wanted.has(key);
    this.#wanted.set(key, { participant, source, height: rung(height) });
    // The first picture of somebody is not waited for.
    if (known) this.#timer ??= setTimeout(() => this.#settle(), SETTLED);
    else this.#settle();
  }

  /**
   * Whether the page is hidden.
   *
   * @param {boolean} hidden
   */
  hide(hidden) {
    clearTimeout(this.#hiding);
    if (hidden) this.#hiding = setTimeout(() => this.#look(true), HIDDEN);
    else this.#look(false);
  }

  /** Whoever is told from now on knows nothing yet. */
  again() {
    this.#told.clear();
    this.#settle();
  }

  /**
   * Forgets who is not there any more.
   *
   * @param {Set<string>} participants
   */
  keep(participants) {
    for (const [key, { participant }] of this.#wanted) {
      if (participants.has(participant)) continue;
      this.#wanted.delete(key);
      this.#told.delete(key);
    }
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#hiding);
  }

  /** @param {boolean} unseen */
  #look(unseen) {
    this.#unseen = unseen;
    this.#settle();
  }

  #settle() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [key, { participant, source, height }] of this.#wanted) {
      const now = this.#unseen ? 0 : height;
      if (this.#told.get(key) === now) continue;
      this.#told.set(key, now);
      this.#tell({ participant, source, height: now });
    }
  }
}

/**
 * The next greater height that is worth asking for.
 *
 * @param {number} height
 */
export function rung(height) {
  return height <= 0 ? 0 : (RUNGS.find((step) => step >= height * ENLARGED) ?? RUNGS.at(-1) ?? 0);
}
