import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch, scene } from './support/browser.mjs';
import { until } from './support/cluster.mjs';
import { Server } from './support/server.mjs';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ MODERATORS: 'Mona' })]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** A window in which everything is typed. */
class Typist {
  constructor(window) {
    this.window = window;
    this.page = window.page;
    this.keyboard = window.page.keyboard;
    this.field = window.page.locator('textarea');
    this.secret = window.page.locator('secret-field input');
    this.options = window.page.getByRole('option');
  }

  /** Types, in whatever has the focus. */
  async types(text, ...keys) {
    await this.keyboard.type(text);
    for (const key of keys) await this.keyboard.press(key);
  }

  /** Runs a command that is written in full. */
  async runs(text) {
    await this.types(text, 'Escape', 'Enter');
  }

  /** Waits for an answer that only this user sees. */
  async hears(words) {
    const answer = this.page.locator('private-answer p');
    await answer.filter({ hasText: words }).waitFor().catch(async (error) => {
      throw new Error(`wanted ${words}, but there is ${JSON.stringify(await answer.innerText())}`, { cause: error });
    });
  }

  async holds(text) {
    await this.page.waitForFunction((wanted) => document.querySelector('textarea').value === wanted, text).catch(async (error) => {
      throw new Error(`wanted ${JSON.stringify(text)}, but there is ${JSON.stringify(await this.field.inputValue())}`, { cause: error });
    });
  }

  async sees(title) {
    await this.page.locator('h1', { hasText: title }).waitFor();
    await this.page.waitForSelector('.log[aria-busy="false"]');
  }

  async isCalled(name) {
    await this.page.locator('.account .name', { hasText: name }).waitFor();
    await this.window.isIn();
  }

  /** The line that Enter means. */
  active() {
    return this.page.evaluate(() => document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.innerText.replaceAll(/\s+/g, ' ').trim());
  }
}

async function typists(context, count) {
  const windows = await scene(context, { browser, server }, count);
  for (const { page } of windows) {
    await page.locator('textarea').focus();
    // Whoever moves the mouse has everything fetched.
    await page.mouse.move(200, 100);
    await page.waitForSelector('command-list', { state: 'attached' });
  }
  return windows.map((window) => new Typist(window));
}

/** A name that nobody has yet. */
let made = 0;
const fresh = (name) => `${name} ${(made += 1)}`;

