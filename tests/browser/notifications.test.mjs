import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, PATIENCE, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** The notifications that are there. The page's own lock is asked for: who looks while one is about to be shown makes Chromium lose it. */
const shown = (page) =>
  page.evaluate(() =>
    navigator.locks.request('rialto.notifications', async () => {
      const worker = await navigator.serviceWorker.getRegistration();
      const all = (await worker?.getNotifications()) ?? [];
      return all.map(({ title, body }) => `${title}: ${body}`).sort();
    }),
  );

/** Waits until exactly these notifications are there. */
async function calls({ page }, expected) {
  const patience = Date.now() + PATIENCE;
  let found = await shown(page);
  while (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < patience) {
    await new Promise((done) => setTimeout(done, 50));
    found = await shown(page);
  }
  assert.deepEqual(found, expected);
}

async function turn(page, name, on = true) {
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('switch', { name }).setChecked(on);
  await page.keyboard.press('Escape');
}

/** A window that wants notifications. */
async function listener(context, count) {
  const windows = await scene(context, { browser, server }, count);
  await windows[0].context.grantPermissions(['notifications']);
  await turn(windows[0].page, 'Desktop notifications');
  await windows[0].page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  return windows;
}

test('direct messages and the own name call, unless they are seen', async (context) => {
  const [ana, ben] = await listener(context, 2);
  const [name, bens] = [await ana.name(), await ben.name()];
  await ben.say(`Here, ${name}`);
  await ana.shows([`Here, ${name}`]);
  await ben.writeTo(name);
  await ben.say('Psst');
  await calls(ana, [`${bens}: Psst`]);

  // The next one takes its place; what is read takes it away.
  await ben.say('Psst!');
  await calls(ana, [`${bens}: Psst!`]);
  await ana.line(bens).getByRole('button').click();
  await ana.shows(['Psst', 'Psst!']);
  await calls(ana, []);

  await ben.line('General').getByRole('button').click();
  await ben.say('Nobody in particular');
  await ben.say(`Are you there, @${name}?`);
  await calls(ana, [`${bens} in General: Are you there, @${name}?`]);
  assert.deepEqual(ana.faults, []);
});

test('of several windows one calls, and a click leads to the message', async (context) => {
  const [ana, ben] = await listener(context, 2);
  const bens = await ben.name();
  const other = await ana.context.newPage();
  await other.goto(server.url);
  await other.waitForSelector('.account .dot.online');
  for (const page of [ana.page, other]) {
    await page.evaluate(() => {
      const show = ServiceWorkerRegistration.prototype.showNotification;
      globalThis.count = 0;
      ServiceWorkerRegistration.prototype.showNotification = function (...args) {
        globalThis.count += 1;
        return show.apply(this, args);
      };
    });
  }
  await ben.writeTo(await ana.name());
  await ben.say('Once');
  await calls(ana, [`${bens}: Once`]);
  await ben.say('Once more');
  await calls(ana, [`${bens}: Once more`]);
  const counts = await Promise.all([ana.page, other].map((page) => page.evaluate(() => globalThis.count)));
  assert.equal(counts[0] + counts[1], 2);

  // The browser's own bubble cannot be clicked here; its event can be had.
  const [worker] = ana.context.serviceWorkers();
  await worker.evaluate(async () => {
    const [notification] = await registration.getNotifications();
    dispatchEvent(new NotificationEvent('notificationclick', { notification }));
  });
  await Promise.race([ana.page, other].map((page) => page.locator('h1', { hasText: bens }).waitFor()));
});

test('where they are blocked the page says so', async (context) => {
  const [ana] = await scene(context, { browser, server }, 1);
  await ana.page.evaluate(() => {
    Object.defineProperty(Notification, 'permission', { get: () => 'denied' });
    Notification.requestPermission = () => Promise.resolve('denied');
  });
  await ana.page.getByRole('button', { name: 'Settings' }).click();
  assert.equal(await ana.page.getByRole('switch', { name: 'Desktop notifications' }).isDisabled(), true);
  await ana.page.getByText('Blocked in this browser').waitFor();
});

test('a tone sounds for the same messages, and as a sample', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  await ana.page.evaluate(() => {
    globalThis.notes = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...args) {
      globalThis.notes += 1;
      return start.apply(this, args);
    };
  });
  const notes = (count) => ana.page.waitForFunction((wanted) => globalThis.notes === wanted, count);
  await turn(ana.page, 'Sound');
  await notes(2);
  await ben.writeTo(await ana.name());
  await ben.say('Psst');
  await notes(4);
  await turn(ana.page, 'Sound', false);
  await ben.say('Hush');
  await ana.page.locator('nav .badge', { hasText: '2' }).waitFor();
  await notes(4);
});
