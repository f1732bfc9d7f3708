// What people mean ill with, said on one node, is shown on another.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, scene, Window } from './support/browser.mjs';
import { Cluster } from './support/cluster.mjs';
import { seed, UNHURRIED } from './support/seed.mjs';
import { Server } from './support/server.mjs';

const FAMILY = '👩‍👩‍👧‍👦';
const CORPUS = {
  script: '<script>window.hacked = true</script>',
  image: '<img src=x onerror="window.hacked = true"><svg onload="window.hacked = true">',
  'javascript link': 'javascript:window.hacked=true jAvAsCrIpT:alert(1) <a href="javascript:window.hacked=true">click</a>',
  'data link': 'data:text/html,<script>window.hacked=true</script> data:text/html;base64,PHNjcmlwdD4=',
  'link with attributes': 'https://example.org/"onmouseover="window.hacked=true and https://example.org/\'><img/src=x/onerror=window.hacked=1>',
  'link with an origin in disguise': 'https://example.org\u202e/gro.live https://user:pass@example.org/ https://xn--e1awd7f.example/',
  'out of code': '`</code><script>window.hacked = true</script>` and `${window.hacked = true}`',
  'out of a block': '```html\n</code></pre></div><script>window.hacked = true</script>\n<img src=x onerror="window.hacked=1">\n```\n**<b onclick="window.hacked=1">bold</b>**',
  'entities and style': '&lt;b&gt; &#x3c;script&#x3e; <style>*{display:none}</style><meta http-equiv=refresh content="0;url=https://example.org/">',
  'right to left': '\u202eright to left, never ended',
  'isolates and marks': '\u2067\u2066\u202d\u202bnever ended \u200f\u200e',
  'no visible character': '\u200b\u200d\ufeff\u2060',
  'piled marks': `Z${'\u0301\u0322\u0489\u0353'.repeat(10)}algo`,
  'joined emoji': FAMILY.repeat(120),
  'nothing but joiners': '\u200d'.repeat(500) + '👍' + '\ufe0f'.repeat(500),
  'five hundred lines': Array.from({ length: 500 }, (_, line) => `line ${line}`).join('\n'),
  'empty lines': `top${'\n'.repeat(300)}bottom`,
  'a line that never ends': 'W'.repeat(100_000),
  'a block that never ends': `\`\`\`\n${'x'.repeat(5_000)}\n\`\`\``,
  'marks for ever': '**_`@ '.repeat(2_000),
  'tabs and controls': '\t\t\u0001\u0007\u001b[31mred\u0085\u2028\u2029end',
};
/** The server allows only these of what a name could be made of. */
const NAMES = ['<img src=x onerror=alert(1)>', '\u202eevil eman', `Z${'\u0301'.repeat(30)}`, 'W'.repeat(32), '\u2067\u2066x'];

let browser;
let cluster;
/** The node on which everything is said, and the one on which it is read. */
let here;
let there;

before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start({ MAX_MESSAGE_CHARS: '200000', MAX_FRAME_BYTES: '2000000', ...UNHURRIED })]);
  [here, there] = cluster.nodes;
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** Opens a page that notices whatever gets out of hand. */
async function watched(context) {
  const window = await Window.open(browser, there.url);
  context.after(() => window.context.close());
  window.strays = [];
  window.page.on('dialog', (dialog) => {
    window.strays.push(dialog.message());
    dialog.dismiss();
  });
  window.page.on('request', (request) => request.url().startsWith(there.url) || request.url().startsWith('data:') || window.strays.push(request.url()));
  return window;
}

/** What is wrong with the rows that are drawn: too wide, or one over the other. */
const disorder = () => {
  const found = [];
  const log = document.querySelector('.log');
  const wide = (element) => element.scrollWidth - element.clientWidth;
  if (wide(log) > 0 || wide(document.documentElement) > 0) found.push(`too wide by ${wide(log)} and ${wide(document.documentElement)}`);
  const right = log.getBoundingClientRect().left + log.clientWidth;
  const rows = [...log.querySelectorAll('li.message, li.divider')];
  for (const [index, row] of rows.entries()) {
    const { top, bottom } = row.getBoundingClientRect();
    const next = rows[index + 1]?.getBoundingClientRect();
    if (next && next.top < bottom - 0.5) found.push(`covered: ${row.textContent.slice(0, 40)}`);
    const box = row.querySelector('.bubble')?.getBoundingClientRect();
    if (box && (box.top < top - 0.5 || box.bottom > bottom + 0.5 || box.right > right + 0.5)) found.push(`out of its row: ${[top, box.top, box.bottom, bottom, box.right, right]} ${row.textContent.slice(0, 40)}`);
    const [name, time] = ['.name', 'time'].map((part) => row.querySelector(part)?.getBoundingClientRect());
    if (name && time && name.right > time.left) found.push(`name and time have changed places: ${row.textContent.slice(0, 40)}`);
  }
  return found;
};

