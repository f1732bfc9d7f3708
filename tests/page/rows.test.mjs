import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rows } from '../../public/state/rows.js';

const message = (Seq, SenderUUID, CreatedAt) => ({ UUID: `m${Seq}`, Seq, SenderUUID, CreatedAt, Message: '' });
const shape = (laid) => laid.map((row) => (row.kind === 'message' ? `${row.message.Seq}${row.first ? ' first' : ''}${row.own ? ' own' : ''}` : row.kind));

test('messages are grouped by day, sender and pause', () => {
  const laid = rows(
    [
      message(1, 'a', '2026-01-01T12:00:00Z'),
      message(2, 'a', '2026-01-01T12:01:00Z'),
      message(3, 'me', '2026-01-01T12:02:00Z'),
      message(4, 'me', '2026-01-01T12:30:00Z'),
      message(5, 'me', '2026-01-03T12:30:00Z'),
    ],
    [],
    'me',
    undefined,
  );
  assert.deepEqual(shape(laid), ['day', '1 first', '2', '3 first own', '4 first own', 'day', '5 first own']);
});

test('a line stands above the first unread message of somebody else', () => {
  const at = '2026-01-01T12:00:00Z';
  const laid = rows([message(1, 'a', at), message(2, 'me', at), message(3, 'a', at), message(4, 'a', at)], [], 'me', 1);
  assert.deepEqual(shape(laid), ['day', '1 first', '2 first own', 'unread', '3 first', '4']);
});

test('what is on its way stands at the end and keeps its place when it has arrived', () => {
  const pending = { clientID: 'c1', author: 'me', channel: '', text: 'x', createdAt: Date.parse('2026-01-01T12:00:00Z') };
  const before = rows([], [pending], 'me', undefined);
  const after = rows([{ ...message(1, 'me', '2026-01-01T12:00:01Z'), clientID: 'c1' }], [], 'me', undefined);
  assert.deepEqual(before.map(({ key }) => key), after.map(({ key }) => key));
});
