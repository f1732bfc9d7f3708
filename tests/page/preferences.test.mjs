import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Keep } from '../../public/protocol/keep.js';
import { Preferences } from '../../public/state/preferences.js';

/** What a browser keeps for all of its windows. */
function browser(texts = {}) {
  const kept = new Map(Object.entries(texts));
  const box = { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, text), removeItem: (key) => kept.delete(key) };
  return () => new Preferences(new Keep(() => box, 'preferences'));
}

test('what was chosen is there again on the next visit', () => {
  const visit = browser();
  assert.equal(visit().theme, 'system');
  visit().set('theme', 'dark');
  visit().set('sound', true);
  const { theme, sound, notifications } = visit();
  assert.deepEqual({ theme, sound, notifications }, { theme: 'dark', sound: true, notifications: false });
});

test('windows learn from one another, and do not undo what the other chose', () => {
  const visit = browser();
  const [one, other] = [visit(), visit()];
  const told = [];
  one.on('change', ({ here }) => told.push(['one', here]));
  other.on('change', ({ here }) => told.push(['other', here]));
  one.set('theme', 'light');
  other.refresh();
  other.refresh();
  assert.equal(other.theme, 'light');
  assert.deepEqual(told, [['one', true], ['other', false]]);
  one.set('sound', true);
  other.set('notifications', true);
  one.refresh();
  assert.deepEqual([one.theme, one.sound, one.notifications], ['light', true, true]);
});

test('what is no preference is none', () => {
  for (const text of ['null', '7', '{"theme":"pink","sound":"loud"}', '{']) {
    const { theme, sound, notifications } = browser({ 'rialto.preferences': text })();
    assert.deepEqual({ theme, sound, notifications }, { theme: 'system', sound: false, notifications: false }, text);
  }
});
