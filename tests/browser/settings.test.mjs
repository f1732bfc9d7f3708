import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, scene } from './support/browser.mjs';
import { until } from './support/cluster.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

const open = (page) => page.getByRole('button', { name: 'Settings' }).click();
const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
const frame = (page) => page.locator('meta[name="theme-color"]').first().getAttribute('content');

const WHITE = 'rgb(255, 255, 255)';
const DARK = 'rgb(22, 25, 28)';

test('the theme is the system’s until another one is chosen, in every window', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  const other = await ana.context.newPage();
  await other.goto(server.url);
  await ana.page.emulateMedia({ colorScheme: 'dark' });
  assert.equal(await ground(ana.page), DARK);
  // The page hears of it with the next frame, which a window behind another one waits for.
  await until(async () => (await frame(ana.page)) === DARK);
  await ana.page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await ground(ana.page), WHITE);

  await open(ana.page);
  await ana.page.getByRole('radio', { name: 'Dark' }).check();
  assert.equal(await ground(ana.page), DARK);
  assert.equal(await frame(ana.page), DARK);
  await other.waitForFunction((dark) => getComputedStyle(document.documentElement).backgroundColor === dark, DARK);

  await ana.page.getByRole('radio', { name: 'System' }).check();
  assert.equal(await ground(ana.page), WHITE);
  assert.deepEqual(ana.faults, []);
});

test('the chosen theme is there before anything is drawn', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  await open(ana.page);
  await ana.page.getByRole('radio', { name: 'Dark' }).check();
  // Whatever is drawn without the program is drawn like this.
  await ana.page.route('**/main.js', (route) => route.abort());
  await ana.page.goto(server.url, { waitUntil: 'domcontentloaded' });
  assert.equal(await ana.page.locator('chat-app').count(), 0);
  assert.equal(await ground(ana.page), DARK);
});
