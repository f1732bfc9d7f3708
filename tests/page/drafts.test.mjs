import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Drafts } from '../../public/state/drafts.js';

/** Kept as a window keeps it. */
function keep(value) {
  return { read: () => value, write: (next) => (value = next) };
}

test('each channel has its own, which outlive the page', () => {
  const kept = keep();
  const drafts = new Drafts(kept, 'me');
  drafts.write('', 'to all');
  drafts.write('ben', 'to Ben');
  drafts.write('', '');
  const again = new Drafts(kept, 'me');
  assert.deepEqual([again.read(''), again.read('ben'), again.read('eve')], ['', 'to Ben', '']);
});

test('they are kept as those of whoever writes now', () => {
  const kept = keep();
  const drafts = new Drafts(kept, 'guest');
  drafts.write('', 'half a sentence');
  assert.equal(kept.read().author, 'guest');
  drafts.passTo('me');
  assert.deepEqual([kept.read().author, kept.read().texts], ['me', { '': 'half a sentence' }]);
});

test('where there are none nothing is kept', () => {
  const kept = keep();
  const drafts = new Drafts(kept, 'me');
  drafts.write('', 'something');
  drafts.clear();
  assert.equal(kept.read(), undefined);
});
