// What is new stands below a line.

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

/** The texts of the open channel with a line for the line. */
function withLine({ page }) {
  return page.locator('.divider.unread, .message .bubble').evaluateAll((all) => all.map((one) => (one.matches('.unread') ? '--' : one.textContent)));
}

test('what was said while the reader was away is below a line, which stays while they read on', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  await ana.say('read');
  await ben.shows(['read']);
  await ben.page.goto('about:blank');
  await ana.say('unread 1');
  await ana.say('unread 2');
  await ana.shows(['read', 'unread 1', 'unread 2']);

  const again = await ben.tab(server.url);
  await again.shows(['read', 'unread 1', 'unread 2']);
  assert.deepEqual(await withLine(again), ['read', '--', 'unread 1', 'unread 2']);
  await ana.say('live');
  await again.shows(['read', 'unread 1', 'unread 2', 'live']);
  assert.deepEqual(await withLine(again), ['read', '--', 'unread 1', 'unread 2', 'live']);

  await again.page.reload();
  await again.shows(['read', 'unread 1', 'unread 2', 'live']);
  assert.deepEqual(await withLine(again), ['read', 'unread 1', 'unread 2', 'live'], 'all of it has been read');
});

test('a newcomer sees no line in General', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  await ana.say('before your time');
  const [ben] = await scene(context, { browser, server }, 1);
  await ben.page.locator('.bubble', { hasText: 'before your time' }).waitFor();
  assert.equal(await ben.page.locator('.divider.unread').count(), 0);
});
