// The stage protocol's original client: one RTCPeerConnection for its whole life, which only ever answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from './support/browser.mjs';
import { CALL_FLAGS, CallCluster } from './support/call.mjs';
import { until } from './support/cluster.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(...CALL_FLAGS), CallCluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** Runs in a page: speaks the protocol as that client does, and keeps what came. */
async function visit([address, room]) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180, frameRate: 15 } });
  const connection = new RTCPeerConnection();
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  const socket = new WebSocket(`${address}?room=${room}`);
  const order = (name, details) => socket.send(JSON.stringify({ order: name, details }));
  const visitor = { connection, order, stream: stream.id, streams: new Set(), events: [], players: [] };
  globalThis.visitor = visitor;
  connection.addEventListener('track', ({ track, streams: [first] }) => {
    visitor.streams.add(first.id);
    // What nobody plays is not decoded.
    const player = Object.assign(document.createElement(track.kind), { srcObject: new MediaStream([track]) });
    visitor.players.push(player);
    player.play();
  });
  connection.addEventListener('icecandidate', ({ candidate }) => candidate && order('candidate', JSON.stringify(candidate)));
  let last = Promise.resolve();
  const inTurn = (act) => (last = last.then(act));
  socket.addEventListener('message', ({ data }) => {
    const { type, data: { event, ask, data: payload } } = JSON.parse(data);
    visitor.events.push({ event: event ?? ask, payload });
    if (type === 'question' && ask === 'access_token') order('validate_access_token', '');
    if (event === 'user_logged_in') order('media_request', { audio: true, video: true });
    if (event === 'candidate') inTurn(() => connection.addIceCandidate(JSON.parse(payload)));
    if (event === 'offer') {
      inTurn(async () => {
        await connection.setRemoteDescription(JSON.parse(payload));
        await connection.setLocalDescription(await connection.createAnswer());
        order('answer', JSON.stringify(connection.localDescription));
      });
    }
  });
}

/** Runs in a page: frames and sound of each stream that comes in. */
async function received() {
  const entries = [...(await globalThis.visitor.connection.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
  const figure = ({ kind, framesDecoded = 0, totalAudioEnergy = 0 }) => (kind === 'video' ? framesDecoded : totalAudioEnergy);
  return entries.map((entry) => ({ kind: entry.kind, ssrc: entry.ssrc, figure: figure(entry) }));
}

/** Waits until pictures and sound come in from now on. */
async function goesOn(page) {
  const before = new Map((await page.evaluate(received)).map(({ ssrc, figure }) => [ssrc, figure]));
  await until(async () => {
    const now = await page.evaluate(received);
    const grown = (kind, least) => now.some((entry) => entry.kind === kind && entry.figure > (before.get(entry.ssrc) ?? 0) + least);
    return grown('video', 5) && grown('audio', 0);
  });
}

test('two visitors see and hear each other over one connection each, also after their media node was killed', async (context) => {
  const [first] = cluster.chat;
  const pages = await Promise.all(
    cluster.chat.map(async (node) => {
      const page = await browser.newPage();
      context.after(() => page.close());
      // Of the node's own origin, and with nothing else on it.
      await page.goto(new URL('healthz', node.url).href);
      return page;
    }),
  );
  const opened = await pages[0].evaluate(
    (url) => new Promise((resolve) => (new WebSocket(url).onmessage = ({ data }) => resolve(JSON.parse(data).data))),
    new URL('stage/ws', first.url.replace('http', 'ws')).href,
  );
  assert.equal(opened.event, 'created_room');
  for (const [index, page] of pages.entries()) {
    await page.evaluate(visit, [new URL('stage/ws', cluster.chat[index].url.replace('http', 'ws')).href, opened.data]);
  }
  await Promise.all(pages.map(goesOn));
  // Everybody's stream goes by the name that its publisher has for it.
  const streams = await Promise.all(pages.map((page) => page.evaluate(() => globalThis.visitor.stream)));
  assert.deepEqual(await Promise.all(pages.map((page) => page.evaluate(() => [...globalThis.visitor.streams]))), streams.toReversed().map((id) => [id]));

  const node = await cluster.busy();
  const begun = Date.now();
  await node.kill();
  await Promise.all(pages.map(goesOn));
  context.diagnostic(`sound and pictures again ${Date.now() - begun} ms after the kill`);
});
