// A camera is sent in three sizes; each viewer gets the one that fits.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from './support/browser.mjs';
import { CALL_FLAGS, CallCluster, Caller } from './support/call.mjs';
import { until } from './support/cluster.mjs';

let browser;
let cluster;

before(async () => {
  [browser, cluster] = await Promise.all([launch(...CALL_FLAGS), CallCluster.start({ chat: 1, media: 1 })]);
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** The picture that comes in. */
async function picture(caller) {
  const [video] = (await caller.statistics('inbound-rtp')).filter(({ kind }) => kind === 'video');
  return video;
}

test('three sizes are sent, a small tile gets the small one and a large tile the large one, without a halt', async (context) => {
  const url = `${cluster.chat[0].url}#room=sizes`;
  // Of a smaller picture, browsers send no third size.
  const camera = { width: 960, height: 540 };
  const sender = await Caller.open(context, browser, url, { camera });
  // Without a camera of its own: its processor is busy enough.
  const viewer = await Caller.open(context, browser, url, { viewport: { width: 1100, height: 700 } });
  await sender.join();
  await viewer.page.waitForSelector('call-lobby.pictured');
  await viewer.button('Camera').click();
  await viewer.button('Join').click();
  await viewer.sees(sender.name);

  await until(async () => {
    const layers = (await sender.statistics('outbound-rtp')).filter(({ kind, framesSent }) => kind === 'video' && framesSent > 0);
    return JSON.stringify(layers.map(({ rid, frameHeight }) => [rid, frameHeight]).sort()) === JSON.stringify([['h', 540], ['l', 135], ['m', 270]]);
  }, 60_000);
  const height = async (wanted) => {
    await until(async () => (await picture(viewer)).frameHeight === wanted, 60_000).catch(async (cause) => {
      throw new Error(`${wanted} lines wanted, there are ${(await picture(viewer)).frameHeight}`, { cause });
    });
  };
  await height(540);

  /** The longest time without a new picture, in milliseconds, from now until it is asked for. */
  const watch = () =>
    viewer.page.evaluate(() => {
      const video = document.querySelector('call-tile:not(.own) video');
      let last = performance.now();
      globalThis.longest = 0;
      const look = () => {
        globalThis.longest = Math.max(globalThis.longest, performance.now() - last);
        last = performance.now();
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    });
  await watch();
  const halts = { 135: [], 540: [] };
  for (let round = 0; round < 3; round += 1) {
    // Beside ourselves, the other one is small.
    for (const lines of [135, 540]) {
      await viewer.page.evaluate(() => (globalThis.longest = 0));
      await viewer.page.locator('call-tile.own .pin').click();
      await height(lines);
      halts[lines].push(Math.round(await viewer.page.evaluate(() => globalThis.longest)));
    }
  }
  context.diagnostic(`the longest times between two pictures, in milliseconds: ${JSON.stringify(halts)}`);
  // A machine that stands still spoils one; a halt of ours is in every one.
  for (const [lines, all] of Object.entries(halts)) assert.ok(Math.min(...all) < 500, `${lines}: ${all} ms without a picture`);

  // Who sees nobody is sent nothing.
  await viewer.button('Back to the channels; the call goes on').click();
  await until(async () => !(await picture(viewer)).framesPerSecond);
  viewer.fine();
  sender.fine();
});
