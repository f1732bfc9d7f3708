/**
 * People who talk to the server without a window of their own: bare sockets, held open by one page.
 */
export class Cast {
  #page;

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} url
   */
  static async gather(browser, url) {
    const cast = new Cast();
    const context = await browser.newContext();
    cast.#page = await context.newPage();
    await cast.#page.goto(new URL('favicon.svg', url).href);
    await cast.#page.evaluate(() => {
      const people = new Map();
      let count = 0;
      globalThis.cast = {
        async enter(username, password) {
          const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`);
          const waiting = new Map();
          socket.onmessage = ({ data }) => {
            const frame = JSON.parse(data);
            const taken = waiting.get(frame.id);
            waiting.delete(frame.id);
            if (frame.type === 'error') taken?.reject(new Error(frame.error.error));
            else taken?.resolve(frame[frame.type]);
          };
          await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
          const ask = (type, payload) =>
            new Promise((resolve, reject) => {
              const id = String((count += 1));
              waiting.set(id, { resolve, reject });
              socket.send(JSON.stringify({ type, id, [type]: payload }));
            });
          const { userUUID, accessKey } = await ask('signUp', { username, password });
          people.set(username, { socket, ask, identity: { userUUID, accessKey, username, guest: false } });
          return userUUID;
        },
        identity: (username) => people.get(username).identity,
        ask: (username, type, payload) => people.get(username).ask(type, payload),
        leave: (username) => people.get(username).socket.close(),
      };
    });
    return cast;
  }

  /**
   * Makes an account, and stays.
   *
   * @param {string} username
   * @param {string} password
   * @returns {Promise<string>} The user's UUID.
   */
  enter(username, password) {
    return this.#page.evaluate(([name, secret]) => globalThis.cast.enter(name, secret), [username, password]);
  }

  /**
   * What a browser keeps of somebody who is signed in.
   *
   * @param {string} username
   * @returns {Promise<Record<string, unknown>>}
   */
  identity(username) {
    return this.#page.evaluate((name) => globalThis.cast.identity(name), username);
  }

  /**
   * @param {string} username
   * @param {string} type
   * @param {Record<string, unknown>} payload
   */
  ask(username, type, payload) {
    return this.#page.evaluate(([name, kind, body]) => globalThis.cast.ask(name, kind, body), [username, type, payload]);
  }

  /** @param {string} username */
  leave(username) {
    return this.#page.evaluate((name) => globalThis.cast.leave(name), username);
  }
}
