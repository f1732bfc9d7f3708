import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Emitter } from '../../public/protocol/emitter.js';
import { Channels } from '../../public/state/channels.js';
import { ReadMarks } from '../../public/state/read-marks.js';
import { Reading } from '../../public/state/reading.js';
import { Timeline } from '../../public/state/timeline.js';

const message = (Seq, SenderUUID = 'ana') => ({ UUID: `m${Seq}`, Seq, SenderUUID, CreatedAt: '2026-01-01T12:00:00Z', Message: '' });
const upTo = (newest, length = newest) => Array.from({ length }, (_, index) => message(newest - length + 1 + index));

/** Somebody who reads General, with what the server was told. */
function setUp({ channel = '' } = {}) {
  const told = [];
  const client = Object.assign(new Emitter(), {
    channel,
    ready: true,
    identity: { userUUID: 'me' },
    tell: (_, { recipientUUID, seq }) => told.push([recipientUUID, seq]),
  });
  const timelines = new Map();
  const history = { of: (id) => timelines.get(id) ?? timelines.set(id, new Timeline()).get(id) };
  const channels = new Channels();
  const reading = new Reading(client, channels, history);
  const page = (messages, { replace = false, first = true } = {}) => {
    if (replace) history.of(client.channel).replace(messages);
    else history.of(client.channel).add(messages);
    client.emit('page', { channel: client.channel, messages, users: [], replace, first });
  };
  return {
    client,
    reading,
    told,
    page,
    load: (messages) => page(messages, { replace: true }),
    counts: (recipientUUID, count, seq) => client.emit('unread', [{ recipientUUID, count, seq, last: seq ? message(seq) : null }]),
    says: (seq, sender) => {
      history.of(client.channel).add([message(seq, sender)]);
      client.emit('message', { channel: client.channel, message: message(seq, sender) });
    },
    line: () => history.of(client.channel).readUpTo,
    unread: (id = client.channel) => channels.find(id)?.unread,
  };
}

test('on a fresh load the line stands above what is unread, and stays there', () => {
  const { reading, counts, load, says, line, unread, told } = setUp();
  reading.attentive = true;
  counts('', 3, 10);
  load(upTo(10));
  assert.equal(line(), 7);
  assert.deepEqual(told, [['', 10]]);
  says(11);
  assert.equal(line(), 7);
  assert.equal(unread(), 0);
  assert.deepEqual(told.at(-1), ['', 11]);
});

test('who is new in General sees no line there; in a direct channel all is new', () => {
  const general = setUp();
  general.counts('', 10, 10);
  general.load(upTo(10));
  assert.equal(general.line(), undefined);
  const direct = setUp({ channel: 'ana' });
  direct.counts('ana', 2, 2);
  direct.load(upTo(2));
  assert.equal(direct.line(), 0);
});

test('what comes while the reader looks away is below a line, drawn once', () => {
  const { reading, counts, load, says, line, unread } = setUp();
  reading.attentive = true;
  counts('', 0, 5);
  load(upTo(5));
  says(6);
  assert.equal(line(), undefined);
  reading.attentive = false;
  says(7);
  says(8);
  assert.equal(line(), 6);
  assert.equal(unread(), 2);
  reading.attentive = true;
  assert.equal(unread(), 0);
  assert.equal(line(), 6);
  reading.attentive = false;
  says(9);
  assert.equal(line(), 8);
});

test('what was missed without a connection is below a line, however many pages it takes', () => {
  const { client, reading, counts, load, page, line, told } = setUp();
  reading.attentive = true;
  counts('', 0, 5);
  load(upTo(5));
  client.emit('ready', false);
  counts('', 5, 10);
  page(upTo(8, 3), { first: true });
  page(upTo(10, 2), { first: false });
  assert.equal(line(), 5);
  assert.deepEqual(told.at(-1), ['', 10]);
});

test('what another window has read is read here', () => {
  const { counts, unread } = setUp();
  counts('ana', 3, 3);
  assert.equal(unread('ana'), 3);
  counts('ana', 0, 3);
  assert.equal(unread('ana'), 0);
});

test('what was written elsewhere is read', () => {
  const { counts, load, says, unread } = setUp();
  counts('', 0, 5);
  load(upTo(5));
  says(6, 'me');
  assert.equal(unread(), 0);
});

test('the server is told again what it has not heard', () => {
  const { client, reading, counts, load, told } = setUp();
  reading.attentive = true;
  load(upTo(5));
  assert.deepEqual(told, [['', 5]]);
  counts('', 1, 5);
  assert.equal(told.length, 1, 'it crossed');
  client.channel = 'ana';
  client.emit('ready', false);
  counts('', 1, 5);
  assert.deepEqual(told, [['', 5], ['', 5]]);
});

test('marks move forward, and back only with a log that begins anew', () => {
  const marks = new ReadMarks();
  assert.equal(marks.of(''), undefined);
  marks.read('', 5);
  marks.known('', 3);
  assert.deepEqual([marks.of(''), marks.owed('')], [5, true]);
  marks.known('', 5);
  assert.equal(marks.owed(''), false);
  marks.limit('', 2);
  assert.deepEqual([marks.of(''), marks.owed('')], [2, false]);
});