test('a slash lists the commands; the list is walked, completed and left by keys', async (context) => {
  const [ana] = await typists(context, 1);
  const box = ana.page.getByRole('combobox');
  assert.equal(await box.getAttribute('aria-expanded'), 'false');
  await ana.types('/');
  assert.equal(await box.getAttribute('aria-expanded'), 'true');
  assert.ok((await ana.options.count()) > 15);
  assert.match(await ana.active(), /^\/help/);
  await ana.types('', 'ArrowDown', 'ArrowDown');
  assert.match(await ana.active(), /^\/leave/);
  await ana.types('', 'ArrowUp', 'ArrowUp', 'ArrowUp');
  assert.match(await ana.active(), /^\/sound/, 'it goes round');

  await ana.types('the');
  assert.deepEqual(await ana.options.count(), 1);
  await ana.types('', 'Tab');
  await ana.holds('/theme ');
  assert.equal(await ana.page.locator('command-list mark').innerText(), 'system|light|dark');
  await ana.types('da', 'Enter');
  await ana.holds('/theme dark');
  await ana.types('', 'Enter');
  await ana.hears('The theme is dark.');
  assert.equal(await ana.page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await ana.holds('');

  await ana.types('/jo', 'Escape');
  assert.equal(await box.getAttribute('aria-expanded'), 'false');
  await ana.holds('/jo');
  await ana.types('i');
  assert.equal(await box.getAttribute('aria-expanded'), 'true');
});

test('the list serves a mouse too, and the focus stays where it was', async (context) => {
  const [ana] = await typists(context, 1);
  await ana.page.getByRole('button', { name: 'Commands', exact: true }).click();
  await ana.options.filter({ hasText: '/who' }).click();
  await ana.holds('/who ');
  assert.equal(await ana.page.evaluate(() => document.activeElement.tagName), 'TEXTAREA');
});

test('conversations are opened, written to from elsewhere, and left', async (context) => {
  const [ana, ben] = await typists(context, 2);
  const [anaName, benName] = [await ana.window.name(), await ben.window.name()];
  await ana.types(`/join ${benName.slice(0, -2)}`, 'Enter', 'Enter');
  await ana.sees(benName);
  await ana.types('Hello Ben', 'Enter');
  await ana.window.shows(['Hello Ben']);

  await ana.runs('/leave');
  await ana.sees('General');
  await ana.window.line(benName).waitFor({ state: 'detached' });
  await ana.page.reload();
  await ana.window.isIn();
  assert.equal(await ana.window.line(benName).count(), 0, 'it is not back after a reload');
  await ana.field.focus();
  await ana.runs('/leave');
  await ana.hears('There is nothing to leave');
  await ana.field.fill('');

  await ben.runs(`/msg ${anaName} Are you there? "Yes"?`);
  await ben.hears(`To ${anaName}: Are you there? "Yes"?`);
  await ben.sees('General');
  await ana.window.line(benName).locator('.badge').waitFor();
  await ana.runs(`/join @${benName.toLowerCase()}`);
  await ana.window.shows(['Hello Ben', 'Are you there? "Yes"?']);
  await ana.runs('/join general');
  await ana.sees('General');
});

test('what is no command is not sent, unless it is meant to be', async (context) => {
  const [ana, ben] = await typists(context, 2);
  await ana.runs('/jion somebody');
  await ana.hears('There is no /jion. Did you mean /join?');
  await ana.holds('/jion somebody');
  await ana.field.fill('');
  await ana.runs('/join');
  await ana.hears('NAME is missing: /join NAME');
  await ana.field.fill('');
  await ana.runs('/kick Nobody at all');
  await ana.hears('Nobody is called Nobody at all.');
  await ana.field.fill('');
  await ana.types('//join is a command', 'Enter');
  await ben.window.shows(['/join is a command']);
  await ana.window.shows(['/join is a command']);
});

test('an account by typing: made, named, left and come back to', async (context) => {
  const [ana] = await typists(context, 1);
  const [name, other] = [fresh('Ana'), fresh('Anastasia')];
  const guest = await ana.window.name();
  await ana.runs('/set name Somebody');
  await ana.hears('needs a password first');
  await ana.field.fill('');
  await ana.runs('/guest');
  await ana.hears(`You are a guest: ${guest}`);
  await ana.field.fill('');

  await ana.types('/set password correct horse', 'Enter');
  await ana.hears('Your password is set.');
  await ana.runs(`/set name ${name}`);
  await ana.hears(`You are ${name} now.`);
  await ana.runs('/guest');
  await ana.hears('You are a guest now');
  await ana.types(`/login "${name}" wrong`, 'Enter');
  await ana.hears('The username and password do not match.');
  await ana.types('correct horse', 'Enter');
  await ana.isCalled(name);
  await ana.types(`/signup "${other}"`, 'Enter');
  await ana.types('tr0ub4dor', 'Enter');
  await ana.isCalled(other);

  const [download] = await Promise.all([ana.page.waitForEvent('download'), ana.runs('/export')]);
  assert.equal(JSON.parse(await readFile(await download.path(), 'utf8')).user.Username, other);
  await ana.runs('/delete-account');
  await ana.hears('YOUR-NAME is missing');
  await ana.types(` ${name.split(' ')[0]} x`, 'Enter');
  await ana.hears(`write your own name behind it: ${other}`);
  await ana.keyboard.press('Escape');
  await ana.types(`/delete-account "${other}"`, 'Enter');
  await ana.types('tr0ub4dor', 'Enter');
  await ana.page.locator('account-dialog dialog[open]').waitFor();
  assert.deepEqual(ana.window.faults, []);
});

test('signing out by typing leads to the door', async (context) => {
  const [ana] = await typists(context, 1);
  await ana.types('/set password correct horse', 'Enter');
  await ana.hears('Your password is set.');
  await ana.runs('/logout');
  await ana.page.locator('account-dialog dialog[open]').waitFor();
});

test('a password is nowhere but in the request that needs it', async (context) => {
  const [ana] = await typists(context, 1);
  const sent = [];
  ana.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload))));
  await ana.page.reload();
  await ana.window.isIn();
  const SECRET = 'hunter2secret';
  const name = fresh('Sam');
  const traces = () => ana.page.evaluate((secret) => {
    const everything = { ...sessionStorage, ...localStorage, dom: document.documentElement.outerHTML, fields: [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join() };
    return Object.entries(everything).filter(([, text]) => text.includes(secret)).map(([where]) => where);
  }, SECRET);

  await ana.field.focus();
  await ana.types(`/signup "${name}" ${SECRET}`);
  assert.equal(await ana.secret.getAttribute('type'), 'password');
  assert.equal(await ana.secret.inputValue(), SECRET);
  assert.equal(await ana.field.inputValue(), '');
  assert.deepEqual(await traces(), ['fields'], 'while it is typed it is in its field alone');
  await ana.keyboard.press('Enter');
  await ana.isCalled(name);
  assert.deepEqual(await traces(), []);

  // Pasted as a whole, misspelt, and half taken back.
  await ana.field.fill(`/set password ${SECRET}`);
  assert.deepEqual(await traces(), ['fields']);
  await ana.keyboard.press('Escape');
  await ana.holds('');
  await ana.field.fill(`/lgoin "${name}" ${SECRET}`);
  await ana.keyboard.press('Enter');
  await ana.hears('Did you mean /login? Press Enter to run that.');
  assert.equal(await ana.secret.inputValue(), SECRET);
  assert.deepEqual(await traces(), ['fields']);
  await ana.keyboard.press('Escape');
  await ana.holds('');
  for (const slip of [`／login joe ${SECRET}`, `\u200b/login joe ${SECRET}`, `/ login joe ${SECRET}`, `/setpassword ${SECRET}`, `/set pasword ${SECRET}`]) {
    await ana.field.fill(slip);
    assert.equal(await ana.secret.inputValue(), SECRET, slip);
    assert.equal(await ana.field.inputValue(), '');
    await ana.keyboard.press('Escape');
    await ana.holds('');
  }
  for (const mixture of [`hi\n/login joe ${SECRET}`, `/msg Ana hi\n／passwd ${SECRET}`]) {
    await ana.field.fill(mixture);
    await ana.keyboard.press('Enter');
    await ana.hears('It was not sent');
    assert.deepEqual(await traces(), ['fields'], mixture);
  }
  await ana.field.fill('');
  await ana.types(`/set password x`, 'Backspace', 'Backspace');
  await ana.holds('/set password');
  await ana.field.fill('');

  for (let presses = 0; presses < 8; presses += 1) await ana.keyboard.press('ArrowUp');
  assert.deepEqual(await traces(), [], 'it is not in what was written before');
  const [frame, ...more] = sent.filter((text) => text.includes(SECRET));
  assert.deepEqual(more, []);
  assert.equal(JSON.parse(frame).type, 'signUp');
});