/** Goes up through all that there is, and looks. */
async function inOrder({ page }, width) {
  await page.setViewportSize({ width, height: 800 });
  await page.evaluate(() => document.querySelector('.log').scrollTo(0, 1e9));
  for (let views = 0; views < 60; views += 1) {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))));
    assert.deepEqual(await page.evaluate(disorder), [], `at ${width} pixels`);
    const moved = await page.evaluate(() => {
      const log = document.querySelector('.log');
      const before = log.scrollTop;
      log.scrollBy(0, -500);
      return log.scrollTop < before;
    });
    if (!moved) return;
  }
}

async function isInert({ page, faults, strays }) {
  assert.equal(await page.evaluate('window.hacked'), undefined);
  assert.equal(await page.locator('.bubble :is(script, img, svg:not(.icon), b, style, meta, iframe)').count(), 0);
  const links = await page.locator('.bubble a').evaluateAll((all) => all.map(({ protocol, rel, target }) => `${protocol} ${rel} ${target}`));
  assert.ok(links.every((link) => link === 'https: noopener noreferrer nofollow _blank'), String(links));
  assert.deepEqual([strays, faults], [[], []]);
}

test('hostile texts and names are shown as what they are, and do nothing', async (context) => {
  const window = await watched(context);
  await seed(browser, here, Object.values(CORPUS));
  for (const [index, name] of NAMES.entries()) await seed(browser, here, [`of a strange name ${index}`], name).catch((error) => assert.match(String(error), /error/));
  await window.page.locator('.bubble', { hasText: 'of a strange name 3' }).waitFor();
  for (const width of [1440, 768, 360]) await inOrder(window, width);
  await isInert(window);

  const { page } = window;
  const shown = await page.evaluate(() => [...document.querySelectorAll('.bubble')].map(({ textContent }) => textContent));
  for (const [kind, text] of Object.entries(CORPUS).slice(0, 9)) assert.ok(shown.includes(text), `${kind} is not shown as written`);
});

test('what is too long at once is unfolded on demand, and even then stays in its place', async (context) => {
  const window = await watched(context);
  const { page } = window;
  await seed(browser, here, ['W'.repeat(100_000), Array.from({ length: 500 }, (_, line) => `line ${line}`).join('\n'), 'the end']);
  await page.locator('.bubble', { hasText: /^the end$/ }).last().waitFor();
  const folded = page.locator('.message', { hasText: /line 0/ }).last();
  assert.ok((await folded.locator('.bubble').textContent()).length < 1_600);
  await folded.getByRole('button', { name: 'Show more' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('.bubble')].some(({ textContent }) => textContent.endsWith('line 499')));
  await page.setViewportSize({ width: 360, height: 800 });
  const long = page.locator('.message', { hasText: 'WWWWWWWW' }).last();
  for (let views = 0; (await long.count()) === 0; views += 1) {
    assert.ok(views < 60);
    await page.evaluate(() => document.querySelector('.log').scrollBy(0, -500));
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  const more = long.getByRole('button', { name: 'Show more' });
  // At the lower edge, where the tools are of a message that begins out of sight.
  await more.evaluate((button) => {
    const log = button.closest('.log');
    log.scrollBy(0, button.getBoundingClientRect().bottom - log.getBoundingClientRect().bottom);
  });
  await page.mouse.move(180, 300);
  await page.locator('.actions.hanging').waitFor();
  await more.click();
  await page.waitForFunction(() => [...document.querySelectorAll('.bubble')].some(({ textContent }) => textContent.length === 100_000));
  assert.deepEqual(await page.evaluate(disorder), []);
  await isInert(window);
});

test('half a character is mended, not sent again for ever', async (context) => {
  const [ana, ben] = await scene(context, { browser, cluster }, 2);
  await ana.say('a \ud800 half');
  await ben.page.locator('.bubble', { hasText: 'a \ufffd half' }).waitFor();
  await ana.say('and on');
  await ben.page.locator('.bubble', { hasText: 'and on' }).waitFor();
  assert.deepEqual([...ana.faults, ...ben.faults], []);
});

test('a message that is too long is kept: by the page until it is shorter, or with the server’s words', async (context) => {
  const strict = await Server.start({ MAX_MESSAGE_CHARS: '100' });
  context.after(() => strict.stop());
  const [ana] = await scene(context, { browser, server: strict }, 1);
  const { page } = ana;
  await page.locator('textarea').fill('W'.repeat(4_001));
  await page.locator('textarea').press('Enter');
  await page.getByText('1 character too long').waitFor();
  assert.equal((await page.locator('textarea').inputValue()).length, 4_001);
  assert.equal(await page.locator('.message').count(), 0);

  await ana.say('W'.repeat(101));
  await page.locator('.remedy', { hasText: 'Not sent' }).waitFor();
  await ana.say('short');
  await page.locator('.message:not(.pending) .bubble', { hasText: 'short' }).waitFor();
  await page.locator('.remedy').getByRole('button', { name: 'Delete' }).click();
  await ana.shows(['short']);
});
