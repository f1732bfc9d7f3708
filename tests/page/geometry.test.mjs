import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Geometry } from '../../public/ui/chat-log/geometry.js';

test('rows lie one below the other, measured or guessed', () => {
  const geometry = new Geometry();
  geometry.set(['a', 'b', 'c']);
  const guess = geometry.total / 3;
  assert.equal(geometry.measure('b', 100), true);
  assert.equal(geometry.measure('b', 100), false);
  assert.equal(geometry.measure('unknown', 100), false);
  assert.deepEqual([0, 1, 2, 3].map((index) => geometry.offset(index)), [0, guess, guess + 100, 2 * guess + 100]);
  assert.equal(geometry.height(1), 100);
});

test('what was measured is known when rows come in above, and a guess stays what it was', () => {
  const geometry = new Geometry();
  geometry.set(['b', 'c']);
  const guess = geometry.total / 2;
  geometry.measure('b', 100);
  geometry.set(['a', 'b', 'c']);
  assert.equal(geometry.height(0), 100, 'the average of what is measured');
  assert.equal(geometry.height(1), 100);
  assert.equal(geometry.height(2), guess);
  assert.equal(geometry.indexOf('c'), 2);
  assert.equal(geometry.indexOf('x'), -1);
});

test('the row at a height is found', () => {
  const geometry = new Geometry();
  geometry.set(['a', 'b', 'c']);
  for (const [key, height] of [['a', 10], ['b', 20], ['c', 30]]) geometry.measure(key, height);
  assert.deepEqual([-5, 0, 9.9, 10, 29, 30, 59, 60, 1_000].map((y) => geometry.at(y)), [0, 0, 0, 1, 1, 2, 2, 2, 2]);
  assert.equal(new Geometry().at(10), 0);
});

test('another width makes guesses of all heights', () => {
  const geometry = new Geometry();
  geometry.set(['a', 'b']);
  geometry.measure('a', 30);
  geometry.forget();
  assert.equal(geometry.total, 60);
});
