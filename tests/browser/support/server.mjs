import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { directory } from './files.mjs';
import { freePort, Program } from './program.mjs';

const top = new URL('../../..', import.meta.url).pathname;

/** A server of its own, with its data in a directory of its own or in a Redis. It can be killed and started again. */
export class Server {
  port;
  #data;
  #settings;
  #program;

  /** @param {Record<string, string>} [settings] By the environment, as in earnest. */
  static async start(settings = {}) {
    const server = new Server();
    server.#data = await directory('page');
    server.#settings = settings;
    server.port = await freePort();
    await server.restart();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** How many connections it holds. */
  async sessions() {
    const figures = await (await fetch(new URL('metrics', this.url))).text();
    return Number(/^rialto_sessions_open (\d+)$/m.exec(figures)?.[1] ?? 0);
  }

  /** Starts on the same data and the same port. */
  async restart() {
    this.#program = new Program(binary(), [], {
      cwd: top,
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: String(this.port),
        DATA_DIR: this.#data,
        // bcrypt's least cost: nobody attacks these passwords.
        BCRYPT_COST: '4',
        RUST_LOG: 'info',
        NO_COLOR: '1',
        ...this.#settings,
      },
    });
    await this.#program.says(/listening/i);
  }

  /** As a crash would. */
  kill() {
    return this.#program.end('SIGKILL');
  }

  /** As a platform does that moves it elsewhere. */
  terminate() {
    return this.#program.end('SIGTERM');
  }

  /** Stops or continues the process without ending it: its connections stay, and nothing comes out of them. */
  freeze(on) {
    return this.#program.freeze(on);
  }

  async stop() {
    await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }
}

/** The one that is named, or else the one that was built last: a test of an older page would say nothing. */
function binary() {
  const { RIALTO_BIN } = process.env;
  if (RIALTO_BIN) return RIALTO_BIN;
  const built = ['release', 'debug'].map((profile) => join(top, 'target', profile, 'rialto')).filter((path) => existsSync(path));
  const [newest] = built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!newest) throw new Error('no server to test: run `cargo build`, or set RIALTO_BIN');
  return newest;
}
