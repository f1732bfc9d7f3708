import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Keep } from '../../public/protocol/keep.js';

const WRONG = ['5', 'null', 'true', '"text"', '{}', '[]', '[null]', '[[1]]', '{"texts":5}', '{"texts":{"":5},"at":1}', 'no JSON'];
const read = (name, text) => new Keep(() => ({ getItem: () => text }), name).read();

test('what has the wrong shape is as if it were not there', () => {
  for (const name of ['identity', 'channel', 'drafts', 'blocked', 'window.some.drafts']) {
    for (const text of WRONG) assert.equal(read(name, text), undefined, `${name}: ${text}`);
  }
  for (const name of ['unsent', 'hidden', 'window.some.unsent']) {
    for (const text of WRONG) assert.deepEqual(read(name, text) ?? [], [], `${name}: ${text}`);
  }
  assert.deepEqual(read('recall', '["one", null, 5, "two"]'), ['one', 'two']);
});

test('what has the right shape is there, and of a list what has it', () => {
  const good = {
    identity: { userUUID: 'u', accessKey: 'k', username: 'Ana', guest: false },
    channel: { author: 'u', channel: '' },
    drafts: { at: 1, texts: { '': 'half' } },
    hidden: [{ id: 'u', upTo: 0 }],
    unsent: [{ clientID: 'c', author: 'u', channel: '', text: 'Hello', createdAt: 1 }],
  };
  for (const [name, value] of Object.entries(good)) assert.deepEqual(read(name, JSON.stringify(value)), value, name);
  assert.deepEqual(read('unsent', JSON.stringify([null, ...good.unsent, { clientID: 5 }])), good.unsent);
});
