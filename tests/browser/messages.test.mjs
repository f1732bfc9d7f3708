import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, scene } from './support/browser.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** Two guests and what one of them says, in a direct channel of their own. */
async function conversation(context, ...texts) {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  const [anaName, benName] = [await ana.name(), await ben.name()];
  await ana.writeTo(benName);
  for (const text of texts) await ana.say(text);
  await ben.line(anaName).locator('button').click();
  await ben.shows(texts);
  await ana.shows(texts);
  return { ana, ben, anaName, benName };
}

const message = ({ page }, text) => page.locator('.message', { has: page.locator('.bubble', { hasText: text }) });
const tool = ({ page }, name) => page.locator('.actions').getByRole('button', { name });

test('a message is edited where it stands, and everybody sees it', async (context) => {
  const { ana, ben } = await conversation(context, 'Helo', 'second');
  await message(ana, 'Helo').hover();
  await tool(ana, 'Edit').click();
  const field = ana.page.getByLabel('Edit message');
  assert.equal(await field.inputValue(), 'Helo');
  await field.fill('never mind');
  await field.press('Escape');
  await ana.shows(['Helo', 'second']);

  await message(ana, 'Helo').hover();
  await tool(ana, 'Edit').click();
  await field.fill('Hello');
  await field.press('Shift+Enter');
  await field.pressSequentially('again');
  await field.press('Enter');
  for (const window of [ana, ben]) {
    await window.shows(['Hello\nagain', 'second']);
    await message(window, 'Hello').locator('.edited').waitFor();
  }
  assert.deepEqual([...ana.faults, ...ben.faults], []);
});

test('a message is deleted for everybody, after a question', async (context) => {
  const { ana, ben } = await conversation(context, 'Oops', 'stays');
  await message(ana, 'Oops').hover();
  await tool(ana, 'Delete').click();
  await ana.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await ana.shows(['Oops', 'stays']);
  await message(ana, 'Oops').hover();
  await tool(ana, 'Delete').click();
  await ana.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const window of [ana, ben]) await window.shows(['Message deleted', 'stays']);
  await message(ana, 'Message deleted').hover();
  assert.equal(await ana.page.locator('.actions').count(), 0);

  await message(ben, 'stays').hover();
  assert.equal(await tool(ben, 'Edit').count() + (await tool(ben, 'Delete').count()), 0, "somebody else's message");
});

test('reactions are chosen, added to and taken back', async (context) => {
  const { ana, ben, anaName, benName } = await conversation(context, 'Shall we?', 'and you?');
  await message(ben, 'Shall we?').hover();
  await tool(ben, 'React').click();
  await ben.page.locator('.picker button', { hasText: '👍' }).click();
  const chip = (window) => window.page.locator('.reactions button', { hasText: '👍' });
  await chip(ana).waitFor();
  await message(ben, 'and you?').hover();
  await message(ben, 'and you?').locator('.actions').waitFor();
  assert.equal(await chip(ana).getAttribute('aria-pressed'), 'false');
  assert.equal(await chip(ana).getAttribute('title'), `\u2068${benName}\u2069 reacted with 👍`);
  assert.equal(await chip(ben).getAttribute('aria-pressed'), 'true');

  await chip(ana).click();
  await chip(ben).filter({ hasText: '2' }).waitFor();
  assert.equal(await chip(ben).getAttribute('title'), `You and \u2068${anaName}\u2069 reacted with 👍`);
  await chip(ana).filter({ hasText: '2' }).waitFor();
  await chip(ben).click();
  await chip(ana).filter({ hasText: '1' }).waitFor();
  await chip(ana).click();
  await chip(ben).waitFor({ state: 'detached' });

  await ana.page.reload();
  await ana.isIn();
  await ana.shows(['Shall we?', 'and you?']);
  assert.equal(await chip(ana).count(), 0);
});

test('who reacted is told by name, as long as they are few', async (context) => {
  const [ana, ben, ...others] = await scene(context, { browser, server }, 5);
  await ana.say('Everybody?');
  const chip = (window) => message(window, 'Everybody?').locator('.reactions button');
  await message(ben, 'Everybody?').hover();
  await tool(ben, 'React').click();
  await ben.page.locator('.picker button', { hasText: '✅' }).click();
  for (const [index, other] of others.entries()) {
    await chip(other).click();
    await chip(ana).filter({ hasText: String(index + 2) }).waitFor();
  }
  const names = await Promise.all([ben, ...others].map(async (window) => `\u2068${await window.name()}\u2069`));
  assert.equal(await chip(ana).getAttribute('title'), `${names[0]}, ${names[1]} and 2 others reacted with ✅`);
  await chip(others.at(-1)).filter({ hasText: '4' }).waitFor();
  assert.equal(await chip(others.at(-1)).getAttribute('title'), `You, ${names[0]} and 2 others reacted with ✅`);
});

