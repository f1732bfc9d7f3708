import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

const axe = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** Has the page examined in both themes. */
async function examine({ page }, view) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await page.evaluate(`${axe};axe.run()`);
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
    assert.deepEqual(found, [], `${view}, ${colorScheme}`);
  }
}

test('axe finds nothing on any view in either theme', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  await examine(ana, 'nothing said yet');
  await ana.say('See https://example.org/');
  await ben.say('Thank you');
  await ben.writeTo(await ana.name());
  await ben.say('Between us');
  await ana.line(await ben.name()).locator('.badge').waitFor();
  await examine(ana, 'General');
  await examine(ben, 'a direct channel');

  await ana.page.locator('.account').click();
  await examine(ana, 'the account');
  await ana.page.keyboard.press('Escape');
  await ana.page.getByRole('button', { name: 'New direct message' }).click();
  await examine(ana, 'the people');
  await ana.page.keyboard.press('Escape');

  await ana.page.getByRole('button', { name: 'Settings' }).click();
  await examine(ana, 'the settings');
  await ana.page.keyboard.press('Escape');
  await ben.page.getByRole('button', { name: /^About/ }).click();
  await examine(ben, 'the menu of a channel');
  await ben.page.keyboard.press('Escape');
  await ana.page.getByRole('button', { name: 'Commands and keys' }).click();
  await examine(ana, 'the help');
  await ana.page.keyboard.press('Escape');
  await ana.page.locator('textarea').fill('/');
  await ana.page.getByRole('option').first().waitFor();
  await examine(ana, 'the commands');
  await ana.page.locator('textarea').fill('@');
  await ana.page.getByRole('option').first().waitFor();
  await examine(ana, 'the people to name');
  await ana.page.locator('textarea').fill('/login Ana secret');
  await ana.page.locator('secret-field input').waitFor();
  await examine(ana, 'a password');
  await ana.page.keyboard.press('Escape');
  await ana.page.locator('textarea').fill('/nonsense');
  await ana.page.keyboard.press('Enter');
  await examine(ana, 'a refusal');
  await ana.page.locator('textarea').fill('');

  await server.kill();
  await ana.banner().waitFor();
  await ana.say('while away');
  await ana.page.locator('.message.pending').waitFor();
  await examine(ana, 'offline');
  await server.restart();
});

test('everything can be done without a mouse', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  const { keyboard } = ana.page;
  const name = await ben.name();
  const focused = () => ana.page.evaluate(() => document.activeElement?.closest('button')?.textContent ?? '');
  const tabTo = async (text) => {
    for (let tries = 0; !(await focused()).includes(text); tries += 1) {
      assert.ok(tries < 12, `Tab does not lead to ${text}`);
      await keyboard.press('Tab');
    }
  };

  await ana.page.getByRole('button', { name: 'New direct message' }).focus();
  await keyboard.press('Enter');
  await keyboard.type(name);
  await ana.page.locator('people-dialog li button', { hasText: name }).waitFor();
  await keyboard.press('Enter');
  await ana.page.locator('h1', { hasText: name }).waitFor();
  await keyboard.type('No mouse here');
  await keyboard.press('Enter');
  await ben.line(await ana.name()).locator('.badge').waitFor();

  await tabTo(name);
  await keyboard.press('ArrowUp');
  assert.match(await focused(), /General/);
  await keyboard.press('Enter');
  await ana.page.locator('h1', { hasText: 'General' }).waitFor();

  await tabTo('keep this name');
  await keyboard.press('Enter');
  await ana.page.locator('dialog[open]').waitFor();
  await keyboard.press('Escape');
  assert.match(await focused(), /keep this name/);
});
