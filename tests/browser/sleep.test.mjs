// A connection that died without a word, as in a sleep or by a change of network.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

test('a page that wakes up asks whether it is still connected, and comes back', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  await ana.say('before');
  await ben.shows(['before']);

  await server.freeze(true);
  await ana.page.evaluate(() => dispatchEvent(new Event('online')));
  await ana.banner().filter({ hasText: 'The server cannot be reached.' }).waitFor();
  await ana.say('meanwhile');
  await server.freeze(false);

  await ana.shows(['before', 'meanwhile']);
  await ben.shows(['before', 'meanwhile']);
  await ana.banner().waitFor({ state: 'hidden' });
  assert.deepEqual([...ana.faults, ...ben.faults], []);
});

test('a page that slept for an hour notices by the clock', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  await ana.page.clock.install();
  await ana.page.reload();
  await ana.isIn();
  await server.freeze(true);
  await ana.page.clock.fastForward('01:00:00');
  await ana.page.clock.runFor(6_000);
  await ana.banner().filter({ hasText: 'The server cannot be reached.' }).waitFor();
  await server.freeze(false);
  await ana.page.clock.runFor(30_000);
  await ana.isIn();
  await ana.banner().waitFor({ state: 'hidden' });
});

test('who does not want to wait tries at once', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  await ana.page.clock.install();
  await ana.page.reload();
  await ana.isIn();
  await server.kill();
  const tryNow = ana.banner().getByRole('button', { name: 'Try now' });
  await ana.banner().filter({ hasText: /Trying again in [2-9] s/ }).waitFor();
  // From here on nothing is tried by itself.
  await ana.page.clock.pauseAt((await ana.page.evaluate(() => Date.now())) + 10_000);
  await tryNow.waitFor();
  await server.restart();
  await tryNow.click();
  await ana.page.clock.resume();
  await ana.isIn();
});
