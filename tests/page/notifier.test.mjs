// Notifications in a browser that does not answer.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { Emitter } from '../../public/protocol/emitter.js';
import { Notifier } from '../../public/ui/notifier.js';

/** Locks of one window: shared ones are held together, who wants one alone waits for all before. */
class Locks {
  #held = new Map();

  async request(name, { mode = 'exclusive' }, act) {
    const { shared = [], last } = this.#held.get(name) ?? {};
    const before = mode === 'shared' ? [last] : [last, ...shared];
    const over = Promise.allSettled(before).then(() => act({ name }));
    this.#held.set(name, mode === 'shared' ? { shared: [...shared, over], last } : { last: over });
    return over;
  }
}

/** Browsers' globals, for as long as a test lasts. */
function browser(context, worker) {
  const serviceWorker = Object.assign(new EventTarget(), { register: async () => worker, getRegistration: async () => worker, startMessages() {} });
  const fakes = { navigator: { locks: new Locks(), serviceWorker }, Notification: { permission: 'granted' }, document: { hidden: true } };
  for (const [name, value] of Object.entries(fakes)) {
    const real = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
    context.after(() => (real ? Object.defineProperty(globalThis, name, real) : delete globalThis[name]));
  }
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
}

/** As time goes by, with whatever follows from it. */
async function pass(milliseconds) {
  for (let left = milliseconds; left > 0; left -= 100) {
    await setImmediate();
    mock.timers.tick(100);
  }
  await setImmediate();
}

test('a notification of which the browser never says that it is shown does not keep another from being taken away', async (context) => {
  const closed = [];
  const shown = [];
  const worker = {
    showNotification: (title, { tag }) => (shown.push(tag), tag === 'stuck' ? new Promise(() => {}) : Promise.resolve()),
    getNotifications: async ({ tag }) => [{ close: () => closed.push(tag) }],
  };
  browser(context, worker);
  const unread = new Map([['stuck', 1], ['ben', 1]]);
  const app = {
    identity: { userUUID: 'ann', username: 'Ann' },
    channel: undefined,
    reading: { attentive: false },
    preferences: Object.assign(new Emitter(), { notifications: true, sound: false }),
    client: new Emitter(),
    channels: Object.assign(new Emitter(), { find: (channel) => ({ unread: unread.get(channel) }) }),
    calls: new Emitter(),
  };
  new Notifier(app, () => {}).start();
  for (const channel of unread.keys()) {
    app.client.emit('message', { channel, message: { UUID: channel, SenderUUID: channel, Message: 'Hello', Sender: { Username: channel } } });
  }
  await pass(2_000);
  assert.deepEqual(shown, ['stuck', 'ben']);
  unread.set('ben', 0);
  app.channels.emit('change', undefined);
  await pass(2_000);
  assert.deepEqual(closed, [], 'not while one may be on its way to the screen');
  await pass(4_000);
  assert.deepEqual(closed, ['ben']);
});
