/** Sound that is not louder than this is no speech: the same 52 dB below overload as media nodes take. */
const AUDIBLE = 10 ** (-52 / 20);
/** Of what is heard between two words, so much is left at each look: speech has pauses. */
const FADING = 0.66;
/** Another speaker must be so many times as loud. */
const LOUDER = 1.4;
/** And at so many looks in a row. */
const CONFIRMED = 2;
/** A speaker stays the active one for so many looks at least. */
const STAYS = 4;

/**
 * Who speaks, from how loud everybody is a few times a second, where no media node tells. Slow to change its mind about whom to look at.
 */
export class Speakers {
  /** Whom to look at: who speaks, or spoke last. @type {string | undefined} */
  active;

  /** @type {Map<string, number>} */
  #loudness = new Map();
  /** Since how many looks. */
  #since = 0;
  /** @type {{ participant: string, looks: number } | undefined} */
  #rival;

  /** Who is heard now. */
  get speaking() {
    return [...this.#loudness].filter(([, loudness]) => loudness >= AUDIBLE).map(([participant]) => participant);
  }

  /** @param {Map<string, number>} levels How loud everybody is, from 0 to 1. */
  look(levels) {
    this.#loudness = new Map([...levels].map(([participant, level]) => [participant, Math.max(level, (this.#loudness.get(participant) ?? 0) * FADING)]));
    this.#since += 1;
    const [loudest] = this.speaking.sort((one, other) => this.#of(other) - this.#of(one));
    if (this.active === undefined || !levels.has(this.active)) return this.#choose(loudest);
    const rivals = loudest !== undefined && loudest !== this.active && this.#of(loudest) >= LOUDER * this.#of(this.active);
    this.#rival = rivals ? { participant: loudest, looks: this.#rival?.participant === loudest ? this.#rival.looks + 1 : 1 } : undefined;
    if (this.#rival && this.#rival.looks >= CONFIRMED && this.#since >= STAYS) this.#choose(loudest);
  }

  /** @param {string | undefined} participant */
  #choose(participant) {
    this.active = participant;
    this.#since = 0;
    this.#rival = undefined;
  }

  /** @param {string} participant */
  #of(participant) {
    return this.#loudness.get(participant) ?? 0;
  }
}
