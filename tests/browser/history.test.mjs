// 1,000 messages that were said on one node, read on another.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, Window } from './support/browser.mjs';
import { Cluster } from './support/cluster.mjs';
import { seed, seeded, UNHURRIED } from './support/seed.mjs';

const MESSAGES = 1_000;

let browser;
let cluster;
/** The node on which everything is said, and the one on which it is read. */
let here;
let there;

before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start(UNHURRIED)]);
  [here, there] = cluster.nodes;
  await seed(browser, here, Array.from({ length: MESSAGES }, (_, index) => seeded(index + 1)));
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** A window with eyes for the log. */
async function reader(context) {
  const window = await Window.open(browser, there.url);
  context.after(() => window.context.close());
  const { page } = window;
  return {
    window,
    page,
    /** Where each drawn message is: its number to its distance from the log's top. */
    places: () =>
      page.evaluate(() => {
        const log = document.querySelector('.log');
        const top = log.getBoundingClientRect().top;
        return Object.fromEntries(
          [...log.querySelectorAll('.message')].map((row) => [/^message (\d+)/.exec(row.querySelector('.bubble').textContent)[1], row.getBoundingClientRect().top - top]),
        );
      }),
    /** Waits until nothing is being fetched and nothing has moved for some frames. */
    settled: (frames = 14) =>
      page.evaluate(async (calm) => {
        const log = document.querySelector('.log');
        const state = () => JSON.stringify([log.ariaBusy, log.scrollTop, log.scrollHeight, log.querySelectorAll('.message').length]);
        for (let same = 0, last = ''; same < calm; same += 1) {
          await new Promise(requestAnimationFrame);
          if (log.ariaBusy === 'true' || state() !== last) same = 0;
          last = state();
        }
      }, frames),
    scroll: (by) => page.evaluate((pixels) => document.querySelector('.log').scrollBy(0, pixels), by),
  };
}

/** The message in the middle of the view, and where it is. */
function inTheMiddle(places) {
  return Object.entries(places).find(([, top]) => top > 250);
}

test('1,000 messages are paged through: in order, none missing, none twice, and what is read stays where it is', async (context) => {
  const { window, page, places, settled, scroll } = await reader(context);
  const seen = new Set();
  await settled();
  for (let rounds = 0; !seen.has(1); rounds += 1) {
    assert.ok(rounds < 200, 'the first message is never reached');
    const before = await places();
    const numbers = Object.keys(before).map(Number);
    for (const number of numbers) seen.add(number);
    assert.deepEqual(numbers, numbers.map((_, index) => numbers[0] + index), 'in order and without a gap');
    const [number, top] = inTheMiddle(before);
    await scroll(-600);
    await settled(3);
    const now = (await places())[number];
    const moved = await page.evaluate(() => document.querySelector('.log').scrollTop) > 0;
    if (moved) assert.ok(Math.abs(now - top - 600) < 1.5, `${number} went from ${top} to ${now}`);
  }
  assert.equal(seen.size, MESSAGES);
  await page.locator('.start', { hasText: 'This is where General begins' }).waitFor();
  assert.deepEqual(window.faults, []);
});

test('a turn of the wheel moves the messages by just so much, although rows above were only guessed', async (context) => {
  const { page, places, settled } = await reader(context);
  await settled();
  await page.mouse.move(700, 400);
  for (let turn = 0; turn < 6; turn += 1) {
    const [number, top] = inTheMiddle(await places());
    const before = await page.evaluate(() => document.querySelector('.log').scrollTop);
    await page.mouse.wheel(0, -700);
    await page.waitForFunction((was) => document.querySelector('.log').scrollTop !== was, before);
    await settled();
    const now = (await places())[number];
    assert.ok(Math.abs(now - top - 700) < 1.5, `${number} went from ${top} to ${now}`);
  }
});

test('who turns the wheel slowly gets away from the end', async (context) => {
  const { page, settled } = await reader(context);
  const top = () => page.evaluate(() => document.querySelector('.log').scrollTop);
  await settled();
  await page.mouse.move(700, 400);
  for (let turn = 0; turn < 5; turn += 1) {
    const before = await top();
    await page.mouse.wheel(0, -6);
    await page.waitForFunction((was) => document.querySelector('.log').scrollTop < was, before);
    await settled();
    assert.ok(Math.abs((await top()) - before + 6) < 1.5, `from ${before} to ${await top()}`);
  }
});

