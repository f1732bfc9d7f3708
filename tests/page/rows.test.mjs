import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Layout } from '../../public/state/rows.js';

const rows = (...known) => new Layout().of(...known);
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

test('what has not changed is the same object in the next layout', () => {
  const layout = new Layout();
  const at = '2026-01-01T12:00:00Z';
  const messages = [message(2, 'a', at), message(3, 'a', at), message(4, 'me', at)];
  const before = layout.of(messages, [], 'me', undefined);
  const after = layout.of([message(1, 'a', at), messages[0], { ...messages[1], Message: 'edited' }, messages[2], message(5, 'a', at)], [], 'me', undefined);
  assert.deepEqual(shape(after), ['day', '1 first', '2', '3', '4 first own', '5 first']);
  const kept = after.filter((row) => before.includes(row)).map(({ key }) => key);
  assert.deepEqual(kept, [], 'the first of a run, an edited one and the one that is no longer the last are new');
  const again = layout.of(after.flatMap((row) => (row.kind === 'message' ? [row.message] : [])), [], 'me', undefined);
  assert.ok(again.every((row, index) => row === after[index]));
});