test('a password that was pasted with other lines is told from them', async (context) => {
  const [ana] = await typists(context, 1);
  for (const pasted of ['/signup\n', '/signup ']) {
    const name = fresh('Pat').replace(' ', '');
    await ana.keyboard.insertText(`${pasted}${name} pw12345678\nhello all`);
    await ana.secret.waitFor();
    assert.equal(await ana.secret.inputValue(), 'pw12345678');
    await ana.keyboard.press('Enter');
    await ana.isCalled(name);
    await ana.holds('hello all');
    await ana.field.fill('');
  }
});

test('people are named, and a name alone leads to them', async (context) => {
  const [ana, ben] = await typists(context, 2);
  // No guest is called so.
  const benName = fresh('Xenia Otter');
  await ben.types('/set password correct horse', 'Enter');
  await ben.hears('Your password is set.');
  await ben.runs(`/set name ${benName}`);
  await ben.isCalled(benName);

  await ana.types(`Thank you, @${benName.slice(0, 9).toLowerCase()}`);
  await ana.options.filter({ hasText: benName }).waitFor();
  await ana.page.waitForFunction(() => document.activeElement.hasAttribute('aria-activedescendant'));
  await ana.types('', 'Tab');
  await ana.holds(`Thank you, @${benName} `);
  await ana.types('for this', 'Enter');
  await ben.page.locator('.bubble', { hasText: `Thank you, @${benName} for this` }).waitFor();

  await ana.types('We meet @ noon, me@example.org', 'Enter');
  await ben.page.locator('.bubble', { hasText: 'We meet @ noon' }).waitFor();

  await ana.types('@xenia otter');
  await ana.options.filter({ hasText: benName }).waitFor();
  await ana.types('', 'Enter', 'Enter');
  await ana.sees(benName);
  await ana.runs(`/join general`);
  await ana.runs('@Nobody at all');
  await ana.hears('Nobody is called Nobody at all.');
  await ana.field.fill('');

  // With an argument behind it, a name with blanks is quoted by the completion.
  await ana.types('/msg xenia ot', 'Escape');
  await ana.field.fill('');
  await ana.types('/msg xeni');
  await ana.options.filter({ hasText: benName }).waitFor();
  await ana.types('', 'Tab');
  await ana.holds(`/msg "${benName}" `);
});

