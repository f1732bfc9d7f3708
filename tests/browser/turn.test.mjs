// Behind a firewall that lets nothing out but to the TURN server: calls and data channels go through it, with the credentials that a node
// makes, and with no others.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from './support/browser.mjs';
import { CALL_FLAGS, Caller, together } from './support/call.mjs';
import { until } from './support/cluster.mjs';
import { Server } from './support/server.mjs';
import { minted, Turn } from './support/turn.mjs';

let browser;
let server;
let turn;

before(async () => {
  [browser, turn] = await Promise.all([launch(...CALL_FLAGS), Turn.start()]);
  server = await Server.start({ MEDIA_SHARDS: '1', MEDIA_ADDRESSES: '127.0.0.1', ...turn.settings });
});
after(() => Promise.all([browser?.close(), server?.stop(), turn?.stop()]));

/** Runs in a page before everything else: no connection of it goes any other way. */
function relayOnly() {
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
    }
  };
}

/** A page without anything in it. */
async function blank(context) {
  const profile = await browser.newContext();
  context.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(new URL('favicon.svg', server.url).href);
  return page;
}

/** Which way a connection goes, of its statistics: the types of the two candidates in use, and how the relay is reached. */
function way(entries) {
  const by = new Map(entries.map((entry) => [entry.id, entry]));
  const { selectedCandidatePairId } = entries.find(({ type }) => type === 'transport');
  const pair = by.get(selectedCandidatePairId);
  const local = by.get(pair.localCandidateId);
  return [local.candidateType, by.get(pair.remoteCandidateId).candidateType, local.relayProtocol];
}

/** Two people in a call, whose every packet goes through the relay; answers the types of the candidates that each of them uses. */
async function call(context, { url }) {
  const desk = { prepare: (page) => page.addInitScript(relayOnly) };
  const callers = await Promise.all([0, 1].map(() => Caller.open(context, browser, url, desk)));
  for (const caller of callers) await caller.follow('#room=behind-a-firewall');
  await together(...callers);
  return Promise.all(
    callers.map(async (caller) => {
      caller.fine();
      const kinds = await Promise.all(['transport', 'candidate-pair', 'local-candidate', 'remote-candidate'].map((kind) => caller.statistics(kind)));
      return way(kinds.flat()).slice(0, 2);
    }),
  );
}

test('people whose every packet goes through the relay see and hear each other', async (context) => {
  const ways = await call(context, server);
  assert.deepEqual(ways.map(([local]) => local), ['relay', 'relay']);
});

test('so they do without a media node, from relay to relay', async (context) => {
  const alone = await Server.start({ MEDIA_SHARDS: '0', ...turn.settings });
  context.after(() => alone.stop());
  assert.deepEqual(await call(context, alone), [['relay', 'relay'], ['relay', 'relay']]);
});

test('two guests of a room reach each other from relay to relay, by UDP and by TCP', async (context) => {
  const page = await blank(context);
  const stats = await page.evaluate(async () => {
    const { Room } = await import('/protocol/rooms.js');
    const slug = await Room.make(location.origin, { name: 'Two relays' });
    const [caller, callee] = await Promise.all([Room.enter(location.origin, slug), Room.enter(location.origin, slug)]);
    const heard = (room, event) => new Promise((resolve) => room.on(event, resolve));
    const ends = await Promise.all(
      [caller, callee].map(async (room, index) => {
        const known = heard(room, 'id');
        room.connect();
        await known;
        const given = heard(room, 'iceServers');
        room.askForIceServers();
        const iceServers = (await given).map((server) => ({ ...server, urls: [server.urls[index]] }));
        const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
        const channel = connection.createDataChannel('words', { negotiated: true, id: 0 });
        return { room, connection, channel, message: new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data))) };
      }),
    );
    for (const [index, { room, connection }] of ends.entries()) {
      const other = ends[1 - index].room.id;
      connection.onicecandidate = ({ candidate }) => room.signal(other, 'icecandidate', candidate);
      room.on('signal', async ({ type, data }) => {
        if (type === 'icecandidate') return connection.addIceCandidate(data ?? undefined);
        await connection.setRemoteDescription(data);
        if (type === 'answer') return;
        await connection.setLocalDescription();
        room.signal(other, 'answer', connection.localDescription);
      });
    }
    await ends[0].connection.setLocalDescription();
    ends[0].room.signal(ends[1].room.id, 'offer', ends[0].connection.localDescription);
    for (const { channel } of ends) channel.onopen = () => channel.send('What news?');
    await Promise.all(ends.map(({ message }) => message));
    return Promise.all(ends.map(async ({ connection }) => [...(await connection.getStats()).values()]));
  });
  assert.deepEqual(stats.map(way), [['relay', 'relay', 'udp'], ['relay', 'relay', 'tcp']]);
});

test('credentials that have ended, or were made with another secret, open nothing', async (context) => {
  const page = await blank(context);
  const gather = (iceServer) =>
    page.evaluate(async (only) => {
      const connection = new RTCPeerConnection({ iceServers: [only], iceTransportPolicy: 'relay' });
      const [types, errors] = [[], new Set()];
      connection.onicecandidate = ({ candidate }) => candidate?.candidate && types.push(candidate.type);
      connection.onicecandidateerror = ({ errorCode }) => errors.add(errorCode);
      connection.createDataChannel('any');
      const gathered = new Promise((resolve) => (connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve(undefined)));
      await connection.setLocalDescription();
      await gathered;
      connection.close();
      return { types: [...new Set(types)], errors: [...errors] };
    }, iceServer);
  const addresses = { urls: [`turn:127.0.0.1:${turn.port}?transport=udp`] };
  const now = Math.floor(Date.now() / 1000);
  assert.deepEqual(await gather(minted(addresses, turn.secret, now + 60)), { types: ['relay'], errors: [] });
  assert.deepEqual(await gather(minted(addresses, turn.secret, now - 1, 'too-late')), { types: [], errors: [401] });
  assert.deepEqual(await gather(minted(addresses, 'another secret', now + 60, 'guessing')), { types: [], errors: [401] });
  for (const user of ['too-late', 'guessing']) {
    await until(async () => turn.log.some((line) => line.includes(`:${user}>`) && line.includes('error 401: Unauthorized')));
  }
});
