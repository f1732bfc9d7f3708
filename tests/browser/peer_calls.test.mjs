// People in one call on two chat nodes, whose sound and pictures go from each to each while there is no media node.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { examine } from './support/axe.mjs';
import { launch } from './support/browser.mjs';
import { CALL_FLAGS, CallCluster, Caller, together } from './support/call.mjs';
import { until } from './support/cluster.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(...CALL_FLAGS), CallCluster.start({ media: 0 })]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

const on = (node, test, desk, { chat } = cluster) => Caller.open(test, browser, chat[node].url, desk);

/** Runs in a page: how few tiles have a picture at least, from now on. */
function watchTiles() {
  globalThis.least = Infinity;
  const look = () => {
    globalThis.least = Math.min(globalThis.least, document.querySelectorAll('call-tile.pictured').length);
    requestAnimationFrame(look);
  };
  look();
}

test('three people see and hear each other without a media node, with one as soon as it is there, and without it again', async (context) => {
  const [ana, ben, cem] = await Promise.all([on(0, context), on(1, context), on(0, context)]);
  const all = [ana, ben, cem];
  await ana.call();
  await ana.goes('Peer to peer');
  await ben.call();
  await together(ana, ben);
  await cem.call();
  await together(...all);

  await ana.page.keyboard.press('Control+d');
  await ben.tile(ana.name).locator('.silent').waitFor();
  await Promise.all([ben.hears(1), cem.hears(1)]);
  await ana.button('Microphone').click();
  await ana.button('Share screen').click();
  await Promise.all([ben, cem].map((caller) => caller.sees(...all.filter((other) => other !== caller).map(({ name }) => name), `${ana.name}’s screen`)));
  await ana.button('Share screen').click();
  await ben.page.locator('call-tile.screen').waitFor({ state: 'detached' });
  await together(...all);

  const begun = Date.now();
  await Promise.all(all.map(({ page }) => page.evaluate(watchTiles)));
  const node = await cluster.addMedia();
  await Promise.all(all.map((caller) => caller.goes('Through the server')));
  context.diagnostic(`through a media node ${Date.now() - begun} ms after it was started`);
  await together(...all);
  for (const { page } of all) assert.equal(await page.evaluate(() => globalThis.least), 3, 'somebody had no picture for a while');

  const killed = Date.now();
  await node.kill();
  await Promise.all(all.map((caller) => caller.goes('Peer to peer')));
  await together(...all);
  context.diagnostic(`from each to each ${Date.now() - killed} ms after the media node was killed`);
  for (const caller of all) {
    assert.equal(await caller.page.evaluate(() => globalThis.least), 3, 'somebody had no picture for a while');
    await caller.count(3);
    caller.fine();
  }
});

