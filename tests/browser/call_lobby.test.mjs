// Before a call: what is seen and heard of oneself, and what is said where that cannot be.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, Window } from './support/browser.mjs';
import { Server } from './support/server.mjs';

const DEVICES = '--use-fake-device-for-media-stream=device-count=2,fps=5';

let server;

before(async () => {
  server = await Server.start();
});
after(() => server?.stop());

/** A window before a call in General. */
async function lobby(context, flags, { url = server.url, prepare } = {}) {
  const browser = await launch(...flags);
  context.after(() => browser.close());
  const window = await Window.open(browser, url);
  await prepare?.(window.page);
  await window.page.getByRole('button', { name: 'Start a call' }).click();
  await window.page.waitForSelector('call-lobby');
  return window;
}

/** Asked with every picture: what is seen of a beep is gone before the driver would look again. */
const heard = (page) => page.waitForFunction(() => document.querySelector('call-lobby .meter .lit'));

const obstacle = (page, words) => page.locator('call-lobby .obstacle', { hasText: words }).waitFor();

test('one sees oneself, sees that one is heard, and chooses; the choice is kept', async (context) => {
  const { page, faults } = await lobby(context, ['--use-fake-ui-for-media-stream', DEVICES]);
  await page.waitForSelector('call-lobby.pictured');
  await heard(page);
  const camera = page.getByRole('combobox', { name: 'Camera' });
  const used = () => page.locator('call-lobby video').evaluate(({ srcObject }) => srcObject.getVideoTracks()[0].label);
  const [first] = await camera.locator('option').allTextContents();
  await page.waitForFunction(() => document.querySelectorAll('call-pickers select')[1]?.options.length === 2);
  const other = (await camera.locator('option').allTextContents()).find((label) => label !== first);
  await camera.selectOption({ label: other });
  await page.waitForFunction((label) => document.querySelector('call-lobby video')?.srcObject?.getVideoTracks()[0].label === label, other);
  const light = await page.locator('call-lobby video').evaluateHandle(({ srcObject }) => srcObject.getVideoTracks()[0]);
  await page.getByRole('button', { name: 'Microphone' }).click();
  await page.getByRole('button', { name: 'Camera' }).click();
  await page.waitForSelector('call-lobby:not(.pictured)');
  assert.equal(await light.evaluate(({ readyState }) => readyState), 'ended');

  await page.reload();
  await page.waitForSelector('.account .dot.online');
  await page.getByRole('button', { name: 'Start a call' }).click();
  await page.locator('call-lobby .hint', { hasText: 'Your camera is off' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Microphone' }).getAttribute('aria-pressed'), 'false');
  await page.getByRole('button', { name: 'Camera' }).click();
  await page.waitForSelector('call-lobby.pictured');
  assert.equal(await used(), other);
  await page.getByRole('button', { name: 'Not now' }).click();
  await page.waitForSelector('call-lobby', { state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Start a call');
  assert.deepEqual(faults, []);
});

test('who refuses is told how to allow it, and may come in to watch and listen', async (context) => {
  const { page } = await lobby(context, ['--deny-permission-prompts', DEVICES]);
  await obstacle(page, 'This page may not use your camera and microphone.');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.getByRole('button', { name: 'Join to watch and listen' }).waitFor();
  await page.context().grantPermissions(['camera', 'microphone']);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.waitForSelector('call-lobby.pictured');
  await page.locator('call-lobby .obstacle:empty').waitFor({ state: 'attached' });
});

test('a missing camera keeps nobody from speaking, a used one is called that', async (context) => {
  const { page } = await lobby(context, ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=0']);
  await obstacle(page, 'No camera was found.');
  await heard(page);
  await page.getByRole('button', { name: 'Join', exact: true }).waitFor();

  const busy = await lobby(context, ['--use-fake-ui-for-media-stream', DEVICES], {
    prepare: (window) =>
      window.evaluate(() => {
        const { mediaDevices } = navigator;
        const open = mediaDevices.getUserMedia.bind(mediaDevices);
        mediaDevices.getUserMedia = (wanted) => (wanted.video ? Promise.reject(new DOMException('Could not start video source', 'NotReadableError')) : open(wanted));
      }),
  });
  await obstacle(busy.page, 'The camera is in use by another program.');
  await heard(busy.page);
});

test('a page that came unencrypted says why there is no camera', async (context) => {
  const { page } = await lobby(context, [`--host-resolver-rules=MAP rialto.test 127.0.0.1`, DEVICES], { url: server.url.replace('127.0.0.1', 'rialto.test') });
  await obstacle(page, 'open this one with https');
  await page.getByRole('button', { name: 'Join to watch and listen' }).waitFor();
});
