/** @typedef {import('../protocol/calls.js').Source} Source */

/**
 * Something that can be silenced and ended, such as a MediaStreamTrack.
 *
 * @typedef {{ enabled: boolean, stop: () => void }} Track
 */

/** What nobody comes with. @type {readonly Source[]} */
const SCREEN = Object.freeze(['screen', 'screenAudio']);

/**
 * What we send in a call: what of it is published, and what of that is silent.
 *
 * @template {Track} T
 */
export class CallOutgoing {
  /** @type {Set<Source>} */
  #published = new Set();
  /** @type {Set<Source>} */
  #muted = new Set();
  /** @type {Map<Source, T>} */
  #tracks = new Map();

  /**
   * Whether the others know of it, silent or not.
   *
   * @param {Source} source
   */
  has(source) {
    return this.#published.has(source);
  }

  /** @param {Source} source */
  isOn(source) {
    return this.#published.has(source) && !this.#muted.has(source);
  }

  /** @param {Source} source */
  track(source) {
    return this.#tracks.get(source);
  }

  /** What is silent. */
  get muted() {
    return [...this.#muted];
  }

  /** What is to be published once more by whoever comes back: what nobody comes with. */
  get later() {
    return SCREEN.filter((source) => this.#published.has(source));
  }

  /**
   * In place of what there was.
   *
   * @param {Source} source
   * @param {T} track
   * @returns Whether the others have not heard of it yet.
   */
  put(source, track) {
    const before = this.#tracks.get(source);
    if (before !== track) before?.stop();
    const isNew = !this.#published.has(source);
    this.#tracks.set(source, track);
    this.#published.add(source);
    if (track.enabled) this.#muted.delete(source);
    else this.#muted.add(source);
    return isNew;
  }

  /**
   * @param {Source} source
   * @param {boolean} muted
   * @returns Whether there is anything to be silenced.
   */
  mute(source, muted) {
    const track = this.#tracks.get(source);
    if (!track) return false;
    track.enabled = !muted;
    if (muted) this.#muted.add(source);
    else this.#muted.delete(source);
    return true;
  }

  /**
   * Ends the track; it stays published, in silence.
   *
   * @param {Source} source
   */
  suspend(source) {
    if (!this.#published.has(source)) return false;
    this.#end(source);
    this.#muted.add(source);
    return true;
  }

  /** @param {Source} source */
  forget(source) {
    this.#end(source);
    this.#published.delete(source);
    this.#muted.delete(source);
  }

  /** Whoever comes back does so without a screen that is not shown any more. */
  tidy() {
    for (const source of SCREEN) if (!this.#tracks.has(source)) this.forget(source);
  }

  /** Every light is off. */
  close() {
    for (const source of [...this.#tracks.keys()]) this.#end(source);
  }

  /** @param {Source} source */
  #end(source) {
    this.#tracks.get(source)?.stop();
    this.#tracks.delete(source);
  }
}
