// Two windows of one browser are one user, on whichever nodes they are.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Account } from './support/account.mjs';
import { launch, Window } from './support/browser.mjs';
import { Cluster, until } from './support/cluster.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** Somebody's first window, on the first node. It has the balancer's address, as each window that is to have the same profile. */
async function first(context) {
  const [here] = cluster.nodes;
  await cluster.hold(0, 0);
  await cluster.leadTo(here);
  const window = await Window.open(browser, cluster.url);
  context.after(() => window.context.close());
  await cluster.hold(1, 0);
  return window;
}

/** Somebody with two windows on different nodes, and somebody else. */
async function setUp(context) {
  const [here, there] = cluster.nodes;
  const ana = await first(context);
  await cluster.leadTo(there);
  const other = await ana.tab();
  await cluster.hold(1, 1);
  const ben = await Window.open(browser, there.url);
  context.after(() => ben.context.close());
  await cluster.leadTo(here, there);
  await ana.toFront();
  return { ana, other, ben };
}

test('a window opened second is the same guest', async (context) => {
  const { ana, other } = await setUp(context);
  assert.equal(await other.name(), await ana.name());
});

test('two windows opened at once become the same guest', async (context) => {
  const ana = await first(context);
  const old = await ana.name();
  await ana.page.evaluate(() => localStorage.clear());
  await ana.page.goto('about:blank');
  const [one, two] = await Promise.all([ana.tab(cluster.url), ana.tab(cluster.url)]);
  // Either may hear of the other only now.
  await until(async () => (await one.name()) === (await two.name()));
  assert.notEqual(await one.name(), old);
  await one.toFront();
  await one.say('Who am I?');
  await two.page.locator('.message.own .bubble', { hasText: 'Who am I?' }).waitFor();
});

test('what one window says and reads, the other has said and read', async (context) => {
  const { ana, other, ben } = await setUp(context);
  const [anaName, benName] = [await ana.name(), await ben.name()];
  await ana.writeTo(benName);
  await ana.say('From one window');
  await other.line(benName).locator('.last', { hasText: 'From one window' }).waitFor();
  assert.equal(await other.line(benName).locator('.badge:visible').count(), 0);

  await ana.line('General').locator('button').click();
  await ben.writeTo(anaName);
  await ben.say('For both');
  for (const window of [ana, other]) await window.line(benName).locator('.badge', { hasText: '1' }).waitFor();
  await ana.line(benName).locator('button').click();
  await ana.shows(['From one window', 'For both']);
  await other.line(benName).locator('.badge').waitFor({ state: 'hidden' });
  await other.page.waitForFunction(() => !document.title.startsWith('('));
});

test('each window has drafts of its own', async (context) => {
  const { ana, other } = await setUp(context);
  await ana.draft.fill('Half a sentence');
  await other.toFront();
  await other.draft.fill('Another one');
  await Promise.all([ana.page.reload(), other.page.reload()]);
  await Promise.all([ana.isIn(), other.isIn()]);
  assert.deepEqual([await ana.draft.inputValue(), await other.draft.inputValue()], ['Half a sentence', 'Another one']);
});

test('an account that one window keeps, signs out of and comes back to is so in the other', async (context) => {
  const { ana, other } = await setUp(context);
  const [account, same] = [new Account(ana), new Account(other)];
  await account.keep('Anastasia', 'correct horse');
  await same.called('Anastasia');
  await other.page.locator('.account', { hasText: 'Guest' }).waitFor({ state: 'detached' });

  await account.signOut();
  await same.asked();
  assert.equal(await other.banner().isVisible(), false);

  await account.signIn('Anastasia', 'correct horse');
  await ana.isIn();
  await same.called('Anastasia');
  await same.closed();
  await other.isIn();
  await ana.say('Here again');
  await other.page.locator('.message.own .bubble', { hasText: 'Here again' }).waitFor();
  assert.deepEqual([...ana.faults, ...other.faults], []);
});

test('somebody else who comes in does so in both windows', async (context) => {
  const { ana, other } = await setUp(context);
  const account = new Account(ana);
  await account.keep('Annika', 'correct horse');
  await account.signOut();
  await account.press('Continue as a guest');
  await ana.isIn();
  await new Account(other).called(await ana.name());
  await other.isIn();
});

test('who comes in by name goes on with what they were writing as a guest', async (context) => {
  const { ana, other, ben } = await setUp(context);
  await new Account(ben).keep('Berta', 'correct horse');
  await ana.draft.fill('As I was saying');
  await other.toFront();
  await other.draft.fill('And another thing');
  await new Account(other).signIn('Berta', 'correct horse');
  await new Account(ana).called('Berta');
  await Promise.all([ana.isIn(), other.isIn()]);
  assert.deepEqual([await ana.draft.inputValue(), await other.draft.inputValue()], ['As I was saying', 'And another thing']);
});
