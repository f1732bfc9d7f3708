import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Outage } from '../../public/protocol/outage.js';

/** An outage whose looks are counted, on a clock that only the test moves. */
function setUp(context) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  context.after(() => mock.timers.reset());
  const looks = [];
  const outage = new Outage(() => looks.push(Date.now()), () => 0);
  return { outage, looks };
}

test('looks follow each other ever more seldom, one at a time, until one is answered', (context) => {
  const { outage, looks } = setUp(context);
  outage.noticed();
  assert.equal(outage.until, 1_000_200);
  outage.noticed();
  outage.noticed();
  assert.equal(outage.until, 1_000_200, 'requests refused together are one reason to look');

  mock.timers.tick(200);
  assert.deepEqual(looks, [1_000_200]);
  assert.deepEqual([outage.lasts, outage.until], [true, undefined]);
  mock.timers.tick(60_000);
  assert.equal(looks.length, 1, 'nothing more while a look is under way');

  outage.noticed();
  assert.equal(outage.until - Date.now(), 400);
  mock.timers.tick(400);
  outage.over();
  assert.deepEqual([outage.lasts, outage.until], [false, undefined]);
  mock.timers.tick(60_000);
  assert.equal(looks.length, 2);
});

test('who does not want to wait looks at once', (context) => {
  const { outage, looks } = setUp(context);
  outage.lookNow();
  assert.deepEqual(looks, []);
  outage.noticed();
  outage.lookNow();
  outage.lookNow();
  assert.deepEqual(looks, [1_000_000]);
  mock.timers.tick(60_000);
  assert.equal(looks.length, 1);
});

test('a storage that comes and goes is looked at a little less often, but never as if it were gone', (context) => {
  const { outage } = setUp(context);
  const wait = () => {
    outage.noticed();
    const found = outage.until - Date.now();
    outage.lookNow();
    return found;
  };
  const flicker = () => {
    const found = wait();
    outage.over();
    return found;
  };
  assert.deepEqual([wait(), wait(), wait(), wait(), wait()], [200, 400, 800, 1600, 3200]);
  outage.over();
  assert.deepEqual([flicker(), flicker()], [800, 800]);
  mock.timers.tick(11_000);
  assert.equal(flicker(), 200);
});
