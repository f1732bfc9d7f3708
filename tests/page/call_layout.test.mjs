import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrange, bestGrid } from '../../public/state/call-layout.js';

const BOXES = [
  { width: 1416, height: 780 },
  { width: 744, height: 900 },
  { width: 374, height: 700 },
  { width: 344, height: 500 },
  { width: 374, height: 140 },
];
const keys = (count) => Array.from({ length: count }, (_, index) => `tile ${index}`);
const layout = (wish, box) => arrange({ own: undefined, leading: undefined, page: 0, ...wish }, box);

/** Whether two spots share any place. */
function overlap(one, other) {
  const apart = one.left + one.width <= other.left || other.left + other.width <= one.left || one.top + one.height <= other.top || other.top + other.height <= one.top;
  return !apart;
}

function check(spots, box, floating) {
  const all = [...spots];
  for (const [key, { left, top, width, height }] of all) {
    assert.ok(width > 0 && height > 0, key);
    assert.ok(left >= 0 && top >= 0 && left + width <= box.width + 1 && top + height <= box.height + 1, `${key} is in the box`);
  }
  const lying = all.filter(([key]) => key !== floating);
  for (const [index, [, one]] of lying.entries()) for (const [, other] of lying.slice(index + 1)) assert.ok(!overlap(one, other));
}

test('tiles lie inside and beside each other, however many there are and whatever is large', () => {
  for (const box of BOXES) {
    for (let count = 1; count <= 40; count += 1) {
      for (const leading of [undefined, 'tile 0', `tile ${count - 1}`]) {
        const { spots, floating } = layout({ keys: keys(count), own: 'tile 0', leading }, box);
        check(spots, box, floating);
        if (leading) assert.ok(spots.has(leading));
      }
    }
  }
});

test('every tile is on one page', () => {
  for (const box of BOXES) {
    for (const leading of [undefined, 'tile 3']) {
      const seen = [];
      const { pages } = layout({ keys: keys(30), leading }, box);
      for (let page = 0; page < pages; page += 1) seen.push(...layout({ keys: keys(30), leading, page }, box).spots.keys());
      assert.deepEqual(new Set(seen), new Set(keys(30)));
      assert.equal(seen.length, 30 + (leading ? pages - 1 : 0));
    }
  }
});

test('tiles are as large as they can be', () => {
  assert.deepEqual(bestGrid(1, { width: 1600, height: 900 }), { columns: 1, rows: 1, width: 1600, height: 900 });
  assert.equal(bestGrid(2, { width: 1600, height: 500 }).columns, 2);
  assert.equal(bestGrid(2, { width: 390, height: 700 }).columns, 1);
  assert.equal(bestGrid(4, { width: 1600, height: 900 }).columns, 2);
  assert.equal(bestGrid(9, { width: 1600, height: 900 }).columns, 3);
});

test('we are small, unless we are alone, among many, or beside something large', () => {
  const [box] = BOXES;
  assert.equal(layout({ keys: keys(1), own: 'tile 0' }, box).floating, undefined);
  const two = layout({ keys: keys(2), own: 'tile 0' }, box);
  assert.equal(two.floating, 'tile 0');
  assert.ok(two.spots.get('tile 0').width < two.spots.get('tile 1').width / 3);
  assert.equal(layout({ keys: keys(2), own: 'tile 0', leading: 'tile 1' }, box).floating, undefined);
  const many = layout({ keys: keys(20), own: 'tile 0' }, box);
  assert.deepEqual([many.floating, [...many.spots.keys()].at(-1)], [undefined, 'tile 0']);
});

test('what has no room has no place', () => {
  assert.equal(layout({ keys: keys(3) }, { width: 0, height: 0 }).spots.size, 0);
});
