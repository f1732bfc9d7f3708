import assert from 'node:assert/strict';
import { test } from 'node:test';

import { quotation } from '../../public/state/quotation.js';

test('each line is quoted, the first with the name in front', () => {
  assert.equal(quotation('Brave Otter', 'hello'), '> Brave Otter: hello\n');
  assert.equal(quotation('Ana', 'one\n\ntwo  '), '> Ana: one\n> two\n');
});

test('a long message is quoted as far as it tells which one is meant', () => {
  assert.equal(quotation('Ana', '1\n2\n3\n4'), '> Ana: 1\n> 2\n> 3…\n');
  assert.equal(quotation('Ana', '😀'.repeat(300)), `> Ana: ${'😀'.repeat(200)}…\n`, 'and no character is cut in two');
});

test('the answer is quoted, not what it answered', () => {
  assert.equal(quotation('Ana', '> Ben: when?\nnow'), '> Ana: now\n');
  assert.equal(quotation('Ana', '> only this'), '> Ana: only this\n');
  assert.equal(quotation('Ana', '```js\nlet a;\n```'), '> Ana: let a;\n');
});
