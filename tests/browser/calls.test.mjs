// People in one call on two chat nodes, whose sound and pictures pass through one of two media nodes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { examine } from './support/axe.mjs';
import { launch } from './support/browser.mjs';
import { CALL_FLAGS, CallCluster, Caller, together, wayOf } from './support/call.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(...CALL_FLAGS), CallCluster.start()]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

const on = (node, test, desk) => Caller.open(test, browser, cluster.chat[node].url, desk);

/** Runs in a page: keeps an eye on whether tiles are marked, and on how few of them have a picture. */
function watchTiles() {
  const seen = { troubled: false, least: Infinity };
  globalThis.seen = seen;
  const look = () => {
    seen.troubled ||= document.querySelector('call-tile.frozen .state:not([hidden])') !== null;
    seen.least = Math.min(seen.least, document.querySelectorAll('call-tile.pictured').length);
    if (globalThis.seen === seen) requestAnimationFrame(look);
  };
  look();
}

/** Runs in a page: whose tiles are marked as speaking, now and ever since, and whose is the widest. */
function watchRings() {
  const name = (tile) => tile.querySelector('.label').textContent;
  const rings = { ever: [] };
  globalThis.rings = rings;
  const look = () => {
    rings.now = [...document.querySelectorAll('call-tile.speaking')].map(name);
    rings.ever = [...new Set([...rings.ever, ...rings.now])];
    rings.widest = name([...document.querySelectorAll('call-tile')].reduce((one, other) => (other.clientWidth > one.clientWidth ? other : one)));
    if (globalThis.rings === rings) requestAnimationFrame(look);
  };
  look();
}

/** One of two speaks, the other is silent: somebody who has the speaker view sees the mark on the right tile alone, and that tile is the largest. */
async function speaks(one, silent, viewer) {
  await viewer.tile(silent.name).locator('.silent').waitFor();
  await viewer.tile(one.name).locator('.silent').waitFor({ state: 'hidden' });
  await viewer.page.evaluate(watchRings);
  await viewer.page.waitForFunction((name) => globalThis.rings.now.join() === name && globalThis.rings.widest === name, one.name);
  assert.deepEqual(await viewer.page.evaluate(() => globalThis.rings.ever), [one.name]);
}

/** Runs in a page: whether everybody's tile says how good their connection is. */
function allRated() {
  const marks = [...document.querySelectorAll('call-tile .quality')];
  return marks.length === 3 && marks.every((mark) => mark.checkVisibility() && ['good', 'fair', 'poor'].includes(mark.dataset.quality));
}

test('three people on two nodes see and hear each other, through whatever happens to the media nodes', async (context) => {
  const [ana, ben, cem] = await Promise.all([on(0, context), on(1, context), on(0, context)]);
  await ana.call();
  await ben.page.locator('channel-header .call', { hasText: '1 in call' }).waitFor();
  await ben.call();
  await together(ana, ben);

  await cem.call();
  await together(ana, ben, cem);
  await ana.page.locator('call-room .mode', { hasText: 'Through the server' }).waitFor();
  // The cheaper one (RFC 7714), with which the capacity of a media node was measured.
  for (const caller of [ana, ben, cem]) assert.equal((await wayOf(caller)).cipher, 'SRTP_AEAD_AES_128_GCM');

  await cem.page.waitForFunction(allRated);
  for (const { page } of [cem, ana]) await page.keyboard.press('Control+d');
  await cem.button('Speaker view').click();
  await speaks(ben, ana, cem);
  for (const { page } of [ben, ana]) await page.keyboard.press('Control+d');
  await speaks(ana, ben, cem);
  for (const { page } of [ben, cem]) await page.keyboard.press('Control+d');

  const kills = [];
  for (let kill = 1; kill <= 3; kill += 1) {
    await ana.page.evaluate(watchTiles);
    const node = await cluster.carrier(ana, ben, cem);
    const begun = Date.now();
    await node.kill();
    await cluster.deserted(node, ana, ben, cem);
    await together(ana, ben, cem);
    kills.push(await ana.page.evaluate(() => globalThis.seen));
    context.diagnostic(`kill ${kill}: everybody sees and hears everybody ${Date.now() - begun} ms after`);
    await ana.page.waitForSelector('call-room[data-standing="on"]');
    await node.restart();
  }
  // Meanwhile everybody's last picture stood, with a word about it: not each time where the machine is busy and paints nothing for a while.
  assert.ok(kills.some(({ troubled }) => troubled) && kills.some(({ least }) => least === 3), JSON.stringify(kills));
  for (const caller of [ana, ben, cem]) {
    await caller.count(3);
    caller.fine();
  }

  await Promise.all([ana.page.locator('call-room .news', { hasText: `${cem.name} left.` }).waitFor(), cem.button('Leave').click()]);
  await Promise.all([ana.count(2), ben.count(2)]);
  await cem.page.locator('channel-header .call', { hasText: '2 in call' }).waitFor();
  assert.equal(await cem.page.evaluate(() => document.querySelector('video')), null);
});

