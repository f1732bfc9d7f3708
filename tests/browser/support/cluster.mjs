import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { PATIENCE } from './browser.mjs';
import { directory } from './files.mjs';
import { freePort, Program } from './program.mjs';
import { Server } from './server.mjs';

/** A real Redis on a port of its own, which keeps what it acknowledged. It can be killed and started again. */
export class Redis {
  static async start() {
    const redis = new Redis();
    redis.directory = await directory('redis');
    redis.port = await freePort();
    await redis.restart();
    return redis;
  }

  async restart() {
    const parameters = ['--bind', '127.0.0.1', '--port', this.port, '--dir', this.directory, '--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
    this.program = new Program('redis-server', parameters.map(String));
    await this.program.says(/Ready to accept connections/);
  }

  kill() {
    return this.program.end();
  }

  async stop() {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/**
 * The real HAProxy with the repository's configuration, in which only addresses differ, what a test may not have that many of, that it
 * takes orders, and that a node counts as dead only after it was silent for longer than a busy machine keeps it waiting.
 */
class Balancer {
  static async start(nodes) {
    const balancer = new Balancer();
    balancer.directory = await directory('balancer');
    balancer.port = await freePort();
    const servers = nodes.map(({ port }, index) => `    server node-${index} 127.0.0.1:${port}`).join('\n');
    const given = await readFile(new URL('../../../deploy/haproxy.cfg', import.meta.url), 'utf8');
    const configuration = given
      .replaceAll(/^ {4}server-template .*$/gm, servers)
      .replaceAll(/^ {4}option httpchk .*$/gm, '$&\n    timeout check 10s')
      .replace('bind :8080', `bind 127.0.0.1:${balancer.port}`)
      .replace('maxconn 30000', `maxconn 1000\n    stats socket ${balancer.#control} level admin`);
    assert.ok(configuration.includes(servers) && configuration.includes('stats socket'), 'the configuration names things otherwise now');
    const path = join(balancer.directory, 'haproxy.cfg');
    await writeFile(path, configuration);
    balancer.program = new Program('haproxy', ['-db', '-f', path]);
    return balancer;
  }

  get #control() {
    return join(this.directory, 'control');
  }

  /** Leads whoever comes to some servers alone; what is open stays where it is. @param {boolean[]} chosen By their numbers. */
  async lead(chosen) {
    const orders = chosen.map((isChosen, index) => `set server chat/node-${index} state ${isChosen ? 'ready' : 'drain'}`);
    assert.equal((await this.#order(orders.join('; '))).trim(), '');
    // One that was away is looked at once a second.
    const states = chosen.map((isChosen, index) => new RegExp(`^chat,node-${index},.*${isChosen ? ',UP,' : ',(DRAIN|DOWN)'}`, 'm'));
    await until(async () => {
      const table = await this.#order('show stat');
      return states.every((state) => state.test(table));
    });
  }

  #order(words) {
    return text(connect(this.#control).end(`${words}\n`));
  }

  async stop() {
    await this.program.end();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Two nodes on one Redis behind one address, which stays when one of them dies. */
export class Cluster {
  redis;
  nodes;
  #balancer;

  /** @param {Record<string, string>} [more] Settings of the nodes. */
  static async start(more = {}) {
    const cluster = new Cluster();
    cluster.redis = await Redis.start();
    const settings = { REDIS_URL: `redis://127.0.0.1:${cluster.redis.port}`, TRUSTED_PROXY_HOPS: '1', ...more };
    cluster.nodes = await Promise.all(Array.from({ length: 2 }, () => Server.start(settings)));
    await Promise.all(cluster.nodes.map((node) => until(async () => (await fetch(new URL('readyz', node.url))).ok)));
    cluster.#balancer = await Balancer.start(cluster.nodes);
    await until(async () => (await fetch(cluster.url)).ok);
    return cluster;
  }

  get url() {
    return `http://127.0.0.1:${this.#balancer.port}/`;
  }

  /** Leads whoever comes by way of the balancer from now on to these nodes. */
  leadTo(...nodes) {
    return this.#balancer.lead(this.nodes.map((node) => nodes.includes(node)));
  }

  /** How many connections each node holds. */
  sessions() {
    return Promise.all(this.nodes.map((node) => node.sessions()));
  }

  /** Waits until the nodes hold so many connections each: those of the test before may not have gone yet. */
  hold(...counts) {
    return until(async () => (await this.sessions()).join() === counts.join());
  }

  /** Waits until the balancer notices, from now on, that no node can serve. */
  noNodeIsReady() {
    return this.#balancer.program.says(/backend chat has no server available/);
  }

  async stop() {
    await this.#balancer.stop();
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.redis.stop();
  }
}

/** Waits until a condition holds; while it throws, it does not. */
export async function until(condition, patience = PATIENCE) {
  const deadline = Date.now() + patience;
  for (;;) {
    const holds = await condition().catch((error) => {
      if (Date.now() > deadline) throw error;
    });
    if (holds) return;
    assert.ok(Date.now() < deadline, `waited too long until ${condition}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