test('arrow keys walk through what was written, and come back to what is being written', async (context) => {
  const [ana] = await typists(context, 1);
  await ana.types('first', 'Enter');
  await ana.types('second', 'Shift+Enter');
  await ana.types('line', 'Enter');
  await ana.runs('/sound off');
  await ana.hears('Sound is off.');
  await ana.types('being written', 'ArrowUp');
  await ana.holds('/sound off');
  assert.equal(await ana.options.count(), 0, 'the list does not come in between');
  await ana.types('', 'ArrowUp');
  await ana.holds('second\nline');
  await ana.types('', 'ArrowUp');
  await ana.holds('first');
  await ana.types('', 'ArrowUp');
  await ana.holds('first');
  await ana.types('', 'ArrowDown');
  await ana.holds('second\nline');
  await ana.types('', 'ArrowDown', 'ArrowDown');
  await ana.holds('being written');
  await ana.page.reload();
  await ana.window.isIn();
  await ana.holds('being written');

  // Inside a text of several lines the keys are the text's own.
  await ana.field.fill('one\ntwo');
  await ana.types('', 'ArrowUp');
  await ana.holds('one\ntwo');
  await ana.types('', 'ArrowUp');
  await ana.holds('/sound off');
});

test('people are blocked and heard again; moderators send away, others are told that they may not', async (context) => {
  const [mona, ben] = await typists(context, 2);
  const benName = await ben.window.name();
  await ben.runs(`/kick ${await mona.window.name()}`);
  await ben.hears('Only moderators may do this.');
  await ben.field.fill('');
  await mona.types('/signup Mona correct horse', 'Enter');
  await mona.isCalled('Mona');
  await mona.runs(`/block ${benName}`);
  await mona.hears(`${benName} is blocked.`);
  await ben.runs('/msg Mona Can you hear me?');
  await ben.hears('To Mona');
  await mona.runs(`/unblock ${benName}`);
  await mona.hears(`${benName} is no longer blocked.`);
  await mona.runs(`/kick ${benName}`);
  await mona.hears(`${benName} was sent away.`);
  await ben.page.locator('connection-banner').getByText(/sent|removed|kick|closed/i).first().waitFor();
  await mona.runs(`/ban ${benName} 5`);
  await mona.hears(`${benName} is kept out for 5 minutes.`);
  await mona.runs(`/ban ${benName} 0`);
  await mona.hears(`${benName} may come back.`);
});