test('muting, a camera off and on, a screen, a hand, a reaction, the chat beside it', async (context) => {
  const [ana, ben] = await Promise.all([on(0, context), on(1, context)]);
  await ana.follow('#room=tools-of-a-call');
  await ben.follow('#room=tools-of-a-call');
  await together(ana, ben);

  await ana.page.keyboard.press('Control+d');
  await ben.tile(ana.name).locator('.silent').waitFor();
  await ben.hears(0);
  await ana.button('Microphone').click();
  await ben.tile(ana.name).locator('.silent').waitFor({ state: 'hidden' });
  await ben.hears(1);

  await ana.button('Camera').click();
  await ben.page.locator('call-tile:not(.own):not(.pictured)').waitFor();
  await ana.page.locator('call-tile.own:not(.pictured)').waitFor();
  await ben.sees();
  await ana.page.keyboard.press('Control+e');
  await ben.sees(ana.name);

  for (let round = 0; round < 2; round += 1) {
    await ana.button('Share screen').click();
    await ben.tile(`${ana.name}’s screen`, '.screen.pictured').waitFor();
    await ben.sees(ana.name, `${ana.name}’s screen`);
    await ana.button('Share screen').click();
    await ben.page.locator('call-tile.screen').waitFor({ state: 'detached' });
  }

  // What soon passes is waited for before it can have come.
  await Promise.all([ben.page.locator('call-room .news', { hasText: `${ana.name} raised a hand.` }).waitFor(), ana.button('Raise hand').click()]);
  await ben.tile(ana.name).locator('.hand').waitFor();
  await ben.button('React').click();
  await Promise.all([ana.tile(ben.name).locator('.reaction', { hasText: '👏' }).waitFor(), ben.page.getByRole('menuitem', { name: 'Applause' }).click()]);
  await ana.button('People in the call').click();
  await ana.page.locator('call-people li', { hasText: ben.name }).waitFor();
  for (const caller of [ana, ben]) caller.fine();
});

test('axe finds nothing before a call, in it and beside it', async (context) => {
  const [ana, ben] = await Promise.all([on(0, context), on(1, context)]);
  await ana.page.locator('channel-header .call').click();
  await ana.page.waitForSelector('call-lobby.pictured');
  await examine(ana, 'before a call');
  await ana.join();
  await ben.call();
  await together(ana, ben);
  await examine(ana, 'a call');
  await ana.button('Camera').click();
  await ana.button('Microphone').click();
  await ana.button('Speaker view').click();
  await ana.button('Raise hand').click();
  await ana.page.waitForSelector('call-tile.own .hand:not([hidden])');
  await ana.button('People in the call').click();
  await examine(ana, 'the people in a call');
  await ana.button('Chat').click();
  await examine(ana, 'the chat beside a call');
  await ana.page.locator('textarea').fill('Said beside a call');
  await ana.page.keyboard.press('Enter');
  await ben.page.locator('call-controls .badge', { hasText: '1' }).waitFor();
  await ana.button('More').click();
  await examine(ana, 'the rest of the buttons');
  await ana.page.getByRole('menuitem', { name: 'Microphone, camera, speaker' }).click();
  await examine(ana, 'other devices');
  await ana.page.keyboard.press('Escape');
  await ana.button('Back to the channels; the call goes on').click();
  await examine(ana, 'a call that goes on');
  await ben.hears(0);
  await ana.page.locator('.dock').getByRole('button', { name: 'Microphone' }).click();
  await ben.hears(1);
});

