// What a screen reader finds in each main view, compared with tests/browser/snapshots/. After a change that is meant:
// `npm run snapshots`, and read the difference before it is committed.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

const SNAPSHOTS = new URL('snapshots/', import.meta.url);

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** The same on every day and for every guest. */
async function normal(locator, names) {
  let text = await locator.ariaSnapshot();
  for (const [real, role] of Object.entries(names)) text = text.replaceAll(real, role);
  return `${text.replaceAll(/\b\d{1,2}:\d{2}\b/g, 'TIME')}\n`;
}

async function same(view, locator, names) {
  const found = await normal(locator, names);
  const file = new URL(`${view}.yml`, SNAPSHOTS);
  if (process.env.UPDATE_SNAPSHOTS) {
    await mkdir(SNAPSHOTS, { recursive: true });
    await writeFile(file, found);
  }
  assert.equal(found, await readFile(file, 'utf8'), `${view} is not what it was; if that is meant: npm run snapshots`);
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
  await page.locator('textarea').fill('/set');
  await page.getByRole('option').first().waitFor();
  await same('commands', page.locator('chat-composer'), names);
});
