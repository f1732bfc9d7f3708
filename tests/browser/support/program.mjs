import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

/** A program that runs until it is told not to, and what it said. */
export class Program {
  output = [];
  #process;
  #waiting = new Set();
  /** Why it cannot say anything any more. @type {Error | undefined} */
  #over;

  constructor(command, parameters, options = {}) {
    this.#process = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.#process.stdout, this.#process.stderr]) createInterface({ input: stream }).on('line', (line) => this.#said(line));
    const ended = (why) => {
      this.#over = new Error(`${command} ended (${why}):\n${this.output.join('\n')}`);
      this.#waiting.forEach(({ reject }) => reject(this.#over));
    };
    this.#process.once('error', ended);
    this.#process.once('exit', (code, signal) => ended(code ?? signal));
  }

  /** Waits for the program to say this from now on. */
  says(pattern) {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => this.#waiting.add({ pattern, resolve, reject }));
  }

  /** @param {NodeJS.Signals} signal `SIGKILL` is what a power cut would do. */
  async end(signal = 'SIGKILL') {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }

  /** Stops or continues it without ending it. Done when every thread stands still: on a busy machine the others go on until one has seen the signal. */
  async freeze(on) {
    this.#process.kill(on ? 'SIGSTOP' : 'SIGCONT');
    // A thread may end between two looks at it.
    while (on && !(await stopped(this.#process.pid).catch(() => false))) await setTimeout(1);
  }

  #said(line) {
    const plain = line.replaceAll(/\x1b\[[0-9;]*m/g, '');
    this.output.push(plain);
    for (const waiter of this.#waiting) {
      if (waiter.pattern.test(plain) && this.#waiting.delete(waiter)) waiter.resolve();
    }
  }
}

/** Whether no thread of a process runs, by proc_pid_stat(5). */
async function stopped(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  return stats.every((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('T'));
}

/** A listener on this port, unless somebody else has it. */
function listener(port) {
  return new Promise((resolve) => {
    const listening = createServer();
    listening.once('error', () => resolve(undefined));
    listening.listen(port, '127.0.0.1', () => resolve(listening));
  });
}

const PORTS = 97;
/** Which ports are this process's own: a listener beyond all of them says so to others. */
const block = (async () => {
  for (let number = process.pid % 200; ; number = (number + 1) % 200) {
    const held = await listener(30_000 + number);
    if (held) return held.unref(), 10_000 + number * PORTS;
  }
})();
let given = 0;

/**
 * A port that is free, below those that the system gives to outgoing connections: nobody else takes it while the program that
 * it is for is down.
 */
export async function freePort() {
  for (;;) {
    const probe = await listener((await block) + (given++ % PORTS));
    if (!probe) continue;
    const { port } = probe.address();
    await new Promise((closed) => probe.close(closed));
    return port;
  }
}