/** Runs in a page before everything else: a firewall lets only TCP through to a media node. */
function onlyTcp() {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return take.call(this, { type, sdp: sdp.replace(/a=candidate:\S+ \d+ udp .*\r\n/gi, '') });
  };
}

test('a guest with a link is before the call at once, and in it with a click, also where only TCP gets through', async (context) => {
  const ana = await on(0, context);
  await ana.button('Rooms').click();
  await ana.page.getByRole('menuitem', { name: 'New room for a call' }).click();
  await ana.join();
  assert.match(new URL(ana.page.url()).hash, /^#room=[a-z0-9-]{14}$/);
  await ana.page.getByText('You are the only one here.').waitFor();

  const walled = { prepare: (page) => page.addInitScript(onlyTcp) };
  const guest = await Caller.open(context, browser, cluster.chat[1].url + new URL(ana.page.url()).hash, walled);
  await guest.join();
  await together(ana, guest);
  assert.equal((await wayOf(ana)).protocol, 'udp');
  assert.equal((await wayOf(guest)).protocol, 'tcp');
  await guest.button('Leave').click();
  assert.equal(new URL(guest.page.url()).hash, '');
  await guest.page.locator('textarea').waitFor();
});

test('a call in a direct channel rings at the other end, and is answered there', async (context) => {
  const [ana, ben] = await Promise.all([on(0, context), on(1, context)]);
  await ana.page.locator('textarea').fill(`/join ${ben.name}`);
  await ana.page.keyboard.press('Enter');
  await ana.page.locator('h1', { hasText: ben.name }).waitFor();
  await Promise.all([ben.page.locator('.notice', { hasText: `${ana.name} is calling.` }).waitFor(), ana.call()]);
  const line = ben.page.locator('nav li', { hasText: ana.name });
  await line.locator('.call').waitFor();
  await line.getByRole('button').click();
  await ben.call();
  await together(ana, ben);
  await Promise.all([ana, ben].map((caller) => caller.button('Leave').click()));
  await line.locator('.call').waitFor({ state: 'hidden' });
});

test('a browser that plays nothing before a click is given one', async (context) => {
  const [ana, ben] = await Promise.all([on(0, context), on(1, context)]);
  await ana.follow('#room=quiet-at-first');
  await ben.page.evaluate(() => {
    const play = HTMLAudioElement.prototype.play;
    let allowed = false;
    addEventListener('click', ({ target }) => (allowed ||= target.closest('call-banner') !== null), { capture: true });
    HTMLAudioElement.prototype.play = function () {
      return allowed ? play.call(this) : Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
    };
  });
  await ben.follow('#room=quiet-at-first');
  await ben.page.locator('call-banner', { hasText: 'plays no sound' }).waitFor();
  await ben.button('Turn the sound on').click();
  await ben.page.locator('call-banner.quiet').waitFor({ state: 'attached' });
  await together(ana, ben);
});

test('a page that loses its server is back in the call by itself, on the same one or another', async (context) => {
  const [ana, ben] = await Promise.all([on(0, context), on(1, context)]);
  await ana.follow('#room=where-a-server-dies');
  await ben.follow('#room=where-a-server-dies');
  await together(ana, ben);
  await cluster.chat[0].kill();
  await ana.page.waitForSelector('call-room[data-standing="offline"]');
  await cluster.chat[0].restart();
  await ana.page.waitForSelector('call-room[data-standing="on"]');
  await together(ana, ben);
  await ben.count(2);
  ana.fine();
});
