import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { Keep } from '../../public/protocol/keep.js';
import { Outbox } from '../../public/protocol/outbox.js';
import { Disconnected, Refused } from '../../public/protocol/types.js';

/** A browser's storage. */
function box() {
  const values = new Map();
  const storage = { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => values.set(key, value), removeItem: (key) => values.delete(key) };
  return () => storage;
}

/** An outbox with a server that does what the test says. */
function setUp(storage = box()) {
  const sent = [];
  const outbox = new Outbox(
    new Keep(storage, 'unsent'),
    (entry) => new Promise((resolve, reject) => sent.push({ text: entry.text, id: entry.clientID, resolve, reject })),
  );
  return { outbox, sent, storage, texts: () => outbox.waiting('me', '').map(({ text }) => text) };
}

test('messages of a channel leave one after the other, in order', async () => {
  const { outbox, sent } = setUp();
  outbox.resume('me');
  outbox.add('me', '', 'one');
  outbox.add('me', '', 'two');
  outbox.add('me', 'ben', 'elsewhere');
  assert.deepEqual(sent.map(({ text }) => text), ['one', 'elsewhere']);
  sent[0].resolve();
  await setImmediate();
  assert.deepEqual(sent.map(({ text }) => text), ['one', 'elsewhere', 'two']);
});

test('what was under way when the connection broke is sent again under the same name, once', async () => {
  const { outbox, sent, texts } = setUp();
  outbox.resume('me');
  outbox.add('me', '', 'one');
  outbox.pause();
  sent[0].reject(new Disconnected());
  await setImmediate();
  assert.deepEqual(texts(), ['one']);
  outbox.resume('me');
  assert.equal(sent.length, 2);
  assert.equal(sent[1].id, sent[0].id);
  outbox.settle(sent[1].id);
  sent[1].resolve();
  await setImmediate();
  assert.deepEqual(texts(), []);
  assert.equal(sent.length, 2);
});

test('a refusal stops one message, not those behind it', async () => {
  const { outbox, sent } = setUp();
  outbox.resume('me');
  outbox.add('me', '', 'bad');
  outbox.add('me', '', 'good');
  sent[0].reject(new Refused({ code: 7, error: 'no', payload: '' }));
  await setImmediate();
  assert.equal(outbox.waiting('me', '')[0].failure, 'no');
  assert.equal(sent[1].text, 'good');
  sent[1].resolve();
  await setImmediate();
  outbox.retry(sent[0].id);
  assert.equal(sent[2].text, 'bad');
});

test('it outlives the page and never speaks for somebody else', () => {
  const before = setUp();
  before.outbox.add('me', '', 'kept');
  const { outbox, sent, texts } = setUp(before.storage);
  assert.deepEqual(texts(), ['kept']);
  outbox.resume('another');
  assert.equal(sent.length, 0);
  outbox.resume('me');
  assert.equal(sent[0].text, 'kept');
});

test('what was written more than a week ago is not sent unasked', (context) => {
  context.mock.timers.enable({ apis: ['Date'] });
  const before = setUp();
  before.outbox.add('me', '', 'old');
  context.mock.timers.tick(6 * 24 * 3_600_000);
  before.outbox.add('me', '', 'newer');
  context.mock.timers.tick(2 * 24 * 3_600_000);
  const { outbox, sent } = setUp(before.storage);
  outbox.resume('me');
  assert.deepEqual(sent.map(({ text }) => text), ['newer']);
  const [old] = outbox.waiting('me', '');
  assert.match(old.failure, /a week ago/);
  outbox.pause();
  outbox.retry(old.clientID);
  outbox.resume('me');
  assert.deepEqual(sent.map(({ text }) => text), ['newer', 'old']);
});

test('what comes from the storage may have been sent: it counts as tried when it was written', (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000 });
  const before = setUp();
  before.outbox.add('me', '', 'maybe');
  const { outbox } = setUp(before.storage);
  assert.equal(outbox.waiting('me', '')[0].triedAt, 1_000);
});

test('who leaves takes their messages along', () => {
  const { outbox, storage, texts } = setUp();
  outbox.add('me', '', 'mine');
  outbox.add('ben', '', 'theirs');
  outbox.forget('me');
  assert.deepEqual(texts(), []);
  assert.deepEqual(new Keep(storage, 'unsent').read().map(({ text }) => text), ['theirs']);
});
