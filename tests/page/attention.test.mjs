import assert from 'node:assert/strict';
import { test } from 'node:test';

import { names, wantsAttention } from '../../public/state/attention.js';

const reader = { userUUID: 'me', username: 'Ana' };
const said = (Message, more = {}) => ({ SenderUUID: 'ben', Message, ...more });

test('every direct message wants attention, General only with the reader’s name', () => {
  assert.equal(wantsAttention(said('Hello'), 'ben', reader), true);
  assert.equal(wantsAttention(said('Hello'), '', reader), false);
  assert.equal(wantsAttention(said('Hello @Ana'), '', reader), true);
});

test('one’s own words and deleted ones do not', () => {
  assert.equal(wantsAttention(said('Ana', { SenderUUID: 'me' }), '', reader), false);
  assert.equal(wantsAttention(said('', { DeletedAt: '2026-01-01T00:00:00Z' }), 'ben', reader), false);
});

test('a name is a word of its own, in any case and spelling', () => {
  for (const text of ['ana', 'ANA!', 'thanks,Ana', '@ana', 'Ａｎａ']) assert.equal(names(text, 'Ana'), true, text);
  for (const text of ['banana', 'Anatol', 'ana_b', 'ana1', '']) assert.equal(names(text, 'Ana'), false, text);
  assert.equal(names('who is a.b (c)?', 'a.b (c)'), true);
  assert.equal(names('who is axb (c)?', 'a.b (c)'), false);
  assert.equal(names('anything', ''), false);
});
