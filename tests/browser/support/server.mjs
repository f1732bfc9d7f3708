import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const top = new URL('../../..', import.meta.url).pathname;

/** A server of its own, with its data in a directory of its own. It can be killed and started again. */
export class Server {
  #data;
  #process;
  #port = '0';
  output = [];

  static async start() {
    const server = new Server();
    server.#data = await mkdtemp(join(tmpdir(), 'rialto-page-'));
    await server.restart();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Starts on the same data and, after the first time, on the same port. */
  async restart() {
    this.#process = spawn(binary(), [], {
      cwd: top,
      env: { ...process.env, HOST: '127.0.0.1', PORT: this.#port, DATA_DIR: this.#data, RUST_LOG: 'info', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#port = await new Promise((resolve, reject) => {
      const read = (line) => {
        this.output.push(line);
        const plain = line.replaceAll(/\x1b\[[0-9;]*m/g, '');
        const found = /listening.*?127\.0\.0\.1:(\d+)/i.exec(plain);
        if (found) resolve(found[1]);
      };
      for (const stream of [this.#process.stdout, this.#process.stderr]) createInterface({ input: stream }).on('line', read);
      this.#process.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${this.output.join('\n')}`)));
      this.#process.once('error', reject);
    });
  }

  /** As a power cut would. */
  kill() {
    return this.#end('SIGKILL');
  }

  /** As a platform does that moves it elsewhere. */
  terminate() {
    return this.#end('SIGTERM');
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }

  async stop() {
    await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }
}

function binary() {
  const candidates = [process.env.RIALTO_BIN, join(top, 'target/release/rialto'), join(top, 'target/debug/rialto')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('no server to test: run `cargo build`, or set RIALTO_BIN');
  return found;
}
