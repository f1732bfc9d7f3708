import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HELD, Timeline } from '../../public/state/timeline.js';

const message = (Seq) => ({ Seq, UUID: `m${Seq}`, Message: `${Seq}` });
const run = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const held = ({ messages }) => [messages[0]?.Seq, messages.at(-1)?.Seq];

/** A channel of 10,000 messages, opened at its end and read back by pages to the first number given. */
function readBackTo(first) {
  const timeline = new Timeline();
  timeline.replace(run(9_951, 10_000));
  while (timeline.messages[0].Seq > first) {
    const oldest = timeline.messages[0].Seq;
    timeline.reading = oldest;
    timeline.prepend(run(oldest - 50, oldest - 1), true);
  }
  return timeline;
}

test('no more than a bound is held, and it is what is near the reader', () => {
  const timeline = readBackTo(1);
  assert.deepEqual(held(timeline), [1, HELD]);
  assert.equal(timeline.hasOlder, false);
  assert.equal(timeline.hasNewer, true);
  assert.equal(timeline.after(HELD), 10_000 - HELD);

  for (let { newest } = timeline; timeline.hasNewer; { newest } = timeline) {
    timeline.reading = newest;
    timeline.add(run(newest + 1, newest + 50));
    assert.ok(timeline.messages.length <= HELD);
  }
  assert.deepEqual(held(timeline), [10_001 - HELD, 10_000]);
  assert.equal(timeline.hasOlder, true);
});

test('of a channel that is left, what was read stays at hand', () => {
  const timeline = readBackTo(5_001);
  timeline.reading = 6_000;
  timeline.shorten(50);
  assert.deepEqual(held(timeline), [5_975, 6_024]);
  assert.deepEqual([timeline.hasOlder, timeline.hasNewer], [true, true]);
  timeline.add([message(10_001)]);
  assert.deepEqual(held(timeline), [5_975, 6_024]);

  const atEnd = new Timeline();
  atEnd.replace(run(1, 100));
  atEnd.shorten(50);
  assert.deepEqual(held(atEnd), [51, 100]);
  assert.deepEqual([atEnd.hasOlder, atEnd.hasNewer], [true, false]);
});

test('what is said while the reader is far back is noted and fetched when they come to it', () => {
  const timeline = readBackTo(5_001);
  timeline.add([message(10_001)]);
  assert.equal(timeline.newest, 7_000);
  assert.equal(timeline.hasNewer, true);
  assert.equal(timeline.after(7_000), 3_001);
  timeline.jump(run(9_902, 10_001));
  assert.deepEqual(held(timeline), [9_902, 10_001]);
  assert.equal(timeline.hasNewer, false);
  assert.equal(timeline.hasOlder, true);
});

test('what does not go on from what is held leaves no gap', () => {
  const timeline = new Timeline();
  timeline.replace(run(1, 5));
  timeline.add([message(8)]);
  assert.deepEqual(held(timeline), [1, 5]);
  assert.equal(timeline.hasNewer, true);
  timeline.add(run(6, 8));
  assert.deepEqual(held(timeline), [1, 8]);
  assert.equal(timeline.hasNewer, false);
  timeline.prepend(run(20, 30), true);
  assert.deepEqual(held(timeline), [1, 8]);
});

test('messages come twice and are held once, in their newest form', () => {
  const timeline = new Timeline();
  timeline.replace(run(1, 5));
  timeline.add([...run(3, 5), { ...message(4), Message: 'edited' }, message(6)]);
  assert.deepEqual(timeline.messages.map(({ Message }) => Message), ['1', '2', '3', 'edited', '5', '6']);
});

test('reactions come and go, and keep their order', () => {
  const timeline = new Timeline();
  timeline.replace(run(1, 2));
  const react = (emoji, on, UUID) => timeline.react({ recipientUUID: '', seq: 2, emoji, on, user: { UUID } });
  react('👍', true, 'a');
  react('🎉', true, 'a');
  react('👍', true, 'b');
  react('👍', true, 'b');
  assert.deepEqual(Object.entries(timeline.messages[1].Reactions), [['👍', ['a', 'b']], ['🎉', ['a']]]);
  react('🎉', false, 'a');
  assert.deepEqual(timeline.messages[1].Reactions, { '👍': ['a', 'b'] });
  react('👍', true, 'a');
  timeline.react({ recipientUUID: '', seq: 9, emoji: '👍', on: true, user: { UUID: 'a' } });
  assert.equal(timeline.messages.length, 2);
});
