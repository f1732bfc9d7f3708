import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { examine } from './support/axe.mjs';
import { launch, scene } from './support/browser.mjs';
import { CALL_FLAGS } from './support/call.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(...CALL_FLAGS), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

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

test('a guest writes, answers, reacts, chooses, signs up, out and in, and calls without a mouse', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  const { page } = ana;
  const { keyboard } = page;
  const name = await ben.name();
  const focused = () =>
    page.evaluate(() => {
      const { activeElement: element } = document;
      return `${element?.tagName} ${element?.getAttribute('aria-label') ?? element?.closest('label')?.textContent ?? element?.textContent}`;
    });
  const tabTo = async (text, key = 'Tab') => {
    for (let tries = 0; !(await focused()).includes(text); tries += 1) {
      assert.ok(tries < 25, `${key} does not lead to ${text}, but to ${await focused()}`);
      await keyboard.press(key);
    }
  };
  const type = async (...texts) => {
    for (const [index, text] of texts.entries()) {
      if (index > 0) await keyboard.press('Tab');
      await keyboard.type(text);
    }
    await keyboard.press('Enter');
  };
  const dialog = page.locator('dialog[open]');

  // A command. The field for messages has the focus from the beginning.
  assert.match(await focused(), /TEXTAREA/);
  await type('/theme dark');
  await page.waitForSelector('html[data-theme="dark"]');

  // A direct message, and the answer to it.
  await keyboard.type(`/join ${name}`);
  await keyboard.press('Enter');
  await page.locator('h1', { hasText: name }).waitFor();
  await type('No mouse here');
  await ben.line(await ana.name()).locator('.badge').waitFor();
  await ben.line(await ana.name()).getByRole('button').click();
  await ben.say('None here either');
  await ana.shows(['No mouse here', 'None here either']);
  await type('So I see');
  for (const window of [ana, ben]) await window.shows(['No mouse here', 'None here either', 'So I see']);

  // A reaction to the newest message but one.
  await tabTo('Messages in', 'Shift+Tab');
  await keyboard.press('ArrowUp');
  await keyboard.press('ArrowUp');
  await keyboard.press('Enter');
  assert.match(await focused(), /React/);
  await keyboard.press('Enter');
  await keyboard.press('ArrowRight');
  await keyboard.press('Enter');
  await ben.page.locator('.message', { hasText: 'None here either' }).locator('.reactions', { hasText: '❤️' }).waitFor();

  // A setting; the focus comes back to where it was.
  await tabTo('Settings', 'Shift+Tab');
  await keyboard.press('Enter');
  await dialog.waitFor();
  await tabTo('Dark');
  await keyboard.press('ArrowLeft');
  await page.waitForSelector('html[data-theme="light"]');
  await keyboard.press('Escape');
  assert.match(await focused(), /Settings/);

  // Signing up, out and in again.
  await tabTo('keep this name', 'Shift+Tab');
  await keyboard.press('Enter');
  await dialog.waitFor();
  await keyboard.press('Control+A');
  await type('Anastasia', 'correct horse');
  await dialog.waitFor({ state: 'detached' });
  assert.match(await focused(), /Anastasia/);
  await keyboard.press('Enter');
  await tabTo('Sign out');
  await keyboard.press('Enter');
  await page.getByText('You are signed out.').waitFor();
  await type('Anastasia', 'correct horse');
  await dialog.waitFor({ state: 'detached' });
  await page.locator('.account .name', { hasText: 'Anastasia' }).waitFor();
  await ana.isIn();

  // The list of channels is one stop; arrow keys move in it.
  await tabTo('General', 'Shift+Tab');
  await keyboard.press('ArrowDown');
  assert.match(await focused(), new RegExp(name));
  await keyboard.press('Enter');
  await ana.shows(['No mouse here', 'None here either', 'So I see']);

  // A call: what comes next has the focus, before it and in it.
  await tabTo('Start a call', 'Shift+Tab');
  await keyboard.press('Enter');
  await page.waitForSelector('call-lobby.pictured');
  await page.locator('call-lobby .button:focus', { hasText: 'Join' }).waitFor();
  await keyboard.press('Enter');
  await page.waitForSelector('call-room[data-standing="on"]');
  for (const [tool, state] of [['Microphone', '.silent'], ['Camera', ':scope:not(.pictured)']]) {
    await tabTo(tool);
    await keyboard.press('Space');
    await page.locator('call-tile.own').locator(state).waitFor();
  }
  await tabTo('Leave');
  await keyboard.press('Enter');
  await page.waitForSelector('call-room', { state: 'detached' });
  assert.match(await focused(), /call|Message/);
  assert.deepEqual(ana.faults, []);
});
