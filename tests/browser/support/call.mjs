import assert from 'node:assert/strict';

import { PATIENCE } from './browser.mjs';
import { Redis, until } from './cluster.mjs';
import { freePort } from './program.mjs';
import { Server } from './server.mjs';

/** A browser whose camera is a green picture, whose microphone beeps, and which asks nobody. */
export const CALL_FLAGS = [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=fps=15',
  '--autoplay-policy=no-user-gesture-required',
  '--auto-select-tab-capture-source-by-title=Rialto',
];

/** Where media nodes were lost of late, others carry calls only after up to a minute; in milliseconds. */
const CARRIED = 60_000 + PATIENCE;

/** Chat nodes and media nodes, each a process, on one real Redis. */
export class CallCluster {
  /** By the ports on which calls reach them. @type {Map<number, Server>} */
  media = new Map();

  /** @param {{ chat?: number, media?: number, more?: Record<string, string> }} [wish] How many of each, and what chat nodes are told besides. */
  static async start({ chat = 2, media = 2, more = {} } = {}) {
    const cluster = new CallCluster();
    cluster.redis = await Redis.start();
    const all = (count, begin) => Promise.all(Array.from({ length: count }, begin));
    [cluster.chat] = await Promise.all([all(chat, () => cluster.#node('chat', more)), all(media, () => cluster.addMedia())]);
    return cluster;
  }

  /** One more media node. */
  async addMedia() {
    const port = await freePort();
    const node = await this.#node('media', { MEDIA_SHARDS: '1', MEDIA_PORT: String(port), MEDIA_ADDRESSES: '127.0.0.1' });
    this.media.set(port, node);
    return node;
  }

  /** A node that is ready. */
  async #node(role, settings) {
    const node = await Server.start({ REDIS_URL: `redis://127.0.0.1:${this.redis.port}`, ROLE: role, ...settings });
    await until(async () => (await fetch(new URL('readyz', node.url))).ok);
    return node;
  }

  /** The media node that serves all of them, as their browsers say. */
  async carrier(...parties) {
    let ports;
    await until(async () => {
      ports = (await Promise.all(parties.map(wayOf))).map(({ port }) => port);
      return this.media.has(ports[0]) && ports.every((port) => port === ports[0]);
    }, CARRIED).catch((cause) => {
      throw new Error(`one media node of ${[...this.media.keys()]} is wanted, they are on ${ports}`, { cause });
    });
    return this.media.get(ports[0]);
  }

  /** Waits until nobody is served by a media node any more: another serves them, or for a while none, where a busy machine seems to have lost all. */
  async deserted(node, ...parties) {
    let served;
    await until(async () => {
      served = await Promise.all(parties.map((party) => party.ways()));
      return served.every((ways) => ways.length > 0 && ways.every(({ port }) => this.media.get(port) !== node));
    }).catch((cause) => {
      throw new Error(`another media node is wanted, they are on ${JSON.stringify(served)}`, { cause });
    });
  }

  async stop() {
    await Promise.all([...this.chat, ...this.media.values()].map((node) => node.stop()));
    await this.redis.stop();
  }
}

/** Somebody with a window of their own, and what they see and hear in a call. */
export class Caller {
  /** What went wrong in the page. */
  faults = [];
  /** Its WebSockets, also those that were closed. @type {import('playwright-core').WebSocket[]} */
  sockets = [];

  /**
   * @param {{ viewport?: { width: number, height: number }, camera?: { width: number, height: number }, prepare?: (page: import('playwright-core').Page) => Promise<unknown> }} [desk]
   * `prepare`: before anything is loaded.
   */
  static async open(test, browser, url, { viewport = { width: 960, height: 600 }, camera = { width: 320, height: 180 }, prepare } = {}) {
    const caller = new Caller();
    caller.context = await browser.newContext({ viewport, locale: 'en-GB' });
    test?.after(() => caller.context.close());
    caller.page = await caller.context.newPage();
    caller.page.setDefaultTimeout(PATIENCE);
    caller.page.on('pageerror', (error) => caller.faults.push(String(error)));
    caller.page.on('websocket', (socket) => caller.sockets.push(socket));
    await prepare?.(caller.page);
    await caller.page.addInitScript(observe, camera);
    await caller.page.goto(url);
    await caller.page.waitForSelector('.account .dot.online', { state: 'attached' });
    caller.name = await caller.page.locator('.account .name').textContent();
    return caller;
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** From the channel that is open into its call. */
  async call() {
    await this.page.locator('channel-header .call').click();
    await this.join();
  }

  /** By a link, into the call that it leads to. */
  async follow(hash) {
    await this.page.evaluate((link) => (location.hash = link), hash);
    await this.join();
  }

  /** From before a call into it. */
  async join() {
    const { page } = this;
    await page.waitForSelector('call-lobby.pictured');
    await this.button('Join').click();
    await page.waitForSelector('call-room[data-standing="on"]');
  }

  tile(name, kind = ':not(.screen)') {
    return this.page.locator(`call-tile${kind}`, { hasText: name });
  }

  /** Waits until so many are there, oneself included. */
  count(number) {
    return this.page.locator('call-room .count', { hasText: new RegExp(`^${number}$`) }).waitFor();
  }

  /** Waits until pictures of these people, and of nobody else, go on from now. */
  async sees(...names) {
    const wanted = names.sort().join();
    await this.#from(
      () => globalThis.pictures(),
      (before, now) => Object.keys(now).filter((name) => now[name].frames > (before[name]?.id === now[name].id ? before[name].frames : 0) + 3),
      (moving) => moving.every((name) => names.includes(name)),
      (moving) => moving.sort().join() === wanted,
      `see ${names}`,
    );
  }

  /** Waits until exactly so many are heard from now on; nobody, for longer than the microphone of the test is silent between two beeps. */
  async hears(count) {
    await this.#from(
      () => globalThis.sounds(),
      (before, now) => Object.keys(now).filter((id) => now[id].energy > (before[id]?.energy ?? 0)),
      (heard) => heard.length <= count,
      (heard, before, now) => heard.length === count && (count > 0 || Object.keys(now).every((id) => now[id].seconds > (before[id]?.seconds ?? 0) + 1.5)),
      `hear ${count}`,
    );
  }

  /**
   * Looks until what was seen since the first look is what is wanted. What still comes out of a buffer begins the looks anew.
   */
  async #from(look, since, allowed, enough, what) {
    let before = await this.page.evaluate(look);
    let now = before;
    await until(async () => {
      now = await this.page.evaluate(look);
      const seen = since(before, now);
      if (enough(seen, before, now)) return true;
      if (!allowed(seen)) before = now;
      return false;
    }).catch((cause) => {
      throw new Error(`${this.name} wants to ${what}, has ${JSON.stringify([before, now])}`, { cause });
    });
  }

