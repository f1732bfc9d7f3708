/** Finds people by name, however it is written, for all who are known. */
export class Names {
  #people;
  #version = -1;
  /** @type {Map<string, string>} */
  #byName = new Map();

  /** @param {import('./people.js').People} people */
  constructor(people) {
    this.#people = people;
  }

  /** Grows when names came or changed. */
  get version() {
    return this.#people.naming;
  }

  /**
   * @param {string} name
   * @returns {string | undefined} A user's UUID.
   */
  find(name) {
    if (this.#version !== this.version) {
      this.#version = this.version;
      this.#byName = new Map(this.#people.list().map(({ UUID, Username }) => [foldName(Username), UUID]));
    }
    return this.#byName.get(foldName(name));
  }
}

/**
 * Names and texts as the server compares them: spelling and case make no difference.
 *
 * @param {string} name
 */
export function foldName(name) {
  return name.normalize('NFKC').toLowerCase();
}
