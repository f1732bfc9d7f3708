import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Pulse } from '../../public/protocol/pulse.js';

function setUp(context) {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 });
  context.after(() => mock.timers.reset());
  const probes = [];
  const pulse = new Pulse(() => probes.push((Date.now() - 1_000_000) / 1000));
  /** Lets seconds pass, one after the other. */
  const pass = (seconds) => Array.from({ length: seconds }, () => mock.timers.tick(1_000));
  return { pulse, probes, pass };
}

test('a long silence is broken by a question, and only by one at a time', (context) => {
  const { pulse, probes, pass } = setUp(context);
  pass(20);
  pulse.heard();
  pass(24);
  assert.deepEqual(probes, []);
  pass(1);
  assert.deepEqual(probes, [45]);
  pass(24);
  assert.deepEqual(probes, [45]);
});

test('after a sleep it asks at once, however lively it was before', (context) => {
  const { pulse, probes, pass } = setUp(context);
  pass(4);
  pulse.heard();
  mock.timers.tick(20_000);
  assert.deepEqual(probes, [24]);
});
