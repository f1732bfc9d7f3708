import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { tokenizer } from 'acorn';

import { page as head, PUBLIC } from '../../../scripts/head.mjs';
import { launch } from '../support/browser.mjs';
import { until } from '../support/cluster.mjs';
import { aSecond } from '../support/machine.mjs';
import { Server } from '../support/server.mjs';

/** Transferred, compressed, with all headers. */
const MOST_BYTES = 100_000;

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** A window, and everything that it asks for, as the network saw it. */
async function watched(test) {
  const context = await browser.newContext();
  test.after(() => context.close());
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  const requests = new Map();
  const entry = (id) => requests.get(id) ?? requests.set(id, {}).get(id);
  cdp.on('Network.requestWillBeSent', ({ requestId, request }) => Object.assign(entry(requestId), { url: request.url }));
  cdp.on('Network.responseReceived', ({ requestId, response }) => Object.assign(entry(requestId), { response }));
  cdp.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => Object.assign(entry(requestId), { status: statusCode }));
  cdp.on('Network.requestServedFromCache', ({ requestId }) => Object.assign(entry(requestId), { cached: true }));
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => Object.assign(entry(requestId), { bytes: encodedDataLength }));
  cdp.on('Network.loadingFailed', ({ requestId, errorText }) => Object.assign(entry(requestId), { failed: errorText }));
  await cdp.send('Network.enable');
  const chatting = () => page.waitForSelector('.account .dot.online', { state: 'attached' });
  return { page, cdp, requests, chatting, ofServer: () => [...requests.values()].filter(({ url }) => url?.startsWith(server.url)) };
}

test('the page names every module and every style of the program, and nothing else', async () => {
  const { text, wanted } = await head();
  assert.equal(text, wanted, 'public/index.html is not up to date: npm run head');
});

test('modules are sent without comments, and with all of their code', async () => {
  const modules = (await readdir(PUBLIC, { recursive: true })).filter((name) => name.endsWith('.js'));
  const words = (text) => [...tokenizer(text, { ecmaVersion: 'latest', sourceType: 'module' })].map(({ type, value }) => [type.label, value]);
  let saved = 0;
  for (const name of modules) {
    const written = await readFile(new URL(name, PUBLIC), 'utf8');
    const sent = await (await fetch(new URL(name, server.url))).text();
    assert.deepEqual(words(sent), words(written), name);
    saved += written.length - sent.length;
  }
  assert.ok(modules.length > 50 && saved > 50_000, `${modules.length} modules, ${saved} characters`);
});

// What is fetched for later is fetched after the first sign of a visitor: what the page asks for until then is all that it needs.
test('the first visit takes little, from nowhere else, and every file may be kept', async (context) => {
  const { page, requests, chatting, ofServer } = await watched(context);
  const transferred = () => ofServer().reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  await page.goto(server.url, { waitUntil: 'networkidle' });
  await chatting();
  const [first, ready] = [ofServer().length, transferred()];
  context.diagnostic(`until ready: ${first} files, ${ready} bytes`);

  assert.equal(await page.locator('command-list').count(), 0, 'prefetched for nobody');
  await page.mouse.move(100, 100);
  await page.waitForSelector('command-list', { state: 'attached' });
  // Each is put into the page when it and its styles are there.
  const later = ['account-dialog', 'people-dialog', 'settings-dialog', 'help-dialog', 'call-view', 'room-pages'];
  for (const element of later) await page.waitForSelector(element, { state: 'attached' });
  await until(async () => ofServer().every(({ failed, response, bytes }) => failed || (response && bytes !== undefined)));
  const all = transferred();
  context.diagnostic(`with everything prefetched: ${ofServer().length} files, ${all} bytes`);
  assert.ok(ofServer().length > first, 'nothing was prefetched');

  const strangers = [...requests.values()].filter(({ url }) => !url.startsWith(server.url) && !url.startsWith('data:'));
  assert.deepEqual(strangers, []);
  const files = ofServer();
  assert.deepEqual(files.filter(({ failed, response }) => failed || response.status !== 200), []);
  for (const { url, response } of files) {
    const { etag, 'cache-control': control, 'content-encoding': encoding } = response.headers;
    assert.ok(etag, `${url} has no ETag`);
    assert.equal(control, url.includes('/v/') ? 'max-age=31536000, immutable' : 'no-cache', url);
    assert.equal(encoding, 'br', url);
  }
  assert.ok(ready < MOST_BYTES, `${ready} bytes`);
});

test('the next visit asks for the page alone, and whether it is still the same', async (context) => {
  const { page, requests, chatting, ofServer } = await watched(context);
  await page.goto(server.url, { waitUntil: 'networkidle' });
  await chatting();
  for (const again of [() => page.reload({ waitUntil: 'networkidle' }), () => page.goto(server.url, { waitUntil: 'networkidle' })]) {
    requests.clear();
    await again();
    await chatting();
    const own = () => ofServer().filter(({ cached, response }) => !cached && !response?.fromDiskCache);
    await until(async () => own().every(({ status }) => status !== undefined));
    const asked = own();
    assert.deepEqual(asked.map(({ url, status }) => [url, status]), [[server.url, 304]]);
  }
});

test('a visitor can write within a second', async (context) => {
  // The machine may be busy with something else for a while.
  const times = [];
  let isQuick = false;
  for (const end = Date.now() + 60_000; !isQuick && Date.now() < end; ) {
    const { page, chatting } = await watched(context);
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector('.account .dot.online')) return;
        observer.disconnect();
        globalThis.took = performance.now();
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await page.goto(server.url);
    await chatting();
    times.push(Math.round(await page.evaluate(() => globalThis.took)));
    isQuick = times.at(-1) < aSecond();
    await page.context().close();
  }
  context.diagnostic(`ready after ${times.join(', ')} ms`);
  assert.ok(isQuick, `ready after ${times.join(', ')} ms`);
});

test('the app can be installed', async (context) => {
  const { page, cdp, chatting } = await watched(context);
  await page.goto(server.url, { waitUntil: 'networkidle' });
  await chatting();
  const { url, errors, data } = await cdp.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  // The windows of tests are private ones, which install nothing.
  assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'), []);
  for (const { src, sizes } of JSON.parse(data).icons) {
    const real = await page.evaluate(async (address) => {
      const picture = Object.assign(new Image(), { src: address });
      await picture.decode();
      return `${picture.naturalWidth}x${picture.naturalHeight}`;
    }, new URL(src, url).href);
    if (sizes !== 'any') assert.equal(real, sizes, src);
  }
});
