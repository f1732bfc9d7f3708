// A call whose media node is killed, stopped or frozen: how long pictures stand still. KILLS and JOINS make it as often as one likes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../support/browser.mjs';
import { CALL_FLAGS, CallCluster, Caller, together } from '../support/call.mjs';
import { until } from '../support/cluster.mjs';

const KILLS = Number(process.env.KILLS ?? 3);
const JOINS = Number(process.env.JOINS ?? 5);

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(...CALL_FLAGS), CallCluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** Two people on two nodes in a room. */
async function pair(context, room) {
  const callers = await Promise.all([0, 1].map((node) => Caller.open(context, browser, `${cluster.chat[node].url}#room=${room}`)));
  for (const caller of callers) await caller.join();
  await together(...callers);
  return callers;
}

/** Runs in a page: how long any picture has stood still at most, from now on, in milliseconds. */
function watchStills() {
  const tiles = new Map();
  let longest = 0;
  const look = () => {
    const now = performance.now();
    for (const [name, { id, frames }] of Object.entries(globalThis.pictures())) {
      const before = tiles.get(name);
      const moves = before === undefined || (before.id === id ? frames > before.frames : frames > 0);
      if (moves) tiles.set(name, { id, frames, at: now });
      if (before) longest = Math.max(longest, now - before.at);
    }
    if (globalThis.still === still) setTimeout(look, 20);
  };
  const still = () => longest;
  globalThis.still = still;
  look();
}

/** How long pictures stood still for each of them while something was done and until they see and hear each other again. */
async function stills(callers, act) {
  await Promise.all(callers.map(({ page }) => page.evaluate(watchStills)));
  await act();
  await Promise.all(callers.map(({ page }) => page.waitForFunction(() => document.querySelector('call-room[data-standing="on"]'))));
  await together(...callers);
  return Promise.all(callers.map(({ page }) => page.evaluate(() => Math.round(globalThis.still()))));
}

test('after a kill pictures stand still for three seconds at most', async (context) => {
  const callers = await pair(context, 'killed');
  const all = [];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const node = await cluster.busy();
    all.push(...(await stills(callers, () => node.kill())));
    await node.restart();
  }
  all.sort((one, other) => one - other);
  const late = all[Math.ceil(all.length * 0.95) - 1];
  context.diagnostic(`${KILLS} kills: pictures stood still for ${all.join(', ')} ms`);
  assert.ok(late <= 3_000, `95 % within ${late} ms`);
  for (const caller of callers) caller.fine();
});

test('a media node that is stopped hands its calls over within a second', async (context) => {
  const callers = await pair(context, 'stopped');
  const node = await cluster.busy();
  const longest = Math.max(...(await stills(callers, () => node.terminate())));
  await node.restart();
  context.diagnostic(`pictures stood still for ${longest} ms`);
  assert.ok(longest <= 1_000, `${longest} ms`);
});

test('a frozen media node counts as dead, and harms nothing when it wakes', async (context) => {
  const callers = await pair(context, 'frozen');
  const node = await cluster.busy();
  const longest = Math.max(...(await stills(callers, async () => node.freeze(true))));
  context.diagnostic(`pictures stood still for ${longest} ms`);
  const again = await stills(callers, async () => {
    await node.freeze(false);
    await until(async () => /^rialto_media_participants 0$/m.test(await (await fetch(new URL('metrics', node.url))).text()));
  });
  assert.ok(Math.max(...again) <= 1_000, `waking it stopped pictures for ${again} ms`);
  for (const caller of callers) caller.fine();
});

test('whoever joins sees everybody, every time', async (context) => {
  const callers = await pair(context, 'joined');
  const guest = await Caller.open(context, browser, `${cluster.chat[0].url}#room=joined`);
  const took = [];
  for (let time = 0; time < JOINS; time += 1) {
    if (time > 0) await guest.follow('#room=joined');
    else await guest.join();
    const begun = Date.now();
    await together(...callers, guest);
    took.push(Date.now() - begun);
    await guest.button('Leave').click();
    await Promise.all(callers.map((caller) => caller.count(2)));
  }
  context.diagnostic(`${JOINS} joins: everybody saw and heard everybody within ${took.join(', ')} ms`);
});
