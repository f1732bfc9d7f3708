// A client of rooms with codes, and the demo game on it, without a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SIZE } from '../../public/demo/lobby/board.js';
import { Game } from '../../public/demo/lobby/game.js';
import { Emitter } from '../../public/protocol/emitter.js';
import { Lobby } from '../../public/protocol/lobby.js';

/** The server's end of the connections that were made. */
function server(context) {
  const sockets = [];
  globalThis.WebSocket = class {
    constructor() {
      sockets.push(this);
    }
    close() {}
    opens() {
      this.onopen();
      this.onmessage({ data: JSON.stringify({ type: 'identity', data: { clientId: 'ann', token: 'token' } }) });
    }
  };
  context.after(() => delete globalThis.WebSocket);
  return sockets;
}

test('who connects waits for the server to say who they are, once a connection', async (context) => {
  const sockets = server(context);
  const lobby = new Lobby('ws://rialto.example/lobby/ws');
  let known = 0;
  const connect = () => lobby.connect().then(() => (known += 1));
  const first = connect();
  await Promise.resolve();
  assert.equal(known, 0);
  sockets[0].opens();
  await first;
  await connect();
  assert.deepEqual([known, sockets.length], [2, 1]);

  sockets[0].onclose({ code: 4000, reason: '' });
  const again = connect();
  await Promise.resolve();
  assert.deepEqual([known, sockets.length], [2, 2]);
  sockets[1].opens();
  await again;
  assert.equal(known, 3);
});

test('a game that is over leaves nothing to the next one', () => {
  const lobby = Object.assign(new Emitter(), { id: 'ann', isHost: false });
  const sent = [];
  const channels = Object.assign(new Emitter(), { send: (text) => sent.push(JSON.parse(text)) });
  const game = new Game(lobby, channels);
  const state = (version, cell) => ({ version, round: 1, cells: Array(SIZE * SIZE).fill(null).with(cell, 'ben'), wins: {} });
  const hears = (version, cell) => channels.emit('message', { client: undefined, text: JSON.stringify({ state: state(version, cell) }) });
  hears(9, 0);
  game.claim(1);
  channels.emit('open', undefined);
  assert.deepEqual(sent.splice(0), [{ claim: 1 }, { claim: 1 }], 'another host is asked, too');

  lobby.emit('closed', undefined);
  assert.ok(game.state.cells.every((cell) => cell === null));
  channels.emit('open', undefined);
  assert.deepEqual(sent, []);
  hears(2, 5);
  assert.deepEqual(game.state, state(2, 5));
});
