import assert from 'node:assert/strict';
import { test } from 'node:test';

import { People } from '../../public/state/people.js';

const user = (UUID, Username, OnLine = false) => ({ UUID, Username, OnLine });
const names = (people, text) => people.list(text).map(({ Username }) => Username);

test('who is here comes first, then it goes by name', () => {
  const people = new People();
  people.learn([user('1', 'Zoe', true), user('2', 'ana'), user('3', 'Ben', true)]);
  assert.deepEqual(names(people), ['Ben', 'Zoe', 'ana']);
  assert.deepEqual(names(people, ' AN '), ['ana']);
});

test('an old message does not tell whether somebody is here now', () => {
  const people = new People();
  people.learn([user('1', 'Zoe', true)]);
  people.mention([user('1', 'Zoe'), user('2', 'Ana', true)]);
  assert.deepEqual([people.find('1').OnLine, people.find('2').OnLine], [true, false]);
});

test('whose account has ended is listed no more, and still known by name', () => {
  const people = new People();
  let changes = 0;
  people.on('change', () => (changes += 1));
  people.learn([user('1', 'Zoe'), user('2', 'Ana')]);
  people.learn([{ ...user('1', 'Zoe'), Deleted: true }]);
  people.mention([user('1', 'Zoe')]);
  assert.deepEqual(names(people), ['Ana']);
  assert.equal(people.find('1').Username, 'Zoe');
  assert.equal(changes, 2);
});
