// What a screen reader finds in each main view, compared with tests/browser/snapshots/. After a change that is meant:
// `npm run snapshots`, and read the difference before it is committed.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { Room } from '../../public/protocol/rooms.js';
import { launch, PATIENCE, scene } from './support/browser.mjs';
import { CALL_FLAGS } from './support/call.mjs';
import { Server } from './support/server.mjs';

const SNAPSHOTS = new URL('snapshots/', import.meta.url);

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(...CALL_FLAGS), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** The same on every day and for every guest. */
async function normal(locator, names) {
  let text = await locator.ariaSnapshot();
  for (const [real, role] of Object.entries(names)) text = text.replaceAll(real, role);
  // How good a connection is depends on what else the machine does.
  text = text.replaceAll(/, connection (?:fair|poor)\b/g, '');
  return `${text.replaceAll(/\b\d{1,2}:\d{2}\b/g, 'TIME')}\n`;
}

async function same(view, locator, names) {
  let found = await normal(locator, names);
  const file = new URL(`${view}.yml`, SNAPSHOTS);
  if (process.env.UPDATE_SNAPSHOTS) {
    await mkdir(SNAPSHOTS, { recursive: true });
    await writeFile(file, found);
  }
  const wanted = await readFile(file, 'utf8');
  // What is only passing, such as the news of a call, may be over first.
  for (const end = Date.now() + PATIENCE; found !== wanted && Date.now() < end; ) found = await normal(locator, names);
  assert.equal(found, wanted, `${view} is not what it was; if that is meant: npm run snapshots`);
}

test('each main view says what it said', async (context) => {
  const named = await Promise.all((await scene(context, { browser, server }, 2)).map(async (window) => ({ window, name: await window.name() })));
  // Guests are given random names, and lists are in the order of names.
  const [{ window: ben, name: bens }, { window: ana, name: anas }] = named.sort((a, b) => a.name.localeCompare(b.name));
  const { page } = ana;
  const names = { [anas]: 'ANA', [bens]: 'BEN' };
  const settled = () => page.waitForFunction((text) => document.querySelector('.subtitle')?.textContent === text, '2 people here');
  const dialog = page.locator('dialog[open]');
  const leave = async () => {
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  };

  await settled();
  await same('empty', page.locator('body'), names);
  await ana.say('See https://example.org/');
  await ben.shows(['See https://example.org/']);
  await ben.say('Thank you');
  await page.locator('.message', { hasText: 'Thank you' }).waitFor();
  await same('general', page.locator('body'), names);

  await ben.writeTo(anas);
  await ben.say('Between us');
  await ana.line(bens).locator('.badge').waitFor();
  await same('unread', page.locator('chat-sidebar'), names);
  await ana.line(bens).getByRole('button').click();
  await ana.shows(['Between us']);
  await same('direct', page.locator('main'), names);

  await page.getByRole('button', { name: 'People' }).click();
  await page.locator('people-dialog li').nth(1).waitFor();
  await same('people', dialog, names);
  await leave();
  await page.locator('.account').click();
  await same('account', dialog, names);
  await leave();
  await page.getByRole('button', { name: 'Settings' }).click();
  await same('settings', dialog, names);
  await leave();
  await page.getByRole('button', { name: 'Commands and keys' }).click();
  await dialog.waitFor();
  await same('help', dialog, names);
  await leave();
  await page.locator('textarea').fill('/set');
  await page.getByRole('option').first().waitFor();
  await same('commands', page.locator('chat-composer'), names);
  await page.locator('textarea').fill('');

  await page.getByRole('button', { name: 'Start a call' }).click();
  await page.waitForSelector('call-lobby.pictured');
  // What the test's camera and microphone are called is the browser's affair.
  await page.waitForFunction(() => [...document.querySelectorAll('call-pickers select')].every(({ options }) => options.length > 0));
  const devices = await page.locator('call-pickers option').allTextContents();
  await same('lobby', page.locator('call-lobby'), { ...names, ...Object.fromEntries(devices.map((device) => [device, 'DEVICE'])) });
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.waitForSelector('call-room[data-standing="on"]');
  await ben.page.locator('channel-header .call.on').click();
  await ben.page.waitForSelector('call-lobby.pictured');
  await ben.page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.locator('call-tile.pictured', { hasText: bens }).waitFor();
  await page.waitForFunction(() => document.querySelector('call-room .news')?.textContent === '');
  await same('call', page.locator('call-room'), names);
  await page.getByRole('button', { name: 'Leave', exact: true }).click();

  await Room.make(server.url, { name: 'The Rialto', password: 'gondola', public: true, guestLimit: 8 });
  await page.goto(`${server.url}public`);
  await page.getByRole('link', { name: 'The Rialto' }).waitFor();
  await same('rooms', page.locator('room-pages'), names);
  await page.getByRole('link', { name: 'The Rialto' }).click();
  await page.getByLabel('Password of this room').waitFor();
  await same('door', page.locator('room-pages'), names);
});
