import assert from 'node:assert/strict';
import { test } from 'node:test';

import { backoff, hint } from '../../public/protocol/backoff.js';

test('waits double, are spread over half their length and have an end', () => {
  assert.deepEqual([0, 1, 2, 3].map((attempt) => backoff(attempt, () => 0)), [200, 400, 800, 1600]);
  assert.equal(backoff(2, () => 0.5), 1200);
  assert.ok(backoff(1_000, () => 0.999_999) <= 20_000);
});

test("a draining server's own wait is read from the reason", () => {
  assert.equal(hint('reconnect in 1234 ms'), 1234);
  assert.equal(hint(''), undefined);
  assert.equal(hint('slow'), undefined);
});