/** Runs in a page: somebody else in a room's call, who neither sends nor looks, and so costs nothing. */
function attend(room) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`);
  const ask = (type, payload) => socket.send(JSON.stringify({ type, id: type, [type]: payload }));
  return new Promise((joined, refused) => {
    socket.onopen = () => ask('signIn', { guest: true });
    socket.onmessage = ({ data }) => {
      const { type } = JSON.parse(data);
      if (type === 'authorized') ask('callJoin', { room, audio: false, video: false });
      else if (type === 'callJoined') joined();
      else if (type === 'error') refused(new Error(data));
    };
  });
}

test('who wants to know how a call goes is told, and a fifth person why there is no place', async (context) => {
  const [ana, fifth] = await Promise.all([on(0, context), on(1, context)]);
  await ana.follow('#room=four-at-most');
  for (const { page } of [ana, fifth, fifth]) await page.evaluate(attend, 'four-at-most');
  await ana.count(4);
  await fifth.page.evaluate(() => (location.hash = '#room=four-at-most'));
  await fifth.page.waitForSelector('call-lobby.pictured');
  await fifth.button('Join').click();
  await fifth.page.locator('.notice', { hasText: 'The call is full: it goes peer to peer at present, up to four.' }).waitFor();

  await ana.page.locator('call-room .mode').focus();
  await ana.page.keyboard.press('Enter');
  await ana.page.getByRole('dialog', { name: 'Peer to peer' }).getByText('up to 4 people').waitFor();
  await examine(ana, 'how a call goes');
  await ana.page.keyboard.press('Escape');
  await ana.page.waitForFunction(() => document.activeElement?.matches('.mode'));
  for (const caller of [ana, fifth]) caller.fine();
});

/** Runs in a page: two ends of one connection that do everything at the same time, and what each sees in the end. */
async function twoEnds() {
  const { Pair } = await import('/rtc/pair.js');
  const picture = (size) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
    const brush = canvas.getContext('2d');
    setInterval(() => brush.fillRect(Math.random() * size, Math.random() * size, 2, 2), 50);
    return canvas.captureStream().getVideoTracks()[0];
  };
  const tracks = [{ camera: picture(64) }, { camera: picture(96) }];
  const broken = [];
  const ends = tracks.map((own, index) => new Pair({ iceServers: [], polite: index === 0, opens: true, copies: 1, trackOf: (source) => own[source] }));
  ends.forEach((end, index) => {
    end.on('signal', (signal) => setTimeout(() => ends[1 - index].hear(structuredClone(signal))));
    end.on('broken', (error) => broken.push(String(error)));
  });
  const late = performance.now() + 30_000;
  const until = async (holds) => {
    while (!holds()) {
      if (performance.now() > late) throw new Error(`never ${holds}`);
      await new Promise((again) => setTimeout(again, 20));
    }
  };
  const sees = async (end, source, size) => {
    await until(() => end.trackOf(source));
    const video = Object.assign(document.createElement('video'), { muted: true, srcObject: new MediaStream([end.trackOf(source)]) });
    video.play();
    await until(() => video.videoWidth === size && video.getVideoPlaybackQuality().totalVideoFrames > 2);
  };
  const connected = () => ends.every(({ state, isAgreed }) => state === 'connected' && isAgreed);
  await until(connected);
  await Promise.all([sees(ends[0], 'camera', 96), sees(ends[1], 'camera', 64)]);
  for (const end of ends) end.restart();
  ends.forEach((end, index) => end.replace('screen', picture(32 + 16 * index)));
  await Promise.all([sees(ends[0], 'screen', 48), sees(ends[1], 'screen', 32)]);
  await until(connected);
  await Promise.all(ends.map((end, index) => end.replace('camera', picture(80 + index * 32))));
  await Promise.all([sees(ends[0], 'camera', 112), sees(ends[1], 'camera', 80)]);
  const measured = await ends[0].measure();
  for (const end of ends) end.close();
  return { broken, isMeasured: measured.roundTrip >= 0 && measured.loss < 1 };
}

test('two ends that offer, restart and share at the same time agree in the end', async (context) => {
  const ana = await on(0, context);
  // One first offer in some 200 that meets another is followed by offers without an end; a call then begins the connection anew after ten seconds.
  const agree = () => ana.page.evaluate(twoEnds).catch((error) => context.diagnostic(String(error)));
  assert.deepEqual((await agree()) ?? (await agree()), { broken: [], isMeasured: true });
});

/** Runs in a page before all else: what connections it makes. */
function watchConnections() {
  globalThis.made = [];
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(...wish) {
      super(...wish);
      globalThis.made.push(this);
    }
  };
}

/** Runs in a page before all else: no way leads to a media node. */
function blockMedia() {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return take.call(this, { type, sdp: sdp.includes('a=ice-lite') ? sdp.replace(/a=candidate:.*\r\n/g, '') : sdp });
  };
}

test('who cannot reach the media node is seen and heard as before by those who can', async (context) => {
  const watched = { prepare: (page) => page.addInitScript(watchConnections) };
  const [ana, ben, cem] = await Promise.all([on(0, context, watched), on(1, context, watched), on(0, context, { prepare: (page) => page.addInitScript(blockMedia) })]);
  const all = [ana, ben, cem];
  for (const caller of all) await caller.follow('#room=behind-a-wall');
  await together(...all);
  const node = await cluster.addMedia();
  await Promise.all(all.map((caller) => caller.goes('Through the server')));
  // The two who reach it have ended the way from one to the other.
  const parted = () => {
    const states = globalThis.made.map(({ connectionState }) => connectionState);
    return states.includes('closed') && states.filter((state) => state !== 'closed').join() === 'connected,connected';
  };
  await Promise.all([ana, ben].map(({ page }) => page.waitForFunction(parted)));
  await together(...all);
  await node.kill();
  await Promise.all(all.map((caller) => caller.goes('Peer to peer')));
  for (const caller of all) caller.fine();
});

/** Runs in a page: whether the call that was joined took us, or turned us away. */
function isDecided() {
  if (document.querySelector('call-room[data-standing="on"]')) return 'taken';
  return document.querySelector('call-lobby, call-room') === null && 'turned away';
}

/** By a link, into a call that may be full at first. */
async function followAgain(caller, hash) {
  const { page } = caller;
  await until(async () => {
    await page.evaluate((link) => (location.hash = link), hash);
    await page.waitForSelector('call-lobby.pictured');
    await caller.button('Join').click();
    const decided = await page.waitForFunction(isDecided);
    return (await decided.jsonValue()) === 'taken';
  });
}

test('a call that is opened peer to peer stays so although there is a media node, until a fifth person comes', async (context) => {
  // Where media nodes were lost of late, another one gets no call for a while.
  const own = await CallCluster.start({ media: 1 });
  context.after(() => own.stop());
  const [ana, ben, fifth] = await Promise.all([0, 1, 1].map((node) => on(node, context, {}, own)));
  await ana.page.evaluate(() => (location.hash = '#room=as-we-like-it'));
  await ana.page.getByRole('switch', { name: 'Peer to peer' }).check();
  await examine(ana, 'before a call peer to peer');
  await ana.join();
  await ben.follow('#room=as-we-like-it');
  await together(ana, ben);
  await ben.goes('Peer to peer');
  for (const { page } of [ana, fifth]) await page.evaluate(attend, 'as-we-like-it');
  await followAgain(fifth, '#room=as-we-like-it');
  await Promise.all([ana, ben, fifth].map((caller) => caller.goes('Through the server')));
  await together(ana, ben, fifth);
  for (const caller of [ana, ben, fifth]) caller.fine();
});
