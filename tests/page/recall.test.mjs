import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Recall } from '../../public/state/recall.js';

/** Kept as a window keeps it. */
function keep(value) {
  return { read: () => value, write: (next) => (value = next) };
}

test('back to the first line, forward to the one that is being written', () => {
  const recall = new Recall(keep());
  assert.equal(recall.back('nothing yet'), undefined);
  recall.add('one');
  recall.add('two');
  assert.equal(recall.back('being written'), 'two');
  assert.equal(recall.back('two'), 'one');
  assert.equal(recall.back('one'), undefined);
  assert.equal(recall.forward(), 'two');
  assert.equal(recall.forward(), 'being written');
  assert.equal(recall.forward(), undefined);
});

test('a line of the past that is changed is being written', () => {
  const recall = new Recall(keep());
  recall.add('one');
  recall.add('two');
  recall.back('');
  recall.stay();
  assert.equal(recall.back('two, and more'), 'two');
  assert.equal(recall.forward(), 'two, and more');
});

test('a line that is written again is there once, and only so many are kept, over a reload too', () => {
  const kept = keep();
  const recall = new Recall(kept);
  for (let number = 0; number < 250; number += 1) recall.add(`line ${number % 120}`);
  const again = new Recall(kept);
  const lines = [];
  for (let line = again.back(''); line !== undefined; line = again.back('')) lines.push(line);
  assert.equal(lines.length, 100);
  assert.equal(lines[0], 'line 9');
  assert.equal(new Set(lines).size, 100);
  again.clear();
  assert.equal(new Recall(kept).back(''), undefined);
});