test('another width and larger letters leave what is read where it is', async (context) => {
  const { page, places, settled, scroll } = await reader(context);
  await scroll(-2_500);
  await settled();
  const first = async () => Object.entries(await places()).find(([, top]) => top >= 0);
  const [number, top] = await first();
  const stays = async (what) => {
    await settled();
    const now = (await places())[number];
    assert.ok(now > -100 && now < 200, `${what}: ${number} went from ${top} to ${now}`);
  };
  await page.setViewportSize({ width: 500, height: 700 });
  await stays('narrow');
  await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
  await stays('large');
  await page.evaluate(() => document.documentElement.style.removeProperty('font-size'));
  await page.setViewportSize({ width: 1200, height: 800 });
  await settled();
  assert.ok(Math.abs((await places())[number] - top) < 60);
});

test('keys go through the messages and to either end', async (context) => {
  const { page, places, settled } = await reader(context);
  const focused = () => page.evaluate(() => document.activeElement?.querySelector('.bubble')?.textContent);
  const top = () => page.evaluate(() => document.querySelector('.log').scrollTop);
  await settled();
  await page.locator('.log').focus();
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), seeded(MESSAGES));
  for (let number = MESSAGES - 1; number > MESSAGES - 70; number -= 1) {
    await page.keyboard.press('ArrowUp');
    assert.equal(await focused(), seeded(number));
  }
  const away = await places();
  assert.ok(away[MESSAGES - 69] >= 0 && away[MESSAGES - 69] < 800, 'what has the focus is in view');

  const before = await top();
  await page.keyboard.press('PageUp');
  await page.waitForFunction((was) => document.querySelector('.log').scrollTop < was - 200, before);
  await page.keyboard.press('End');
  await page.locator('.jump').waitFor({ state: 'hidden' });
  assert.ok((await places())[MESSAGES] < 800);
});

test('the newest message is one click away, and who comes back to a channel finds the place', async (context) => {
  const { window, page, places, settled, scroll } = await reader(context);
  await scroll(-3_000);
  await settled();
  const before = await places();
  const [number, top] = inTheMiddle(before);
  await seed(browser, here, ['one more']);
  await page.locator('.jump .badge').waitFor();
  assert.equal((await places())[number], top);

  await window.writeTo(await window.name());
  await page.locator('nav li', { hasText: 'General' }).locator('button').click();
  await page.locator('h1', { hasText: 'General' }).waitFor();
  await settled();
  assert.ok(Math.abs((await places())[number] - top) < 1.5);

  await page.getByRole('button', { name: 'Jump to newest' }).click();
  await page.locator('.bubble', { hasText: 'one more' }).waitFor();
  await page.locator('.jump').waitFor({ state: 'hidden' });
});

test('a message is written anew while others go on writing: it stays where it is, and so does the focus', async (context) => {
  const { window, page, scroll, settled } = await reader(context);
  await window.say('message 5000');
  const own = page.locator('.message.own:not(.pending)');
  await own.hover();
  await page.locator('.actions').getByRole('button', { name: 'Edit' }).click();
  await page.keyboard.type(' anew');
  const state = () => page.evaluate(() => [document.activeElement.value, Math.round(document.activeElement.getBoundingClientRect().top)]);
  const [text, top] = await state();
  assert.equal(text, 'message 5000 anew');

  for (let round = 0; round < 4; round += 1) {
    await seed(browser, here, Array.from({ length: 60 }, (_, index) => seeded(6_000 + 60 * round + index)));
    await page.keyboard.type('!');
  }
  await page.waitForFunction(() => document.querySelector('.jump .badge').textContent === '99+');
  const [more, now] = await state();
  assert.equal(more, 'message 5000 anew!!!!');
  assert.ok(Math.abs(now - top) < 40, `from ${top} to ${now}`);

  for (let steps = 0; steps < 8; steps += 1) await scroll(1_000);
  await settled();
  await page.keyboard.type('?');
  assert.equal((await state())[0], 'message 5000 anew!!!!?', 'even where it is out of sight');
  await page.keyboard.press('Enter');
  await page.locator('.editor').waitFor({ state: 'detached' });
  await page.locator('.bubble', { hasText: 'message 5000 anew!!!!?' }).waitFor();
  assert.deepEqual(window.faults, []);
});
