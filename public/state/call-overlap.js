/** While one kind of ways takes the place of the other, the old ones go on for so long: the others may not be there yet, in milliseconds. */
const LINGER = 6_000;
/** How often it is looked meanwhile whether something comes the new way already, in milliseconds. */
const LOOK = 200;
/** So often in a row, for ten seconds, somebody is seen to be out of the call before they have left it: who comes back does so sooner. */
export const LOOKS = 10_000 / LOOK;

/** The time in which a call has old ways and new ones. */
export class CallOverlap {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;

  /** Whether there are both. */
  get lasts() {
    return this.#looking !== undefined;
  }

  /** @param {(isLate: boolean) => void} look Time and again, until it ends. Late: who can come the new way has had the time for it. */
  begin(look) {
    this.end();
    let looks = 0;
    this.#looking = setInterval(() => {
      looks += 1;
      look(looks >= LINGER / LOOK);
    }, LOOK);
  }

  end() {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }
}