test('a reply quotes what it answers, in front of what was being written', async (context) => {
  const { ana, ben, anaName } = await conversation(context, 'When shall we meet?\nAnd where?');
  await ben.draft.pressSequentially('at nine');
  await message(ben, 'When').hover();
  await tool(ben, 'Reply').click();
  await ben.page.waitForFunction(() => document.activeElement?.matches('textarea'));
  await ben.page.keyboard.type(' sharp');
  const answer = `> ${anaName}: When shall we meet?\n> And where?\nat nine sharp`;
  assert.equal(await ben.draft.inputValue(), answer);
  await ben.draft.press('Enter');
  await ana.shows(['When shall we meet?\nAnd where?', answer]);
  assert.equal(await message(ana, 'at nine').locator('blockquote').count(), 1);

  await ana.page.locator('.log').focus();
  await ana.page.keyboard.press('ArrowUp');
  await ana.page.keyboard.press('Enter');
  await ana.page.keyboard.press('ArrowRight');
  await ana.page.keyboard.press('Enter');
  assert.match(await ana.draft.inputValue(), /^> .*: at nine sharp\n$/, 'an answer to an answer quotes only that');
});

test('everything about a message can be done with the keys', async (context) => {
  const { ana, ben } = await conversation(context, 'first', 'second');
  const { keyboard } = ana.page;
  const focused = (selector) => ana.page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector);
  await ana.page.locator('.log').focus();
  await keyboard.press('ArrowUp');
  await keyboard.press('ArrowUp');
  assert.equal(await ana.page.evaluate(() => document.activeElement.querySelector('.bubble').textContent), 'first');

  await keyboard.press('Enter');
  await focused('.actions [aria-label="React"]');
  await keyboard.press('Enter');
  await focused('.picker button:first-child');
  await keyboard.press('ArrowRight');
  await keyboard.press('Enter');
  await ben.page.locator('.reactions button', { hasText: '❤️' }).waitFor();
  await ana.page.locator('.reactions button', { hasText: '❤️' }).waitFor();

  await keyboard.press('Escape');
  await focused('.message');
  await keyboard.press('Shift+F10');
  await focused('.actions button');
  for (let tool = 0; tool < 3; tool += 1) await keyboard.press('ArrowRight');
  await focused('.actions [aria-label="Edit"]');
  await keyboard.press('Enter');
  await keyboard.type('!');
  await keyboard.press('Enter');
  await ben.shows(['first!', 'second']);
  await focused('.message');
  await keyboard.press('ArrowDown');
  assert.equal(await ana.page.evaluate(() => document.activeElement.querySelector('.bubble').textContent), 'second');
  assert.deepEqual([...ana.faults, ...ben.faults], []);
});

test('light markup is shown, and what is copied is what was written', async (context) => {
  const text = 'see `code`, **bold**, _slanted_ and https://example.org/x.\n```js\nlet a = 1;\n```\n> quoted\nsnake_case 2*3*4';
  const { ben } = await conversation(context, text, '👍🎉');
  const bubble = message(ben, 'see').locator('.bubble');
  const shown = (selector) => bubble.locator(selector).evaluateAll((all) => all.map((found) => found.textContent));
  assert.deepEqual(await shown(':scope > code'), ['`code`']);
  assert.deepEqual(await shown('strong, em, blockquote'), ['**bold**', '_slanted_', '> quoted\n']);
  assert.deepEqual(await shown('pre'), ['let a = 1;']);
  assert.deepEqual(await bubble.locator('a').evaluateAll((all) => all.map(({ href }) => href)), ['https://example.org/x']);
  const sizes = await bubble.locator('.mark').evaluateAll((all) => all.map((mark) => mark.getBoundingClientRect().width * mark.getBoundingClientRect().height));
  assert.ok(sizes.every((size) => size === 0), 'marks are not seen');
  const copied = await bubble.evaluate((node) => {
    getSelection().selectAllChildren(node);
    return getSelection().toString();
  });
  assert.equal(copied.trim().replaceAll(/\n+/g, '\n'), text);

  const [large, normal] = await ben.page.locator('.bubble').evaluateAll((all) => [all.at(-1), all.at(0)].map((node) => parseFloat(getComputedStyle(node).fontSize)));
  assert.ok(large > 1.5 * normal, 'emoji alone are larger');
});

test('a name after an @ is known, and one’s own stands out', async (context) => {
  const [ana, ben] = await scene(context, { browser, server }, 2);
  const name = await ben.name();
  await ana.say(`@${name} and @nobody-of-this-name: hello`);
  const mention = (window) => window.page.locator('.bubble .mention');
  await mention(ben).waitFor();
  await mention(ana).waitFor();
  assert.deepEqual(await mention(ben).allTextContents(), [`@${name}`]);
  assert.equal(await ben.page.locator('.message.named .mention.own').count(), 1);
  assert.equal(await ana.page.locator('.mention.own').count(), 0);
});

test('what came while nobody looked stands below a line', async (context) => {
  const { ana, ben, anaName } = await conversation(context, 'old');
  await ben.line('General').locator('button').click();
  await ben.page.locator('h1', { hasText: 'General' }).waitFor();
  await ana.say('new one');
  await ben.line(anaName).locator('.badge').waitFor();
  await ben.line(anaName).locator('button').click();
  await ben.shows(['old', 'new one']);
  const kinds = await ben.page.locator('.log li').evaluateAll((all) => all.map(({ className, textContent }) => (className.includes('divider') ? textContent : className.split(' ')[0])));
  assert.deepEqual(kinds.slice(1), ['Today', 'message', 'New', 'message']);
});
