// A picture passes through a media node in whatever codec its sender chooses, also in mid-call, and who comes later gets it from a keyframe on.
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

/** Runs in a page: from now on its picture is sent in this codec. */
async function sendAs(mimeType) {
  for (const sender of globalThis.connections().flatMap((connection) => connection.getSenders())) {
    if (sender.track?.kind !== 'video') continue;
    const parameters = sender.getParameters();
    const codec = parameters.codecs.find((known) => known.mimeType === mimeType);
    for (const encoding of parameters.encodings) encoding.codec = codec;
    await sender.setParameters(parameters);
  }
}

/** Waits until the only picture that comes in and goes on is in this codec. */
async function isShown(caller, mimeType) {
  let shown;
  await until(async () => {
    const codecs = await caller.statistics('codec');
    const pictures = (await caller.statistics('inbound-rtp')).filter(({ kind, framesPerSecond }) => kind === 'video' && framesPerSecond > 0);
    shown = pictures.map(({ codecId }) => codecs.find(({ id }) => id === codecId)?.mimeType);
    return shown.join() === mimeType;
  }).catch((cause) => {
    throw new Error(`${mimeType} is wanted, ${caller.name} is shown ${shown}`, { cause });
  });
}

test('a camera goes over to VP9 and to H.264, and is seen by who is there and by who comes later', async (context) => {
  const open = () => Caller.open(context, browser, `${cluster.chat[0].url}#room=codecs`);
  const [sender, viewer, late] = await Promise.all([open(), open(), open()]);
  await sender.join();
  // Without pictures of their own: there is one alone to be looked at.
  for (const caller of [viewer, late]) {
    await caller.page.waitForSelector('call-lobby.pictured');
    await caller.button('Camera').click();
  }
  await viewer.button('Join').click();
  await viewer.sees(sender.name);
  await isShown(viewer, 'video/VP8');

  await sender.page.evaluate(sendAs, 'video/VP9');
  await isShown(viewer, 'video/VP9');
  await viewer.sees(sender.name);
  await late.button('Join').click();
  await late.sees(sender.name);
  await isShown(late, 'video/VP9');

  await sender.page.evaluate(sendAs, 'video/H264');
  await Promise.all([viewer, late].map((caller) => isShown(caller, 'video/H264')));
  await Promise.all([viewer, late].map((caller) => caller.sees(sender.name)));
  for (const caller of [sender, viewer, late]) caller.fine();
});
