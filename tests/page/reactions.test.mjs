import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Drafts } from '../../public/state/drafts.js';
import { chosenBy, isReaction } from '../../public/state/reactions.js';
import { Timeline } from '../../public/state/timeline.js';

const STRANGE = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

test('one emoji is a reaction, and nothing else is', () => {
  for (const emoji of ['👍', '❤️', '❤', '👍🏽', '👩‍👩‍👧‍👦', '🇨🇭', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿']) assert.ok(isReaction(emoji), emoji);
  for (const text of [...STRANGE, '', 'a', '1', '👍👍', '👍!', '<b>', '\u200d']) assert.ok(!isReaction(text), text);
});

test('a reaction with the name of what every object has is one like any other', () => {
  for (const emoji of STRANGE) {
    const timeline = new Timeline();
    timeline.replace([{ Seq: 1, UUID: 'm', Message: '' }]);
    const react = (on) => timeline.react({ seq: 1, emoji, on, user: { UUID: 'ana' } });
    assert.deepEqual(chosenBy({}, emoji), []);
    react(true);
    assert.deepEqual(chosenBy(timeline.messages[0].Reactions, emoji), ['ana']);
    react(true);
    assert.deepEqual(chosenBy(JSON.parse(JSON.stringify(timeline.messages[0].Reactions)), emoji), ['ana']);
    react(false);
    assert.deepEqual(Object.entries(timeline.messages[0].Reactions), []);
  }
});

test('a draft for a channel of such a name is kept like any other', () => {
  let kept;
  const keep = { read: () => kept && JSON.parse(kept), write: (value) => (kept = JSON.stringify(value)) };
  for (const channel of STRANGE) {
    assert.equal(new Drafts(keep).read(channel), '');
    new Drafts(keep).write(channel, 'half');
    assert.equal(new Drafts(keep).read(channel), 'half');
  }
});
