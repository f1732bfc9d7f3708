import assert from 'node:assert/strict';
import { test } from 'node:test';

import { interpret } from '../../public/protocol/news.js';

const ana = { UUID: 'ana', Username: 'Ana', OnLine: true };

test('a direct channel is named by its far end, whoever writes', () => {
  const said = (SenderUUID, RecipientUUID) =>
    interpret({ type: 'channelMessage', channelMessage: { SenderUUID, RecipientUUID } }, 'me').detail.channel;
  assert.equal(said('ana', 'me'), 'ana');
  assert.equal(said('me', 'ana'), 'ana');
  assert.equal(said('me', 'me'), 'me');
  assert.equal(said('ana', ''), '');
});

test('everybody who comes is told of but ourselves', () => {
  const joined = { type: 'sys', user: ana, sys: { type: 'channelJoin', channelJoin: { recipientUUID: '' } } };
  assert.deepEqual(interpret(joined, 'me'), { name: 'arrived', detail: ana });
  assert.equal(interpret(joined, 'ana'), undefined);
  const signedIn = { type: 'sys', sys: { type: 'signIn', signIn: { uuid: 'ana', username: 'Ana' } } };
  assert.deepEqual(interpret(signedIn, 'me'), { name: 'arrived', detail: ana });
});

test('answers and what this page does not know are no news', () => {
  assert.equal(interpret({ type: 'users', users: { users: [ana] } }, 'me'), undefined);
  assert.equal(interpret({ type: 'error', error: { code: 13, error: 'what?', payload: '' } }, 'me'), undefined);
  assert.equal(interpret({ type: 'sys', sys: { type: 'reconnect', reconnect: { afterMs: 5 } } }, 'me'), undefined);
});
