// Firefox and Chromium in one call, from one to the other and then through a media node: each sees and hears the other.
import { after, before, test } from 'node:test';

import { launch } from './support/browser.mjs';
import { CALL_FLAGS, CallCluster, Caller } from './support/call.mjs';
import { firefoxPath, launchFirefox, ownAddress } from './support/firefox.mjs';
import { Server } from './support/server.mjs';

const address = ownAddress();
const missing = firefoxPath() ? !address && 'Firefox makes no calls over the loopback interface, and there is no other' : 'there is no Firefox';

let cluster;
let media;

before(async () => {
  if (missing) return;
  cluster = await CallCluster.start({ chat: 1, media: 0 });
});
after(async () => {
  await media?.stop();
  await cluster?.stop();
});

/** Runs in Firefox's page before everything else. */
function observe() {
  globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...parameters) {
      super(...parameters);
      globalThis.connections.push(this);
    }
  };
}

/** Runs in Firefox's page: whether pictures and sound come in over the newest connection, more from one look to the next. */
async function receives() {
  const used = globalThis.connections.findLast(({ connectionState }) => connectionState === 'connected');
  const entries = [...((await used?.getStats()) ?? new Map()).values()];
  const incoming = (kind) => entries.filter((entry) => entry.type === 'inbound-rtp' && entry.kind === kind);
  const frames = Math.max(0, ...incoming('video').map(({ framesDecoded = 0 }) => framesDecoded));
  const energy = Math.max(0, ...incoming('audio').map(({ totalAudioEnergy = 0 }) => totalAudioEnergy));
  if (globalThis.received?.used !== used) globalThis.received = { used, frames, energy };
  return used !== undefined && frames > globalThis.received.frames + 10 && energy > globalThis.received.energy;
}

test('Firefox and Chromium see and hear each other', { skip: missing, timeout: 300_000 }, async (context) => {
  const [chromium, firefox] = await Promise.all([launch(...CALL_FLAGS), launchFirefox()]);
  context.after(() => Promise.all([chromium.close(), firefox.close()]));
  const url = new URL('#room=both-browsers', cluster.chat[0].url).href;

  const caller = await Caller.open(context, chromium, url);
  await caller.join();
  const page = await firefox.newPage();
  await page.evaluateOnNewDocument(observe);
  await page.goto(url, { timeout: 60_000 });
  await page.waitForSelector('call-lobby.pictured', { timeout: 60_000 });
  await page.click('call-lobby .join');
  await page.waitForSelector('call-room[data-standing="on"]', { timeout: 60_000 });
  const name = await page.$eval('.account .name', (node) => node.textContent);

  await caller.count(2);
  const both = () => Promise.all([caller.sees(name), caller.hears(1), page.waitForFunction(receives, { polling: 300, timeout: 60_000 })]);
  await caller.goes('Peer to peer');
  await both();

  media = await Server.start({ REDIS_URL: `redis://127.0.0.1:${cluster.redis.port}`, ROLE: 'media', HOST: address, MEDIA_ADDRESSES: address, MEDIA_SHARDS: '1' });
  await caller.goes('Through the server');
  await page.waitForFunction(() => document.querySelector('call-room .mode').textContent === 'Through the server', { timeout: 60_000 });
  await both();
  caller.fine();
});
