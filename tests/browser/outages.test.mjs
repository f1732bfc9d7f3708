// A node dies under the page, or Redis under all nodes. What was said, is being said and is about to be said is kept, and is
// there once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { deafen, launch, Window } from './support/browser.mjs';
import { Cluster } from './support/cluster.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** Somebody who comes by way of the balancer to one node, `home`, somebody on the other itself, and the direct channel between them. */
async function setUp(context) {
  const [home, elsewhere] = cluster.nodes;
  await cluster.hold(0, 0);
  await cluster.leadTo(home);
  const ana = await Window.open(browser, cluster.url);
  const ben = await Window.open(browser, elsewhere.url);
  context.after(() => Promise.all([ana, ben].map((window) => window.context.close())));
  await cluster.hold(1, 1);
  const name = await ana.name();
  await ana.writeTo(await ben.name());
  await ana.say('before');
  await ben.line(name).locator('button').click();
  await ben.shows(['before']);
  return { ana, ben, home, elsewhere };
}

test('a node dies under two windows: what it never read, what it stored and did not acknowledge, what was missed and what is being written', async (context) => {
  const { ana, ben, home, elsewhere } = await setUp(context);
  // Another window in the same channel, to which the node will have said nothing of what it stored.
  const deaf = await ana.tab(cluster.url, (page) => deafen(page, '"stored"'));
  await cluster.hold(2, 1);
  await deaf.line(await ben.name()).locator('button').click();
  await deaf.shows(['before']);
  await deaf.toFront();
  await deaf.say('stored');
  await ben.shows(['before', 'stored']);
  await deaf.draft.fill('still writing here');

  await ana.toFront();
  await ana.shows(['before', 'stored']);
  await home.freeze(true);
  await ana.say('unread');
  await ana.draft.fill('still writing');
  await ben.say('missed');
  await ben.shows(['before', 'stored', 'missed']);
  const pending = (window) => window.page.locator('.message.pending').allTextContents();
  assert.match(String(await pending(ana)), /unread/);
  assert.match(String(await pending(deaf)), /stored/);
  await cluster.leadTo(elsewhere);
  await home.kill();

  const all = ['before', 'stored', 'missed', 'unread'];
  for (const window of [ben, ana, deaf]) {
    await window.toFront();
    await window.shows(all);
    await window.banner().waitFor({ state: 'hidden' });
  }
  assert.deepEqual([await ana.draft.inputValue(), await deaf.draft.inputValue()], ['still writing', 'still writing here']);
  await ana.toFront();
  await ana.draft.press('Enter');
  for (const window of [ana, ben]) await window.shows([...all, 'still writing']);
  assert.deepEqual([ana, ben, deaf].flatMap(({ faults }) => faults), []);
  await home.restart();
});

test('Redis dies and comes back with its data', async (context) => {
  const { ana, ben } = await setUp(context);
  await cluster.redis.kill();
  await ana.say('waiting 1');
  await ana.say('waiting 2');
  await ana.banner().filter({ hasText: 'cannot store messages' }).waitFor();
  await ana.page.locator('.message.pending').nth(1).waitFor();
  await ana.draft.fill('still writing');
  await ben.say('waiting, too');
  await ben.banner().filter({ hasText: 'cannot store messages' }).waitFor();

  await cluster.redis.restart();
  for (const window of [ana, ben]) await window.banner().waitFor({ state: 'hidden' });
  await ben.page.waitForFunction(() => document.querySelectorAll('.message:not(.pending) .bubble').length === 4);
  const texts = await ben.texts();
  await ana.shows(texts);
  assert.deepEqual(texts.filter((text) => text !== 'waiting, too'), ['before', 'waiting 1', 'waiting 2']);
  assert.equal(await ana.draft.inputValue(), 'still writing');

  await ben.say('after');
  await ana.shows([...texts, 'after']);
  assert.deepEqual([...ana.faults, ...ben.faults], []);
});

test('a page that is loaded again while Redis is away has what was written', async (context) => {
  const { ana, ben } = await setUp(context);
  const noNodeIsReady = cluster.noNodeIsReady();
  await cluster.redis.kill();
  await ana.say('unsent');
  await ana.draft.fill('still writing');
  await ana.banner().waitFor();
  await noNodeIsReady;

  await ana.page.reload();
  await ana.banner().filter({ hasText: 'cannot store messages' }).waitFor();
  await ana.page.locator('.message.pending', { hasText: 'unsent' }).waitFor();
  assert.equal(await ana.draft.inputValue(), 'still writing');

  await cluster.redis.restart();
  await ana.shows(['before', 'unsent']);
  await ben.shows(['before', 'unsent']);
  assert.equal(await ana.draft.inputValue(), 'still writing');
});
