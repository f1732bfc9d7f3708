// A node dies under the page, or Redis under all nodes. What was said, is being said and is about to be said is kept, and is
// there once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, Window } from './support/browser.mjs';
import { Cluster } from './support/cluster.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** Somebody who comes by way of the balancer, somebody on the second node itself, and the direct channel between them. */
async function setUp(context) {
  const ana = await Window.open(browser, cluster.url);
  const ben = await Window.open(browser, cluster.nodes[1].url);
  context.after(() => Promise.all([ana, ben].map((window) => window.context.close())));
  const name = await ana.name();
  await ana.writeTo(await ben.name());
  await ana.say('before');
  await ben.line(name).locator('button').click();
  await ben.shows(['before']);
  return { ana, ben };
}

test('a node dies under the page', async (context) => {
  const { ana, ben } = await setUp(context);
  // The balancer gives the first connection to the first node; whether it did does not matter once that one is gone.
  await ana.say('in flight');
  await cluster.nodes[0].kill();
  await ben.say('missed');
  await ana.say('after');
  await ana.draft.fill('still writing');
  for (const text of ['in flight', 'missed', 'after']) {
    for (const window of [ana, ben]) await window.page.locator('.message:not(.pending) .bubble', { hasText: text }).waitFor();
  }
  const texts = await ben.texts();
  await ana.shows(texts);
  assert.deepEqual(texts.toSorted(), ['after', 'before', 'in flight', 'missed']);
  await ana.banner().waitFor({ state: 'hidden' });
  assert.equal(await ana.draft.inputValue(), 'still writing');
  assert.deepEqual([...ana.faults, ...ben.faults], []);
  await cluster.nodes[0].restart();
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
