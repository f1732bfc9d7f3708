/** Finds people by name, however it is written, for all who are known. */
export class Names {
  #people;
  /** @type {Map<string, string> | undefined} */
  #byName;
  /** Grows when names came or changed. */
  version = 0;

  /** @param {import('./people.js').People} people */
  constructor(people) {
    this.#people = people;
    people.on('change', () => {
      this.#byName = undefined;
      this.version += 1;
    });
  }

  /**
   * @param {string} name
   * @returns {string | undefined} A user's UUID.
   */
  find(name) {
    this.#byName ??= new Map(this.#people.list().map(({ UUID, Username }) => [fold(Username), UUID]));
    return this.#byName.get(fold(name));
  }
}

/** @param {string} name */
function fold(name) {
  return name.normalize('NFKC').toLowerCase();
}
