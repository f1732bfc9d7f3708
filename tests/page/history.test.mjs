import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Emitter } from '../../public/protocol/emitter.js';
import { History } from '../../public/state/history.js';
import { People } from '../../public/state/people.js';

const message = (Seq) => ({ UUID: `m${Seq}`, Seq, SenderUUID: 'ana', Sender: { UUID: 'ana', Username: 'Ana', OnLine: true }, CreatedAt: '2026-01-01T12:00:00Z', Message: '' });
const run = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

function setUp() {
  const forgotten = [];
  const client = Object.assign(new Emitter(), { channel: '', ready: true, forget: (channel) => forgotten.push(channel) });
  const history = new History(client, new People());
  const open = (channel, messages) => {
    history.opening(channel);
    client.channel = channel;
    if (messages) client.emit('page', { channel, messages, users: [], replace: true, first: true });
  };
  const says = (channel, Seq) => client.emit('message', { channel, message: message(Seq) });
  const held = (channel) => history.of(channel).messages.map(({ Seq }) => Seq);
  return { history, open, says, held, forgotten };
}

test('of a channel that was left the last page stays at hand', () => {
  const { history, open, held } = setUp();
  open('', run(1, 300));
  assert.equal(held('').length, 300);
  open('ana', run(1, 10));
  assert.deepEqual(held(''), run(251, 300).map(({ Seq }) => Seq));
  assert.equal(history.of('').hasOlder, true);
  assert.equal(held('ana').length, 10);
});

test('what is said elsewhere for weeks takes no more room than what is said in a day', () => {
  const { open, says, held } = setUp();
  open('', run(1, 50));
  open('ana', run(1, 1));
  for (let seq = 51; seq <= 5_000; seq += 1) says('', seq);
  assert.ok(held('').length <= 100, String(held('').length));
  assert.equal(held('').at(-1), 5_000);
});

test('of many channels those opened last stay at hand; the others come anew', () => {
  const { open, held, forgotten } = setUp();
  for (let number = 1; number <= 25; number += 1) open(`user ${number}`, run(1, 3));
  open('user 6');
  open('user 26', run(1, 3));
  assert.deepEqual(forgotten, ['user 1', 'user 2', 'user 3', 'user 4', 'user 5', 'user 7']);
  assert.deepEqual(held('user 6'), [1, 2, 3]);
});