test('help lists everything that can be typed, and gives the focus back', async (context) => {
  const [ana] = await typists(context, 1);
  await ana.runs('/help');
  await ana.page.getByRole('dialog', { name: 'Commands and keys' }).waitFor();
  assert.ok((await ana.page.locator('help-dialog dt').count()) > 20);
  await ana.keyboard.press('Escape');
  await ana.types('back');
  await ana.holds('back');
});

test('what is too long is refused and kept; no key is taken from who writes Chinese', async (context) => {
  const [ana] = await typists(context, 1);
  const long = 'é'.repeat(4_001);
  await ana.field.fill(long);
  await ana.keyboard.press('Enter');
  await ana.hears('1 character too long. It was not sent');
  assert.equal(await ana.page.locator('.left').innerText(), '-1');
  await ana.holds(long);
  await ana.keyboard.press('Backspace');
  await ana.keyboard.press('Enter');
  await ana.page.locator('.message:not(.pending) .bubble', { hasText: 'é'.repeat(1_000) }).waitFor();

  await ana.types('/the');
  const stopped = await ana.field.evaluate((field) =>
    ['Enter', 'ArrowUp', 'Tab'].filter((key) => !field.dispatchEvent(new KeyboardEvent('keydown', { key, isComposing: true, cancelable: true, bubbles: true }))),
  );
  assert.deepEqual(stopped, []);
  await ana.holds('/the');
});

test('what is typed before commands are understood is looked at once they are, and never said', async (context) => {
  const [ana] = await scene(context, { server, browser }, 1);
  const { page } = ana;
  let hold = true;
  const held = [];
  await page.route('**/command-line.js', (route) => (hold ? held.push(route) : route.continue()));
  await page.addInitScript(() => (globalThis.requestIdleCallback = () => 0));
  await page.reload();
  await ana.isIn();
  await ana.draft.pressSequentially('/help');
  await ana.draft.press('Enter');
  await ana.draft.press('Enter');
  await ana.draft.pressSequentially('!');
  assert.equal(await ana.draft.inputValue(), '/help!');
  await ana.draft.press('Backspace');
  assert.equal(await page.locator('help-dialog').count(), 0);

  // There is no connection: it says so, keeps what was written and tries again.
  await until(async () => held.length > 0);
  hold = false;
  for (const route of held.splice(0)) await route.abort();
  await page.getByText('Commands could not be fetched').waitFor();
  assert.equal(await ana.draft.inputValue(), '/help');
  await ana.draft.press('Enter');
  await page.locator('help-dialog dialog[open]').waitFor();
  assert.equal(await ana.draft.inputValue(), '');
  assert.ok((await ana.texts()).every((text) => !/^\/help!?$/.test(text)));
});

test('a password that was typed before commands are understood is hidden as soon as they are, and not kept', async (context) => {
  const [ana] = await scene(context, { server, browser }, 1);
  const { page } = ana;
  const held = [];
  await page.route('**/command-line.js', (route) => held.push(route));
  await page.addInitScript(() => (globalThis.requestIdleCallback = () => 0));
  await page.reload();
  await ana.isIn();
  await ana.draft.pressSequentially('/login somebody secr');
  await until(async () => held.length > 0);
  for (const route of held.splice(0)) await route.continue();
  const secret = page.getByLabel('Password');
  await secret.waitFor();
  assert.equal(await secret.inputValue(), 'secr');
  assert.ok(!(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).includes('secr'));
});
