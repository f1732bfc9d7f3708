// The examples in README.md do what they say: each runs as a module of a page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch, PATIENCE } from './support/browser.mjs';
import { Server } from './support/server.mjs';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const EXAMPLES = [...readme.matchAll(/```js\n\/\/ (\w+): [^\n]*\n(.*?)```/gs)].map(([, name, code]) => ({ name, code }));
/** What each says in the end. */
const SAYS = {
  chat: /^\w+: What news on the Rialto\?$/,
  stage: /^[\w ]+: What news on the Rialto\?$/,
  mesh: /^to: What news on the Rialto\?$/,
  rooms: /^Antonio: What news on the Rialto\?$/,
  lobby: /^to: What news on the Rialto\?$/,
};

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

test('every protocol has an example', () => assert.deepEqual(EXAMPLES.map(({ name }) => name), Object.keys(SAYS)));

for (const { name, code } of EXAMPLES) {
  test(`the example for ${name} runs`, async (context) => {
    const profile = await browser.newContext();
    context.after(() => profile.close());
    const page = await profile.newPage();
    await page.route('**/example.js', (route) => {
      const body = code.replaceAll('https://rialto.example', server.url.slice(0, -1)).replaceAll('wss://rialto.example', server.url.slice(0, -1).replace('http', 'ws'));
      return route.fulfill({ contentType: 'text/javascript', body });
    });
    await page.goto(new URL('/demo/mesh/', server.url).href);
    const said = page.waitForEvent('console', { predicate: (message) => SAYS[name].test(message.text()), timeout: PATIENCE });
    await Promise.all([said, page.evaluate(() => import('/example.js'))]);
  });
}
