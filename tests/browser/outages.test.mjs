// A node dies under the page, or Redis under all nodes. What was said, is being said and is about to be said is kept, and is
// there once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, Window } from './support/browser.mjs';
import { Cluster, until } from './support/cluster.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/**
 * Somebody who comes by way of the balancer, somebody on the other node itself, and the direct channel between them. `home` is
 * the node to which the balancer led.
 */
async function setUp(context) {
  const ana = await Window.open(browser, cluster.url);
  context.after(() => ana.context.close());
  let held = [];
  // Those of the test before may not have gone yet.
  await until(async () => {
    held = await Promise.all(cluster.nodes.map((node) => node.sessions()));
    return held[0] + held[1] === 1;
  });
  const [home, elsewhere] = held[0] === 1 ? cluster.nodes : cluster.nodes.toReversed();
  const ben = await Window.open(browser, elsewhere.url);
  context.after(() => ben.context.close());
  const name = await ana.name();
  await ana.writeTo(await ben.name());
  await ana.say('before');
  await ben.line(name).locator('button').click();
  await ben.shows(['before']);
  return { ana, ben, home };
}

test('a node dies under the page', async (context) => {
  const { ana, ben, home } = await setUp(context);
  await ana.say('in flight');
  await home.kill();
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
