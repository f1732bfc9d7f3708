import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

const people = (page) => page.getByRole('dialog', { name: 'People' });
const names = (page) => people(page).locator('.person .name').allTextContents();
const about = (page, name) => people(page).getByRole('button', { name: `About ${name}` });

test('who is here comes first; somebody is found, written to, blocked and heard again', async (context) => {
  const [ana, ben, cat] = await scene(context, { browser, server }, 3);
  const [anaName, benName, catName] = [await ana.name(), await ben.name(), await cat.name()];
  await cat.context.close();
  const { page } = ana;
  await page.locator('.subtitle', { hasText: '2 people here' }).waitFor();
  const opener = page.getByRole('button', { name: 'People' });
  await opener.click();
  await people(page).getByText('3 people · 2 online').waitFor();
  assert.deepEqual((await names(page)).at(-1), catName);
  assert.deepEqual((await names(page)).slice(0, 2).sort(), [anaName, benName].sort());

  // By keys: to what there is to do about somebody, and back to where one came from.
  await page.keyboard.type(benName);
  await people(page).getByText('1 found').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.textContent === 'Block');
  await page.keyboard.press('Enter');
  await people(page).getByText(`${benName} is blocked.`).waitFor();
  await people(page).getByText('Blocked', { exact: true }).waitFor();
  await about(page, benName).click();
  await page.getByRole('menuitem', { name: 'Unblock' }).click();
  await people(page).getByText(`${benName} can write to you again.`).waitFor();
  await about(page, benName).click();
  await page.getByRole('menuitem', { name: 'Send away' }).click();
  await people(page).getByText('Only moderators may do this.').waitFor();

  await page.keyboard.press('Escape');
  await people(page).waitFor({ state: 'hidden' });
  assert.ok(await opener.evaluate((button) => button === document.activeElement), 'the focus is where it was');
  await opener.click();
  await page.keyboard.type(benName);
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: benName }).waitFor();
  assert.deepEqual(ana.faults, []);
});

test('a crowd is looked through page by page, and searched on the server', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  const { page } = ana;
  const crowd = await page.evaluate(async (count) => {
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`);
    const made = [];
    await new Promise((done, failed) => {
      const next = () => socket.send(JSON.stringify({ type: 'signIn', signIn: { guest: true } }));
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === 'ready') next();
        if (frame.type === 'error') failed(new Error(data));
        if (frame.type !== 'authorized') return;
        made.push(frame.authorized.username);
        if (made.length < count) next();
        else done();
      };
    });
    socket.close();
    return made;
  }, 450);
  await page.reload();
  await ana.isIn();
  await page.getByRole('button', { name: 'People' }).click();
  await people(page).getByText(/^45\d people/).waitFor();
  const list = people(page).locator('ul');
  await page.waitForFunction(
    (count) => {
      const scroller = document.querySelector('people-dialog ul');
      scroller.scrollTo(0, scroller.scrollHeight);
      return scroller.querySelectorAll('.person').length >= count;
    },
    451,
    { polling: 50 },
  );
  const shown = await names(page);
  assert.equal(new Set(shown).size, shown.length, 'nobody is listed twice');
  assert.deepEqual(crowd.filter((name) => !shown.includes(name)), [], 'nobody is missing');
  await list.evaluate((scroller) => scroller.scrollTo(0, 0));

  // Names end with a number, so one may begin another.
  const last = crowd.findLast((name) => shown.every((other) => other === name || !other.includes(name)));
  await people(page).getByRole('searchbox').fill(last);
  await people(page).getByText('1 found').waitFor();
  assert.deepEqual(await names(page), [last]);
  await people(page).getByRole('searchbox').fill('nobody at all');
  await people(page).getByText('Nobody of that name.').waitFor();
});
