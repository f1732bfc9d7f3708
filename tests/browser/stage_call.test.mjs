// The stage protocol's original client: one RTCPeerConnection for its whole life, which only ever answers. What a media node's death is to
// it, timed/moving shows.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from './support/browser.mjs';
import { CALL_FLAGS, CallCluster } from './support/call.mjs';
import { Visitor } from './support/visitor.mjs';

/** How long a source is left alone after it was asked for a whole picture (PLI), in milliseconds. */
const SPACING = 500;

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(...CALL_FLAGS), CallCluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** How often each picture that is sent was asked for whole, and when that was looked at. */
async function asked(visitors) {
  const entries = (await Promise.all(visitors.map((visitor) => visitor.statistics('outbound-rtp')))).flat();
  return new Map(entries.filter(({ kind }) => kind === 'video').map(({ ssrc, pliCount, timestamp }) => [ssrc, { count: pliCount, at: timestamp }]));
}

test('two visitors see and hear each other over one connection each, and many late ones see both at once', async (context) => {
  const visitors = await Promise.all(cluster.chat.map((node) => Visitor.open(context, browser, node)));
  const room = await visitors[0].room();
  for (const visitor of visitors) await visitor.enter(room);
  await Promise.all(visitors.map((visitor) => visitor.goesOn()));
  // Everybody's stream goes by the name that its publisher has for it.
  const streams = (await Promise.all(visitors.map((visitor) => visitor.streams()))).flat();
  assert.deepEqual(streams.map(({ others }) => others), streams.map(({ own }) => [own]).toReversed());

  const crowd = await Visitor.open(context, browser, cluster.chat[0]);
  const before = await asked(visitors);
  await Promise.all(Array.from({ length: 6 }, () => crowd.enter(room, { publishes: false })));
  await crowd.goesOn(2);
  const after = await asked(visitors);
  assert.equal(after.size, 2);
  for (const [ssrc, { count, at }] of after) {
    const [times, span] = [count - before.get(ssrc).count, at - before.get(ssrc).at];
    context.diagnostic(`a whole picture was asked for ${times} times in ${Math.round(span)} ms`);
    assert.ok(times >= 1 && times <= span / SPACING + 1, `asked for ${times} times in ${span} ms`);
  }
});
