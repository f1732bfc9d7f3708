import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Disconnected } from '../../public/protocol/types.js';
import { Directory } from '../../public/state/directory.js';
import { People } from '../../public/state/people.js';

/** A server with a crowd, and a directory of it. Whoever is online comes first; pages go by the order of accounts. */
function stage(count) {
  const crowd = Array.from({ length: count }, (_, index) => ({ UUID: `u${index}`, Username: `Name ${String(index).padStart(3, '0')}`, OnLine: index % 50 === 7 }));
  const asked = [];
  const client = {
    /** What keeps an answer back. @type {Promise<void> | undefined} */
    delay: undefined,
    away: false,
    async request(_type, query) {
      asked.push(query);
      const { delay } = this;
      await delay;
      if (this.away) throw new Disconnected();
      const fits = crowd.filter(({ Username }) => Username.includes(query.query ?? ''));
      const after = query.after === undefined ? undefined : fits.findIndex(({ UUID }) => UUID === query.after) + 1;
      const users = after === undefined ? fits.toSorted((a, b) => Number(b.OnLine) - Number(a.OnLine)) : fits.slice(after);
      return { total: count, users: users.slice(0, query.limit) };
    },
  };
  const people = new People();
  const directory = new Directory(client, people);
  const settled = () => new Promise((done) => setTimeout(done, 5));
  const names = () => directory.list().map(({ Username }) => Username);
  return { directory, client, people, asked, names, settled };
}

test('a few are in the order of their names, who is here first, always up to date', async () => {
  const { directory, people, names, settled } = stage(9);
  directory.seek('');
  await settled();
  assert.deepEqual(names().slice(0, 2), ['Name 007', 'Name 000']);
  assert.equal(directory.hasMore, false);
  people.learn([{ UUID: 'new', Username: 'Another', OnLine: true }]);
  assert.equal(names()[0], 'Another');
});

test('a crowd comes page by page, everybody once, and nothing that was read moves', async () => {
  const { directory, names, settled, asked } = stage(450);
  directory.seek('');
  await settled();
  assert.equal(names().length, 200);
  assert.equal(names()[0], 'Name 007');
  let before = names();
  while (directory.hasMore) {
    await directory.more();
    assert.deepEqual(names().slice(0, before.length), before);
    before = names();
  }
  assert.equal(new Set(before).size, 450);
  const requests = asked.length;
  await directory.more();
  assert.equal(asked.length, requests, 'there is no more to ask for');
});

test('what an older search finds is not wanted', async () => {
  const { directory, client, names, settled } = stage(450);
  let release = () => {};
  client.delay = new Promise((done) => (release = done));
  directory.seek('0');
  await settled();
  client.delay = undefined;
  directory.seek('449');
  await settled();
  release();
  await settled();
  assert.deepEqual(names(), ['Name 449']);
});

test('without a connection there are those whom this page knows', async () => {
  const { directory, client, people, names, settled } = stage(9);
  people.learn([{ UUID: 'a', Username: 'Ana', OnLine: false }]);
  client.away = true;
  directory.seek('an');
  await settled();
  assert.deepEqual(names(), ['Ana']);
});