  /** How the call is carried, as the page says. */
  goes(mode) {
    return this.page.locator('call-room .mode', { hasText: mode }).waitFor();
  }

  /** What the connections that are in use say of themselves. */
  statistics(type) {
    return this.page.evaluate((kind) => globalThis.statistics(kind), type);
  }

  /** The connections that are in use: how they are encrypted, over which protocol they go, and to which port. */
  ways() {
    return this.page.evaluate(() => globalThis.ways());
  }

  fine() {
    assert.deepEqual(this.faults, []);
  }
}

/** Waits until everybody sees and hears everybody else. */
export async function together(...callers) {
  const others = (caller) => callers.filter((other) => other !== caller).map(({ name }) => name);
  await Promise.all(callers.flatMap((caller) => [caller.sees(...others(caller)), caller.hears(callers.length - 1)]));
}

/** The way on which somebody is connected, once it is one alone. */
export async function wayOf(party) {
  let ways = [];
  await until(async () => {
    ways = await party.ways();
    return ways.length === 1;
  });
  return ways[0];
}

/** Runs in a page before everything else: a small camera, and a look at what comes in. */
export function observe(camera) {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = ({ audio, video }) => open({ audio, video: video && { ...video, width: camera.width, height: camera.height, frameRate: 15 } });

  const connections = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...parameters) {
      super(...parameters);
      connections.push(this);
    }
  };
  const used = () => connections.map((connection, number) => ({ connection, number })).filter(({ connection }) => connection.connectionState === 'connected');
  globalThis.connections = () => used().map(({ connection }) => connection);
  globalThis.statistics = async (type) => {
    const entries = await Promise.all(used().map(async ({ connection, number }) => [...(await connection.getStats()).values()].map((entry) => ({ ...entry, number }))));
    return entries.flat().filter((entry) => entry.type === type);
  };
  globalThis.ways = async () => {
    const reports = await Promise.all(used().map(({ connection }) => connection.getStats()));
    return reports.flatMap((report) => {
      const transport = [...report.values()].find(({ type }) => type === 'transport');
      const pair = report.get(transport?.selectedCandidatePairId);
      const [from, to] = [report.get(pair?.localCandidateId), report.get(pair?.remoteCandidateId)];
      return from && to ? [{ cipher: transport.srtpCipher, protocol: from.protocol, port: to.port }] : [];
    });
  };
  // What a browser plays to fill a gap is next to nothing, and no sound.
  const loud = (energy) => Math.floor(energy * 1_000);
  globalThis.sounds = async () => {
    const entries = (await globalThis.statistics('inbound-rtp')).filter(({ kind }) => kind === 'audio');
    return Object.fromEntries(entries.map(({ number, ssrc, totalAudioEnergy: energy = 0, totalSamplesDuration: seconds = 0 }) => [`${number} ${ssrc}`, { energy: loud(energy), seconds }]));
  };
  const ids = new WeakMap();
  let count = 0;
  globalThis.pictures = () => {
    const tiles = [...document.querySelectorAll('call-tile:not(.own)')].map((tile) => ({ name: tile.querySelector('.label')?.textContent ?? '', video: tile.querySelector('video') }));
    return Object.fromEntries(
      tiles.filter(({ video }) => video).map(({ name, video }) => {
        if (!ids.has(video)) ids.set(video, (count += 1));
        return [name, { id: ids.get(video), frames: video.getVideoPlaybackQuality().totalVideoFrames }];
      }),
    );
  };
}
