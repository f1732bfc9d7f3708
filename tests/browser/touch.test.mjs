// What a finger can do with messages.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, scene, Window } from './support/browser.mjs';
import { Server } from './support/server.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
/** The least that a finger hits, in pixels. */
const TARGET = 40;

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** A phone in General, and somebody at a desk. */
async function phone(context) {
  const [desk] = await scene(context, { browser, server }, 1);
  const hand = await Window.open(browser, server.url, PHONE);
  context.after(() => hand.context.close());
  const { page } = hand;
  const bubble = (text) => page.locator('.bubble', { hasText: text });
  return {
    desk,
    hand,
    page,
    bubble,
    say: async (text) => {
      await page.locator('textarea').fill(text);
      await page.getByRole('button', { name: 'Send' }).tap();
      await bubble(text).last().waitFor();
    },
    tools: page.locator('.actions'),
    tool: (name) => page.locator('.actions').getByRole('button', { name }),
    /** The names of all that can be hit within it and is too small. */
    small: (selector) =>
      page.locator(selector).evaluateAll(
        (all, least) => all.map((node) => [node.getAttribute('aria-label') ?? node.textContent, node.getBoundingClientRect()]).filter(([, { width, height }]) => width < least || height < least),
        TARGET,
      ),
  };
}

test('a tap brings the tools of a message, another takes them away', async (context) => {
  const { page, bubble, say, tools } = await phone(context);
  await say('first');
  await say('second');
  assert.equal(await tools.count(), 0);
  await bubble('first').tap();
  await tools.waitFor();
  await bubble('second').tap();
  await page.locator('.message', { hasText: 'second' }).locator('.actions').waitFor();
  assert.equal(await tools.count(), 1);
  await bubble('second').tap();
  await tools.waitFor({ state: 'detached' });
  await bubble('second').tap();
  await tools.waitFor();
  await page.locator('textarea').tap();
  await tools.waitFor({ state: 'detached' });
});

test('a message is reacted to, answered, edited and deleted with a finger', async (context) => {
  const { desk, hand, page, bubble, say, tool, small } = await phone(context);
  await say('by thumb');
  await bubble('by thumb').tap();
  assert.deepEqual(await small('.actions button'), []);
  await tool('React').tap();
  assert.deepEqual(await small('.picker button'), []);
  await page.locator('.picker button', { hasText: '🎉' }).tap();
  const chip = page.locator('.reactions button', { hasText: '🎉' });
  await desk.page.locator('.reactions button', { hasText: '🎉' }).waitFor();
  assert.deepEqual(await small('.reactions button'), []);
  await chip.tap();
  await chip.waitFor({ state: 'detached' });

  // The tools stay for more.
  await tool('Edit').tap();
  const field = page.getByLabel('Edit message');
  await field.fill('by finger');
  assert.deepEqual(await small('.editor button'), []);
  await page.getByRole('button', { name: 'Save' }).tap();
  await desk.page.locator('.bubble', { hasText: 'by finger' }).waitFor();

  await tool('Reply').tap();
  assert.match(await page.locator('textarea').inputValue(), /^> .*: by finger\n$/);
  await page.locator('textarea').fill('');

  await bubble('by finger').tap();
  await tool('Delete').tap();
  const question = page.getByRole('dialog');
  assert.deepEqual(await small('dialog[open] button'), []);
  await question.getByRole('button', { name: 'Delete' }).tap();
  await desk.page.locator('.bubble', { hasText: 'Message deleted' }).waitFor();
  assert.deepEqual([...hand.faults, ...desk.faults], []);
});

test('a finger that scrolls slowly gets away from the end and opens nothing; no tools are out of view', async (context) => {
  const { desk, page, hand, bubble, tools } = await phone(context);
  for (let line = 0; line < 30; line += 1) await desk.say(`line ${line}`);
  await bubble('line 29').waitFor();
  const devtools = await hand.context.newCDPSession(page);
  const { x, y } = await bubble('line 25').boundingBox();
  const before = await page.locator('.log').evaluate(({ scrollTop }) => scrollTop);
  const touch = (type, ...touchPoints) => devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
  const scrolls = async () => {
    await touch('touchStart', { x: x + 10, y: y + 10 });
    // A finger that rests for long is not one that scrolls: the first move is a long one, and at once.
    for (let way = 20; way <= 150; way += 5) {
      await touch('touchMove', { x: x + 10, y: y + 10 + way });
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await touch('touchEnd');
    return page.waitForFunction((was) => document.querySelector('.log').scrollTop < was - 100, before, { timeout: 10_000 }).then(() => true, () => false);
  };
  // On a busy machine even that may come so late that the finger has selected a word.
  for (let left = 2; !(await scrolls()); left -= 1) {
    assert.ok(left > 0, 'nothing scrolls');
    await page.evaluate(() => getSelection().removeAllRanges());
  }
  assert.equal(await tools.count(), 0);

  // The first message of which all is seen.
  const [at, top] = await page.evaluate(() => {
    const { top } = document.querySelector('chat-log').getBoundingClientRect();
    const first = [...document.querySelectorAll('.bubble')].findIndex((bubble) => bubble.getBoundingClientRect().top >= top);
    return [first, top];
  });
  await page.locator('.bubble').nth(at).tap();
  await tools.waitFor();
  const box = await tools.boundingBox();
  assert.ok(box.y >= top && box.x >= 0 && box.x + box.width <= PHONE.viewport.width, JSON.stringify(box));
});
