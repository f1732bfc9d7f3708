// The two demo pages: windows that talk without a server between them, and a game that survives its host.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { examine } from './support/axe.mjs';
import { launch } from './support/browser.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ LOBBY_GRACE_SECONDS: '1' })]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** A page of its own profile. */
async function open(context, address) {
  const profile = await browser.newContext({ viewport: { width: 900, height: 800 }, locale: 'en-GB' });
  context.after(() => profile.close());
  const page = await profile.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/WebSocket|net::ERR_/.test(message.text()) && faults.push(message.text()));
  await page.goto(new URL(address, server.url).href);
  return { page, faults };
}

test('windows of a mesh hear each other, and who is gone is gone', async (context) => {
  const windows = [];
  for (let count = 0; count < 3; count += 1) windows.push(await open(context, '/demo/mesh/?room=three'));
  const stranger = await open(context, '/demo/mesh/?room=other');
  const [ana, ben, cem] = windows.map(({ page }) => page);
  for (const page of [ana, ben, cem]) await page.locator('.standing', { hasText: 'Connected to 2 windows' }).waitFor();
  await ana.getByLabel('Message to everybody').fill('What news on the Rialto?');
  await ana.keyboard.press('Enter');
  for (const page of [ben, cem]) await page.locator('.log p', { hasText: 'What news on the Rialto?' }).waitFor();
  assert.equal(await stranger.page.locator('.log p').count(), 0);
  await examine({ page: ana }, 'mesh');

  // Channels need no server.
  server.freeze(true);
  await ben.getByLabel('Message to everybody').fill('None that I have heard');
  await ben.keyboard.press('Enter');
  for (const page of [ana, cem]) await page.locator('.log p', { hasText: 'None that I have heard' }).waitFor();
  server.freeze(false);
  await cem.close();
  for (const page of [ana, ben]) await page.locator('.standing', { hasText: 'Connected to 1 window' }).waitFor();
  for (const { faults } of windows) assert.deepEqual(faults, []);
});

test('a game goes on where it was after its host is gone', async (context) => {
  const host = await open(context, '/demo/lobby/');
  await host.page.getByRole('button', { name: 'New game' }).click();
  await host.page.locator('.role', { hasText: 'You are the host.' }).waitFor();
  const code = await host.page.locator('.code').innerText();
  const guests = [await open(context, `/demo/lobby/?code=${code}`), await open(context, `/demo/lobby/?code=${code}`)];
  const [ben, cem] = guests.map(({ page }) => page);
  const claim = (page, row, column) => page.getByRole('button', { name: `Row ${row}, column ${column}: free` }).click();
  const taken = (page, row, column, by = 'player') => page.getByRole('button', { name: new RegExp(`^Row ${row}, column ${column}: ${by}`) }).waitFor();

  await claim(host.page, 1, 1);
  await taken(ben, 1, 1);
  await claim(ben, 1, 2);
  await taken(cem, 1, 2);
  await taken(ben, 1, 2, 'you');
  await examine({ page: ben }, 'the game');

  const died = Date.now();
  await host.page.close();
  await ben.locator('.role', { hasText: 'you are the host now' }).waitFor();
  await cem.locator('.role', { hasText: 'another player is the host now' }).waitFor();
  await claim(cem, 2, 1);
  await taken(ben, 2, 1);
  await claim(ben, 2, 2);
  await taken(cem, 2, 2);
  const took = Date.now() - died;
  context.diagnostic(`the game went on after ${took} ms`);
  assert.ok(took < 5_000, `${took} ms`);
  for (const page of [ben, cem]) await taken(page, 1, 1);
  for (const { faults } of guests) assert.deepEqual(faults, []);
});

test('a code that no game has is called that', async (context) => {
  const { page } = await open(context, '/demo/lobby/?code=zzzzz');
  await page.locator('.error', { hasText: 'There is no game with this code.' }).waitFor();
  await examine({ page }, 'before a game');
});
