import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Keep } from '../../public/protocol/keep.js';
import { Shelf } from '../../public/protocol/shelf.js';
import { adopt } from '../../public/state/adoption.js';

const DAY = 24 * 3_600_000;

/** A browser's storage, which takes so many characters. */
function box(room = Infinity) {
  const values = new Map();
  const storage = {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem(key, value) {
      const others = [...values].reduce((sum, [name, text]) => (name === key ? sum : sum + text.length), 0);
      if (others + value.length > room) throw new DOMException('full', 'QuotaExceededError');
      values.set(key, value);
    },
    removeItem: (key) => values.delete(key),
  };
  return Object.assign(() => storage, { values });
}

/** A browser with locks, which are held until their windows are closed. */
function computer({ room } = {}) {
  const held = new Map();
  const stored = box(room);
  const locks = (close) => ({
    async request(name, { ifAvailable = false, signal }, action) {
      while (held.has(name)) {
        if (ifAvailable) return action(null);
        const { ended } = held.get(name);
        // A signal's own timer does not keep this process waiting.
        const alive = setInterval(() => {}, 1_000);
        const aborted = new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
        await Promise.race([ended, aborted]).finally(() => clearInterval(alive));
      }
      let free;
      const ended = new Promise((resolve) => {
        free = () => held.delete(name) && resolve();
      });
      held.set(name, { ended });
      close.push(free);
      await action({});
      free();
    },
  });
  /** A window with what it wrote. */
  const open = async ({ session = box(), unsent, drafts, at = 0, author = 'me' } = {}) => {
    const ends = [];
    const shelf = await Shelf.claim(locks(ends), stored, session);
    if (unsent) shelf.keep('unsent').write(unsent);
    if (drafts) shelf.keep('drafts').write({ author, at, texts: drafts });
    return {
      shelf,
      session,
      unsent: () => (shelf.keep('unsent').read() ?? []).map(({ text }) => text),
      drafts: () => shelf.keep('drafts').read()?.texts ?? {},
      close: () => ends.forEach((end) => end()),
    };
  };
  return { open, stored };
}

const entry = (text, createdAt = 0, author = 'me') => ({ clientID: text, author, channel: '', text, createdAt });

test('a window that starts takes up what those that are gone left behind, in the order in which it was written', async () => {
  const { open, stored } = computer();
  const one = await open({ unsent: [entry('first', 1), entry('third', 3)], drafts: { '': 'typed' } });
  const other = await open({ unsent: [entry('second', 2)] });
  one.close();
  other.close();
  const next = await open({ unsent: [entry('fourth', 4)] });
  await adopt(next.shelf, 'me', 0);
  assert.deepEqual(next.unsent(), ['first', 'second', 'third', 'fourth']);
  assert.deepEqual(next.drafts(), { '': 'typed' });
  assert.deepEqual([one.unsent(), one.drafts(), other.unsent()], [[], {}, []]);
  assert.equal(stored.values.size, 2);
});

test('from a window that is there nothing is taken', async () => {
  const { open } = computer();
  const one = await open({ unsent: [entry('mine')], drafts: { '': 'typed' } });
  const other = await open();
  await adopt(other.shelf, 'me', 0);
  assert.deepEqual([other.unsent(), other.drafts()], [[], {}]);
  assert.deepEqual([one.unsent(), one.drafts()], [['mine'], { '': 'typed' }]);
});

test('of two windows that start at once one takes it all up', async () => {
  const { open } = computer();
  const gone = await open({ unsent: [entry('once')] });
  gone.close();
  const both = [await open(), await open()];
  await Promise.all(both.map(({ shelf }) => adopt(shelf, 'me', 0)));
  assert.deepEqual(both.flatMap(({ unsent }) => unsent()), ['once']);
});

test('a message that is in two windows after a crash is one', async () => {
  const { open } = computer();
  const gone = await open({ unsent: [entry('same'), entry('other')] });
  gone.close();
  const next = await open({ unsent: [entry('same')] });
  await adopt(next.shelf, 'me', 0);
  assert.deepEqual(next.unsent(), ['same', 'other']);
});

