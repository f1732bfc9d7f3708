import assert from 'node:assert/strict';
import { test } from 'node:test';

import { standing } from '../../public/state/standing.js';

const client = (change = {}) => ({ ready: true, session: { wanted: true }, outage: { lasts: false, until: undefined }, ...change });
const open = { phase: 'open' };

test('each trouble has its own name', () => {
  assert.deepEqual(standing(open, client()), { is: 'served' });
  assert.deepEqual(standing({ phase: 'waiting', until: 5 }, client({ ready: false })), { is: 'offline', until: 5 });
  assert.deepEqual(standing({ phase: 'ended', code: 4001 }, client({ ready: false })), { is: 'ended', code: 4001 });
  assert.deepEqual(standing(open, client({ ready: false, outage: { lasts: true, until: 7 } })), { is: 'unserved', until: 7 });
  for (const phase of ['idle', 'connecting', 'open']) assert.deepEqual(standing({ phase }, client({ ready: false })), { is: 'connecting' });
});

test('who has signed out misses nothing', () => {
  assert.deepEqual(standing(open, client({ ready: false, session: { wanted: false } })), { is: 'nobody' });
});
