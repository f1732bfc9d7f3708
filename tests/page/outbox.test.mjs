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
