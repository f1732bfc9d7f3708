// What the page of a room makes of the server's answers, without a server.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { RoomVisit } from '../../public/state/room-visit.js';

const ROOM = { room_id: 'blue', name: 'The Blue Room', guests: 1, guest_limit: 0, minutes_idle: 0, protected: true, public: false };

let answers;
let asked;
let sockets;

/** The server, in the order in which it is asked. */
beforeEach(() => {
  [answers, asked, sockets] = [[], [], []];
  globalThis.fetch = async (address, { method = 'GET', body } = {}) => {
    asked.push(`${method} ${new URL(address).pathname}${new URL(address).search}${body ? ` ${body}` : ''}`);
    const { status, told, after, raw } = answers.shift();
    if (status === 0) throw new TypeError('no network');
    return new Response(raw ?? JSON.stringify(told ?? { error: 'words' }), { status, headers: after ? { 'retry-after': after } : {} });
  };
  globalThis.WebSocket = class {
    sent = [];
    constructor(url) {
      this.url = url;
      sockets.push(this);
    }
    send(frame) {
      this.sent.push(JSON.parse(frame));
    }
    close() {}
    opens() {
      this.onopen();
      this.hears({ receiver: 'me', type: 'pong', data: null });
    }
    hears(message) {
      this.onmessage({ data: JSON.stringify({ sender: 'ground control', ...message }) });
    }
  };
});
afterEach(() => {
  delete globalThis.fetch;
  delete globalThis.WebSocket;
});

/** A visit to which the server answered so far. */
async function visit(...given) {
  answers.push(...given);
  const made = new RoomVisit('https://rialto.example', 'blue');
  made.callMe('Ann');
  await made.look();
  return made;
}

const open = { status: 200, told: { ...ROOM, protected: false, admitted: true } };
const shut = { status: 200, told: { ...ROOM, admitted: false } };
const pass = { status: 200, told: { room_id: 'blue', client_id: 'me', token: 'pass' } };

test('a room that admits is entered, under the own name', async () => {
  const made = await visit(open, pass);
  assert.deepEqual([made.standing, made.name, made.token, sockets[0].url], ['coming', 'The Blue Room', 'pass', 'wss://rialto.example/room/blue/ws?token=pass']);
  sockets[0].opens();
  assert.equal(made.standing, 'in');
  assert.deepEqual(sockets[0].sent.at(-1), { receiver: 'ground control', type: 'profile', data: { username: 'Ann' } });
  sockets[0].hears({ type: 'room-info', data: { clients: [{ id: 'me', username: 'Ann' }, { id: 'b', username: 'Bob' }] } });
  assert.deepEqual(made.others, [{ id: 'b', username: 'Bob' }]);
  made.leave();
  assert.deepEqual([made.standing, sockets[0].sent.at(-1).type], ['left', 'bye']);
});

test('a wrong password is told, and patience is asked for', async () => {
  const made = await visit(shut);
  assert.equal(made.standing, 'asking');
  answers.push({ status: 401 }, { status: 429, told: { error: 'Too many attempts from this address; try again later' }, after: '9' }, pass);
  await made.say('one');
  assert.deepEqual([made.standing, made.problem], ['asking', 'That is not the password.']);
  const before = Date.now();
  await made.say('two');
  assert.deepEqual([made.standing, made.problem], ['asking', 'Too many attempts from this address.']);
  assert.ok(made.until >= before + 9_000 && made.until <= Date.now() + 9_000);
  await made.say('gondola');
  assert.deepEqual([made.standing, made.problem], ['coming', '']);
  assert.deepEqual(asked, ['GET /room/blue', ...['one', 'two', 'gondola'].map((password) => `POST /room/blue/join {"password":"${password}"}`)]);
  made.leave();
});

test('why there is no way in is told apart', async () => {
  for (const [status, standing] of [[404, 'missing'], [418, 'full'], [503, 'away'], [0, 'away'], [429, 'away']]) {
    assert.equal((await visit({ status })).standing, standing, String(status));
  }
  for (const given of [{ status: 502, raw: '<html>Bad Gateway</html>' }, { status: 500, told: { detail: 1 } }, { status: 200, raw: '{"name"' }]) {
    const before = Date.now();
    const made = await visit(given);
    assert.deepEqual([made.standing, made.problem], ['away', 'The server cannot be reached.']);
    assert.ok(made.until >= before, 'it is tried again');
  }
  const late = await visit(open, { status: 418 });
  assert.equal(late.standing, 'full', 'the last place was taken between two questions');
});

test('who was put out while away is at the door; what passes is waited for', async () => {
  for (const [given, standing] of [[{ status: 404 }, 'missing'], [{ status: 418 }, 'full'], [shut, 'asking'], [{ status: 503 }, 'in'], [open, 'in']]) {
    const made = await visit(open, pass);
    sockets.at(-1).opens();
    let isThere = false;
    answers.push(given);
    sockets.at(-1).onclose({ code: 1006, reason: '' });
    made.there().then(() => (isThere = true));
    await new Promise((done) => setImmediate(done));
    assert.equal(asked.at(-1), 'GET /room/blue?token=pass');
    assert.deepEqual([made.standing, isThere], [standing, standing !== 'in'], standing);
    made.leave();
    await new Promise((done) => setImmediate(done));
    assert.equal(isThere, true);
  }
});

test('a connection that died unnoticed is given up; one that lives stays, and says nothing twice', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const made = await visit(open, pass);
  const [socket] = sockets;
  socket.opens();
  const names = () => socket.sent.filter(({ type }) => type === 'profile').length;
  made.probe();
  assert.equal(socket.sent.at(-1).type, 'ping');
  socket.hears({ receiver: 'me', type: 'pong', data: null });
  context.mock.timers.tick(6_000);
  assert.deepEqual([sockets.length, made.standing, names()], [1, 'in', 1]);
  made.probe();
  answers.push(open);
  context.mock.timers.tick(6_000);
  context.mock.timers.tick(60_000);
  assert.equal(sockets.length, 2, 'another connection');
  sockets[1].opens();
  assert.equal(sockets[1].sent.at(-1).type, 'profile');
  made.leave();
});
