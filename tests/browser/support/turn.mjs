import { createHmac, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';

import { directory } from './files.mjs';
import { freePort, Program } from './program.mjs';

/** The real coturn with the repository's configuration, on this machine, where it relays to this machine alone. */
export class Turn {
  secret = randomBytes(32).toString('hex');
  #directory;
  #program;

  static async start() {
    const turn = new Turn();
    turn.#directory = await directory('turn');
    turn.port = await freePort();
    const start = new URL('../../../deploy/coturn/start.sh', import.meta.url).pathname;
    const parameters = ['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${turn.port}`, `--pidfile=${turn.#directory}/pid`];
    // In earnest nobody is relayed to coturn's own machine; a refusal is in the log only if it is asked to say more.
    parameters.push(`--userdb=${turn.#directory}/users`, '--allow-loopback-peers', '--verbose');
    const env = { PATH: process.env.PATH, TMPDIR: turn.#directory, TURN_STATIC_AUTH_SECRET: turn.secret, MEDIA_NODES: '127.0.0.1-127.0.0.1' };
    turn.#program = new Program('sh', [start, ...parameters], { env });
    await turn.#program.says(/UDP listener opened/);
    return turn;
  }

  /** What a node must be told of it. */
  get settings() {
    return { TURN_HOST: '127.0.0.1', TURN_PORT: String(this.port), TURN_STATIC_AUTH_SECRET: this.secret };
  }

  /** What it said. */
  get log() {
    return this.#program.output;
  }

  async stop() {
    await this.#program.end();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** An RTCIceServer of the same addresses, with other credentials (draft-uberti-behave-turn-rest, section 2.2). */
export function minted({ urls }, secret, ends, user = 'antonio') {
  const username = `${ends}:${user}`;
  return { urls, username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
