// What was typed outlives its window, and is sent once.

import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';

import { Account } from './support/account.mjs';
import { deafen, launch, scene, Window } from './support/browser.mjs';
import { until } from './support/cluster.mjs';
import { Server } from './support/server.mjs';

/** A name under which the browser finds this machine, and does not trust plain HTTP as it does on the machine's own. */
const ELSEWHERE = 'elsewhere.test';

let browser;
let server;

before(async () => {
  browser = await launch(`--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`);
});
after(() => browser?.close());
beforeEach(async () => {
  server = await Server.start();
});
afterEach(() => server?.stop());

const stage = (context, count) => scene(context, { browser, server }, count);

/** Lets the page say nothing of this kind. */
async function gag(page, word) {
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const upstream = socket.connectToServer();
    socket.onMessage((data) => data.includes(word) || upstream.send(data));
  });
}

const pending = (window) => window.page.locator('.message.pending');

test('what was written while the server was away is sent by the next window, once, and drafts are gone on with', async (context) => {
  const [ana, ben] = await stage(context, 2);
  await ana.say('before');
  await ben.shows(['before']);
  await server.kill();
  await ana.banner().waitFor();
  for (const text of ['one', 'two', 'three']) await ana.say(text);
  await pending(ana).nth(2).waitFor();
  await ana.draft.fill('Not yet');
  await ana.page.close();
  await server.restart();

  const next = await ana.tab(server.url);
  const texts = ['before', 'one', 'two', 'three'];
  await next.shows(texts);
  await ben.shows(texts);
  assert.equal(await next.draft.inputValue(), 'Not yet');

  await next.page.close();
  const last = await ana.tab(server.url);
  await last.say('after');
  for (const window of [last, ben]) await window.shows([...texts, 'after']);
  assert.deepEqual([...next.faults, ...last.faults], []);
});

test('what was stored without the window being told is not stored again', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const deaf = await ana.tab(server.url, (page) => deafen(page, '"channelMessage"'));
  await deaf.say('Once');
  await ben.shows(['Once']);
  await pending(deaf).waitFor();
  await deaf.page.close();
  const next = await ana.tab(server.url);
  await next.shows(['Once']);
  await next.say('Twice');
  await ben.shows(['Once', 'Twice']);
});

test('a window takes nothing from one that is there', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const mute = await ana.tab(server.url, (page) => gag(page, '"channelMessage"'));
  await mute.say('From here');
  await mute.draft.fill('Here');
  await pending(mute).waitFor();
  const other = await ana.tab(server.url);
  assert.equal(await other.draft.inputValue(), '');
  await other.say('From there');
  await ben.shows(['From there']);
  await mute.page.reload();
  await mute.isIn();
  await pending(mute).filter({ hasText: 'From here' }).waitFor();
  assert.equal(await mute.draft.inputValue(), 'Here');
});

test('a tab that is duplicated sends nothing twice', async (context) => {
  const [ana, ben] = await stage(context, 2);
  const mute = await ana.tab(server.url, (page) => gag(page, '"channelMessage"'));
  await mute.say('Once');
  await mute.draft.fill('Still writing');
  await pending(mute).waitFor();
  const kept = await mute.page.evaluate(() => Object.entries(sessionStorage));
  const bringKept = (page) => page.addInitScript((entries) => entries.forEach(([key, value]) => sessionStorage.setItem(key, value)), kept);

  const copy = await ana.tab(server.url, bringKept);
  assert.equal(await copy.draft.inputValue(), '');
  await copy.say('From the copy');
  await copy.shows(['From the copy']);
  await ben.shows(['From the copy']);

  await mute.page.close();
  const next = await ana.tab(server.url);
  for (const window of [next, copy, ben]) await window.shows(['From the copy', 'Once']);
  assert.equal(await next.draft.inputValue(), 'Still writing');
});

test('who signs out leaves nothing behind, not even from a window that is gone', async (context) => {
  const [ana] = await stage(context, 1);
  const account = new Account(ana);
  await account.keep('Anastasia', 'correct horse');
  const mute = await ana.tab(server.url, (page) => gag(page, '"channelMessage"'));
  await mute.say('Private words');
  await mute.draft.fill('Private thoughts');
  await pending(mute).waitFor();
  await mute.page.close();
  const kept = () => ana.page.evaluate(() => JSON.stringify({ ...localStorage }));
  // What one window writes comes to another by way of the browser.
  await until(async () => /Private words/.test(await kept()) && /Private thoughts/.test(await kept()));
  await account.signOut();
  assert.doesNotMatch(await kept(), /Private/);
});

test('without locks, as over plain HTTP from another machine, things are kept for as long as the window is there', async (context) => {
  const url = server.url.replace('127.0.0.1', ELSEWHERE);
  const ana = await Window.open(browser, url);
  context.after(() => ana.context.close());
  assert.deepEqual(await ana.page.evaluate(() => [isSecureContext, 'locks' in navigator]), [false, false]);
  await ana.say('Hello');
  await ana.shows(['Hello']);
  await server.kill();
  await ana.banner().waitFor();
  await ana.say('Later');
  await ana.draft.fill('Still writing');
  await server.restart();
  await ana.page.reload();
  await ana.shows(['Hello', 'Later']);
  assert.equal(await ana.draft.inputValue(), 'Still writing');
  assert.deepEqual(ana.faults, []);
});

test('without any storage, things are kept for as long as the page is there', async (context) => {
  const [ben] = await stage(context, 1);
  const forbid = () => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, { get: () => { throw new DOMException('no', 'SecurityError'); } });
    }
  };
  const ana = await ben.tab(server.url, (page) => page.addInitScript(forbid));
  await server.kill();
  await ana.banner().waitFor();
  await ana.say('Later');
  await ana.draft.fill('Still writing');
  await server.restart();
  for (const window of [ana, ben]) await window.shows(['Later']);
  assert.equal(await ana.draft.inputValue(), 'Still writing');
});
