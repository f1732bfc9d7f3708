// The two demo pages: windows that talk without a server between them, and the way into a game, which timed/game.test.mjs plays.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { examine } from './support/axe.mjs';
import { launch } from './support/browser.mjs';
import { open } from './support/demo.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** Runs in a page before everything else: its browser cannot take the first answer. */
function stumble() {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = () => {
    RTCPeerConnection.prototype.setRemoteDescription = take;
    return Promise.reject(new DOMException('no way', 'OperationError'));
  };
}

test('windows of a mesh hear each other, also where a link breaks, and who is gone is gone', async (context) => {
  const windows = [];
  for (const prepare of [undefined, undefined, stumble]) windows.push(await open(context, browser, server, '/demo/mesh/?room=three', prepare));
  const stranger = await open(context, browser, server, '/demo/mesh/?room=other');
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

/** Runs in a page before everything else: its browser keeps nothing for it. */
function forgetful() {
  const blocked = { get: () => { throw new DOMException('blocked', 'SecurityError'); } };
  for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, blocked);
}

test('a code that no game has is called that, and another game can be had, also where nothing is kept', async (context) => {
  const { page, faults } = await open(context, browser, server, '/demo/lobby/?code=zzzzz', forgetful);
  await page.locator('.error', { hasText: 'There is no game with this code.' }).waitFor();
  await examine({ page }, 'before a game');
  await page.getByRole('button', { name: 'New game' }).click();
  await page.locator('.role', { hasText: 'You are the host.' }).waitFor();
  assert.deepEqual(faults, []);
});
