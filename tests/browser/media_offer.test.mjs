// Chromium answers what the server offers: the fixtures are written and compared by the tests of src/media/sdp/offer.rs.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch } from './support/browser.mjs';

const fixture = (name) => new URL(`../fixtures/media/${name}`, import.meta.url);
const offer = async (name) => (await readFile(fixture(name), 'utf8')).replace(/\r?\n/g, '\r\n');

let browser;
let page;

before(async () => {
  browser = await launch();
  page = await browser.newPage();
});
after(() => browser?.close());

/** A peer connection that publishes sound and picture, as `window.connection`. */
const connect = () =>
  page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 1280;
    canvas.height = 720;
    canvas.getContext('2d').fillRect(0, 0, 10, 10);
    const sound = new AudioContext().createMediaStreamDestination().stream.getAudioTracks();
    const stream = new MediaStream([...sound, ...canvas.captureStream(5).getVideoTracks()]);
    window.stream = stream.id;
    window.arrived = [];
    window.connection = new RTCPeerConnection();
    window.connection.ontrack = ({ track, streams, transceiver }) =>
      window.arrived.push({ kind: track.kind, stream: streams[0]?.id, mid: transceiver.mid });
    const [audio, video] = stream.getTracks();
    window.connection.addTrack(audio, stream);
    // No transceiver of addTrack is paired with a line that asks for layers (RFC 9429, section 5.10): the offer makes one.
    window.publishVideo = async () => {
      const { sender } = window.connection.getTransceivers().find(({ mid }) => mid === '1');
      await sender.replaceTrack(video);
      sender.setStreams(stream);
      window.connection.getTransceivers().find(({ mid }) => mid === '1').direction = 'sendonly';
    };
  });

const answer = (sdp) =>
  page.evaluate(async (text) => {
    window.arrived.length = 0;
    await window.connection.setRemoteDescription({ type: 'offer', sdp: text });
    await window.publishVideo();
    await window.connection.setLocalDescription();
    return { sdp: window.connection.localDescription.sdp, arrived: window.arrived, stream: window.stream };
  }, sdp);

const sections = (sdp) => sdp.split('\r\nm=').slice(1);
const published = (section) => /a=sendonly/.test(section);

test('Chromium answers an offer, the offer of another node, and reused lines', async () => {
  await connect();
  const first = await answer(await offer('offer.sdp'));
  const [microphone, camera, screen, sound, picture] = sections(first.sdp);
  assert.ok(published(microphone) && published(camera));
  assert.match(camera, /a=simulcast:send l;m;h/);
  assert.match(camera, new RegExp(`a=msid:${first.stream} `));
  assert.match(screen, /a=inactive/);
  for (const section of [microphone, camera, screen, sound, picture]) {
    assert.doesNotMatch(section, /^\w+ 0 /);
    assert.match(section, /a=setup:active/);
    assert.match(section, /a=rtcp-rsize/);
    assert.match(section, /transport-wide-cc/);
  }
  const stream = '{0b7e1f0a-5f0e-4a5e-9d7a-0c3f8c1d2e3f}';
  assert.deepEqual(
    first.arrived.filter(({ stream }) => stream),
    [{ kind: 'audio', stream, mid: '3' }, { kind: 'video', stream, mid: '4' }],
  );

  // The screen's line is closed, the picture has ended, ICE restarts with another node.
  const moved = await answer(await offer('offer_moved.sdp'));
  const ended = sections(moved.sdp);
  assert.equal(ended.length, 5);
  assert.match(ended[2], /^video 0 /);
  assert.match(ended[4], /a=inactive/);
  assert.notEqual(moved.sdp.match(/a=ice-ufrag:(.*)\r/)[1], first.sdp.match(/a=ice-ufrag:(.*)\r/)[1]);

  const reused = await answer(await offer('offer_reused.sdp'));
  assert.equal(sections(reused.sdp).length, 5);
  assert.deepEqual(
    reused.arrived.filter(({ stream }) => stream),
    [{ kind: 'video', stream: 'new', mid: '4' }],
  );

  if (process.env.RIALTO_WRITE_FIXTURES) await writeFile(fixture('answer_chromium.sdp'), first.sdp);
});