test('a window that is loaded again is the same, a duplicated one is another', async () => {
  const { open } = computer();
  const one = await open({ drafts: { '': 'typed' } });
  const copy = await open({ session: one.session });
  assert.deepEqual(copy.drafts(), {});
  const two = await open({ drafts: { '': 'other' } });
  const again = open({ session: two.session });
  two.close();
  assert.deepEqual((await again).drafts(), { '': 'other' });
});

test('what is being written here stays; of two drafts for a channel the newer is gone on with, and the other kept', async () => {
  const { open } = computer();
  const older = await open({ drafts: { '': 'old', ben: 'old to Ben' }, at: 1 });
  const newer = await open({ drafts: { ben: 'new to Ben', eve: 'to Eve' }, at: 2 });
  older.close();
  newer.close();
  const next = await open({ drafts: { '': 'here' } });
  await adopt(next.shelf, 'me', 3);
  assert.deepEqual(next.drafts(), { '': 'here', ben: 'new to Ben', eve: 'to Eve' });
  assert.deepEqual([older.drafts(), newer.drafts()], [{ '': 'old', ben: 'old to Ben' }, {}]);
});

test('what somebody else wrote waits for them, for a month', async () => {
  const { open, stored } = computer();
  const gone = await open({ unsent: [entry('theirs', 0, 'ben'), entry('mine', 0)], drafts: { '': 'theirs, too' }, author: 'ben' });
  gone.close();
  const next = await open();
  await adopt(next.shelf, 'me', 29 * DAY);
  assert.deepEqual([next.unsent(), next.drafts()], [['mine'], {}]);
  assert.deepEqual([gone.unsent(), gone.drafts()], [['theirs'], { '': 'theirs, too' }]);
  await adopt(next.shelf, 'me', 31 * DAY);
  assert.deepEqual([gone.unsent(), gone.drafts()], [[], {}]);
  assert.equal(stored.values.size, 1);
});

test('what was typed while nobody was signed in is anybody’s', async () => {
  const { open } = computer();
  const gone = await open();
  gone.shelf.keep('drafts').write({ author: undefined, at: 0, texts: { '': 'Who am I?' } });
  gone.close();
  const next = await open();
  await adopt(next.shelf, 'me', 0);
  assert.deepEqual(next.drafts(), { '': 'Who am I?' });
});

test('what does not fit in waits where it is', async () => {
  const { open } = computer({ room: 300 });
  const gone = await open({ unsent: [entry('x'.repeat(60))], drafts: { ben: 'y'.repeat(60) } });
  gone.close();
  const next = await open();
  await adopt(next.shelf, 'me', 0);
  assert.deepEqual([gone.unsent(), gone.drafts()], [['x'.repeat(60)], { ben: 'y'.repeat(60) }]);
  assert.deepEqual([next.unsent(), next.drafts()], [[], {}]);
});

test('who leaves does so in all windows, and nobody else does', async () => {
  const { open, stored } = computer();
  await open({ unsent: [entry('mine'), entry('theirs', 0, 'ben')], drafts: { '': 'secret' } });
  const other = await open({ drafts: { '': 'theirs' }, author: 'ben' });
  const here = await open();
  here.shelf.forget('me');
  const left = [...stored.values.values()].join();
  assert.match(left, /theirs/);
  assert.doesNotMatch(left, /mine|secret/);
  assert.deepEqual(other.drafts(), { '': 'theirs' });
});

test('without locks, or where they are denied, a window is on its own', async () => {
  const denied = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) };
  for (const locks of [undefined, denied]) {
    const [stored, session] = [box(), box()];
    const shelf = await Shelf.claim(locks, stored, session);
    shelf.keep('unsent').write([entry('kept')]);
    assert.equal(stored.values.size, 0);
    assert.deepEqual(shelf.others(), []);
    await adopt(shelf, 'me', 0);
    assert.equal(new Keep(session, 'unsent').read()[0].text, 'kept');
  }
});

test('what is too long for its share is kept for as long as the page is there', () => {
  const stored = box();
  const keep = new Keep(stored, 'note', 10);
  assert.equal(keep.write('short'), true);
  assert.equal(keep.write('much too long'), false);
  assert.equal(keep.read(), 'much too long');
  assert.equal(new Keep(stored, 'note').read(), 'short');
  assert.equal(keep.write(undefined), true);
  assert.equal(stored.values.size, 0);
});
