import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** A program that runs until it is told not to, and what it said. */
export class Program {
  output = [];
  #process;
  #waiting = new Set();

  constructor(command, parameters, options = {}) {
    this.#process = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.#process.stdout, this.#process.stderr]) createInterface({ input: stream }).on('line', (line) => this.#said(line));
    const ended = (why) => this.#waiting.forEach(({ reject }) => reject(new Error(`${command} ended (${why}):\n${this.output.join('\n')}`)));
    this.#process.once('error', ended);
    this.#process.once('exit', (code, signal) => ended(code ?? signal));
  }

  /** Waits for the program to say this from now on. */
  says(pattern) {
    return new Promise((resolve, reject) => this.#waiting.add({ pattern, resolve, reject }));
  }

  /** @param {NodeJS.Signals} signal `SIGKILL` is what a power cut would do. */
  async end(signal = 'SIGKILL') {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }

  /** @param {NodeJS.Signals} signal One that does not end it. */
  signal(signal) {
    this.#process.kill(signal);
  }

  #said(line) {
    const plain = line.replaceAll(/\x1b\[[0-9;]*m/g, '');
    this.output.push(plain);
    for (const waiter of this.#waiting) {
      if (waiter.pattern.test(plain) && this.#waiting.delete(waiter)) waiter.resolve();
    }
  }
}

let given = 0;

/**
 * A port that is free, below those that the system gives to outgoing connections: nobody else takes it while the program that
 * it is for is down.
 */
export async function freePort() {
  for (;;) {
    const port = 10_000 + (((process.pid % 200) * 97 + given++) % 20_000);
    const probe = createServer();
    const free = await new Promise((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
