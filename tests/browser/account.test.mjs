import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { Account } from './support/account.mjs';
import { launch, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

const PASSWORD = 'correct horse battery';

test('an account is kept, gets another name and another password, and is come back to', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  const account = new Account(ana);
  await account.keep('Ana', PASSWORD);
  await account.open();
  await account.press('Change name');
  await account.fill({ Name: 'Anastasia' });
  await account.press('Change name');
  await account.closed();
  await ana.page.locator('.account .name', { hasText: 'Anastasia' }).waitFor();

  await account.open();
  await account.press('Change password');
  await account.fill({ 'New password': 'another one' });
  await account.press('Change password');
  await account.closed();

  await account.open();
  await account.press('Sign out');
  await account.fill({ Name: 'Anastasia', Password: PASSWORD });
  await account.press('Sign in');
  await account.dialog.getByRole('alert').filter({ hasText: /./ }).waitFor();
  await account.fill({ Password: 'another one' });
  await account.press('Sign in');
  await account.called('Anastasia');
});

test('everything that is stored can be taken along', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  const account = new Account(ana);
  await ana.say('To be kept');
  await ana.page.locator('.message:not(.pending)', { hasText: 'To be kept' }).waitFor();
  await account.open();
  const [download] = await Promise.all([ana.page.waitForEvent('download'), account.press('Export my data')]);
  const name = await ana.name();
  assert.equal(download.suggestedFilename(), `rialto-${name}.json`);
  const kept = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.equal(kept.user.Username, name);
  assert.ok(kept.channels.some(({ messages }) => messages.some(({ Message }) => Message === 'To be kept')));
});

test('whoever was blocked can be heard again', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  const name = await ben.name();
  await ana.writeTo(name);
  await ana.page.getByRole('button', { name: `About ${name}` }).click();
  await ana.page.getByRole('menuitem', { name: 'Block' }).click();
  await ana.page.locator('.notice', { hasText: 'blocked' }).waitFor();

  const account = new Account(ana);
  await account.open();
  await account.press('Blocked people');
  await account.press(`Unblock ${name}`);
  await account.dialog.getByText('Nobody.').waitFor();
  await account.press('Close');
  await ben.writeTo(await ana.name());
  await ben.say('Can you hear me?');
  await ana.shows(['Can you hear me?']);
});

test('an account ends with its password, and who is left is asked', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  const account = new Account(ana);
  await account.keep('Leaving', PASSWORD);
  await account.open();
  await account.press('Delete account');
  await account.fill({ Password: 'not this one' });
  await account.press('Delete account');
  await account.dialog.getByRole('alert').filter({ hasText: /./ }).waitFor();
  await account.fill({ Password: PASSWORD });
  await account.press('Delete account');
  await account.dialog.getByText('You are signed out.').waitFor();
  await account.press('Continue as a guest');
  await ana.isIn();
  assert.notEqual(await ana.name(), 'Leaving');
});
