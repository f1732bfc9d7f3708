import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';

import { Account } from './support/account.mjs';
import { launch, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
  server = await Server.start();
});
afterEach(() => server?.stop());

const stage = (context, count) => scene(context, { browser, server }, count);

test('two guests chat', async (context) => {
  const [ana, ben] = await stage(context, 2);
  assert.notEqual(await ana.name(), await ben.name());
  await ana.say('Hello?');
  await ben.shows(['Hello?']);
  await ben.say('Hello!');
  await ana.shows(['Hello?', 'Hello!']);
  assert.equal(await ana.page.locator('.message.own .bubble').textContent(), 'Hello?');
  assert.equal(await ben.page.locator('.message:not(.own) .name').textContent(), await ana.name());
  assert.deepEqual([...ana.faults, ...ben.faults], []);
});

test('somebody who writes is announced', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const isTyping = ben.page.locator('.typing', { hasText: `${await ana.name()} is typing` }).waitFor();
  await Promise.all([isTyping, ana.page.locator('textarea').pressSequentially('Let me think')]);
  await ana.page.locator('textarea').press('Enter');
  await ben.shows(['Let me think']);
  await ben.page.locator('.typing:empty').waitFor({ state: 'attached' });
});

test('who comes and who goes is seen', async (context) => {
  const [ana] = await stage(context, 1);
  const here = (text) => ana.page.locator('.subtitle', { hasText: text }).waitFor();
  await here('Only you are here');
  const [ben] = await stage(context, 1);
  await here('2 people here');
  await ben.context.close();
  await here('Only you are here');
});

test('a reload keeps the account, the channel and what was typed', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const name = await ana.name();
  await ana.writeTo(await ben.name());
  await ana.say('Between us');
  await ana.shows(['Between us']);
  await ana.page.locator('textarea').fill('Not yet sent');
  await ana.page.reload();
  await ana.isIn();
  assert.equal(await ana.name(), name);
  await ana.shows(['Between us']);
  assert.equal(await ana.page.locator('textarea').inputValue(), 'Not yet sent');
});

test('a direct message to somebody who is elsewhere', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const [anaName, benName] = [await ana.name(), await ben.name()];
  await ana.writeTo(benName);
  await ana.say('Psst');
  await ana.say('Are you there?');

  await ben.line(anaName).locator('.badge', { hasText: '2' }).waitFor();
  assert.match(await ben.page.title(), /^\(2\)/);
  assert.equal(await ben.line(anaName).locator('.last').textContent(), 'Are you there?');
  await ben.line(anaName).locator('button').click();
  await ben.shows(['Psst', 'Are you there?']);
  await ben.line(anaName).locator('.badge').waitFor({ state: 'hidden' });
  await ben.say('Yes');
  await ana.shows(['Psst', 'Are you there?', 'Yes']);

  await ben.page.reload();
  await ben.isIn();
  await ben.line(anaName).locator('.badge').waitFor({ state: 'hidden' });
});

test('the server dies and comes back: everything is there exactly once', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const texts = [];
  for (let number = 1; number <= 5; number += 1) {
    await (number % 2 ? ana : ben).say(`before ${number}`);
    texts.push(`before ${number}`);
    await ana.shows(texts);
  }
  await ben.shows(texts);

  await server.kill();
  await ana.banner().waitFor();
  await ana.say('while away 1');
  await ana.say('while away 2');
  await ana.page.locator('.message.pending').nth(1).waitFor();
  await server.restart();

  texts.push('while away 1', 'while away 2');
  await ana.shows(texts);
  await ben.shows(texts);
  await ana.banner().waitFor({ state: 'hidden' });
  await ben.say('after');
  texts.push('after');
  await ana.shows(texts);

  await ana.page.reload();
  await ana.isIn();
  await ana.shows(texts);
  assert.deepEqual([...ana.faults, ...ben.faults], []);
});

test('a server that is stopped in good order is left and found again', async (context) => {
  const [ana, ben] = await stage(context, 2);
  await ana.say('before');
  await ben.shows(['before']);
  await server.terminate();
  await ben.say('between');
  await server.restart();
  await ana.shows(['before', 'between']);
  await ben.shows(['before', 'between']);
});

test('a message that was under way when the server died arrives exactly once', async (context) => {
  const [ana, ben] = await stage(context, 2);
  await ana.say('first');
  await ben.shows(['first']);
  await ana.say('in flight');
  await server.kill();
  await server.restart();
  await ana.shows(['first', 'in flight']);
  await ben.shows(['first', 'in flight']);
});

test('sign up, sign out, sign in elsewhere', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const [here, there] = [new Account(ana), new Account(ben)];
  await here.keep('Anastasia', 'correct horse');
  await ana.say('I am here to stay');
  await ana.shows(['I am here to stay']);

  await here.signOut();
  await here.press('Continue as a guest');
  await ana.isIn();
  assert.notEqual(await ana.name(), 'Anastasia');

  await there.signIn('Anastasia', 'wrong');
  await there.dialog.locator('.error:not(:empty)').waitFor();
  await there.signIn('Anastasia', 'correct horse');
  await there.called('Anastasia');
  await ben.isIn();
  assert.equal(await ben.page.locator('.message.own .bubble').textContent(), 'I am here to stay');
});
