// Rooms with a page of their own, over two nodes: made, found, entered by password, counted; and a call behind each door.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Room } from '../../public/protocol/rooms.js';
import { examine } from './support/axe.mjs';
import { launch } from './support/browser.mjs';
import { CALL_FLAGS, CallCluster, Caller, together } from './support/call.mjs';
import { until } from './support/cluster.mjs';

let browser;
let cluster;
let here;
let there;

before(async () => {
  [browser, cluster] = await Promise.all([launch(...CALL_FLAGS), CallCluster.start({ media: 1, more: { RATE_SIGNIN_FAILURES: '3/20s' } })]);
  [here, there] = cluster.chat.map(({ url }) => url.slice(0, -1));
});
after(() => Promise.all([browser?.close(), cluster?.stop()]));

/** A room as a node lists it. */
const listed = async (node, slug) => (await Room.list(node)).find(({ room_id: id }) => id === slug);
const password = (page) => page.getByLabel('Password of this room');
const says = (page, words) => page.locator('room-door', { hasText: words }).waitFor();

/** A page of somebody's own, which speaks the protocol and says nothing of a name. */
async function stranger(context) {
  const profile = await browser.newContext();
  context.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(`${there}/demo/mesh/`);
  await page.evaluate(async () => {
    const { Room: Client } = await import('/protocol/rooms.js');
    globalThis.room = await Client.enter(location.origin, 'the-rialto', 'gondola');
    globalThis.room.on('people', (guests) => (globalThis.people = guests.map(({ username }) => username).sort()));
    globalThis.room.connect();
  });
  return page;
}

/** Says a password at the door, and waits for the answer. */
async function knock(page, secret, answer) {
  await password(page).fill(secret);
  await page.keyboard.press('Enter');
  await page.locator('room-door .error', { hasText: answer }).waitFor();
}

test('a room with a password by link: the wrong one is told, the right one leads into the call', async (context) => {
  await Room.make(there, { name: 'Taken' });
  const ana = await Caller.open(context, browser, here);
  await ana.button('Rooms').click();
  await ana.page.getByRole('menuitem', { name: 'Rooms for everybody' }).click();
  await ana.page.getByText('There is no room for everybody at present.').waitFor();
  await ana.button('New room').click();
  const form = ana.page.getByRole('dialog', { name: 'New room' });
  await form.getByLabel('Name').fill('Taken');
  await form.getByLabel('Password').fill('gondola');
  await form.getByLabel('Guests at most').fill('3');
  await form.getByRole('switch', { name: 'On the list of rooms' }).check();
  await ana.button('Make the room').click();
  await form.getByRole('alert').filter({ hasText: 'There is a room with this name already.' }).waitFor();
  await examine(ana, 'a new room');
  await form.getByLabel('Name').fill('The Rialto');
  await ana.button('Make the room').click();
  await ana.page.waitForURL(`${here}/room/the-rialto`);
  await ana.join();

  // At the other node, with a link.
  const ben = await Caller.open(context, browser, `${there}/room/the-rialto`);
  await says(ben.page, 'Protected by a password');
  await examine(ben, 'the door');
  await knock(ben.page, 'vaporetto', 'That is not the password.');
  assert.deepEqual(await password(ben.page).evaluate((input) => [document.activeElement === input, input.value.slice(input.selectionStart, input.selectionEnd)]), [true, 'vaporetto']);
  await examine(ben, 'the door after a wrong password');
  await password(ben.page).fill('gondola');
  await ben.button('Come in').click();
  await ben.page.locator('call-lobby .who', { hasText: `${ana.name} is here.` }).waitFor();
  await ben.join();
  await together(ana, ben);

  // The list says where one is, and leads back there.
  await ana.page.getByRole('button', { name: 'Back to the channels; the call goes on' }).click();
  assert.match(await ana.page.title(), /The Rialto · Rialto$/u);
  await ana.button('Rooms').click();
  await ana.page.getByRole('menuitem', { name: 'Rooms for everybody' }).click();
  const row = ana.page.getByRole('link', { name: /The Rialto.*You are here/ });
  await row.waitFor();
  await until(async () => /Rooms for everybody · Rialto$/u.test(await ana.page.title()));
  await row.click();
  await ana.page.waitForURL(`${here}/room/the-rialto`);
  await ana.page.locator('call-room h1:focus').waitFor();
  await together(ana, ben);

  // Any client of the protocol sees them, as guests by the names that they have in the app.
  const tom = await stranger(context);
  const sees = (...names) => tom.waitForFunction((wanted) => globalThis.people?.join() === wanted, ['Major Tom', ...names].sort().join());
  await sees(ana.name, ben.name);
  for (const node of [here, there]) assert.deepEqual((({ guests, guest_limit: limit }) => ({ guests, limit }))(await listed(node, 'the-rialto')), { guests: 3, limit: 3 });

  // As many as it takes.
  const cem = await Caller.open(context, browser, `${here}/public`);
  await cem.page.getByRole('link', { name: /The Rialto.*Full: 3 of 3 guests/ }).waitFor();
  await examine(cem, 'the rooms');
  const full = await cem.page.goto(`${there}/room/the-rialto`);
  assert.equal(full.status(), 418);
  await says(cem.page, 'This room is full.');
  await examine(cem, 'a full room');

  // No link leads past the door.
  await cem.page.goto(`${here}/#room=the-rialto`);
  await cem.page.waitForURL(`${here}/room/the-rialto`);
  await says(cem.page, 'This room is full.');

  // Who leaves the call leaves the room, and so does who closes the window.
  await ana.button('Leave').click();
  await ana.page.waitForURL(`${here}/`);
  await sees(ben.name);
  await ben.page.reload();
  await ben.join();
  await sees(ben.name);
  await ben.page.close();
  await sees();
  await tom.evaluate(() => globalThis.room.leave());
  await until(async () => (await listed(here, 'the-rialto')).guests === 0);
  assert.equal((await cem.page.goto(`${there}/room/nowhere`)).status(), 404);
  await says(cem.page, 'There is no such room.');
  for (const caller of [ana, ben, cem]) caller.fine();
});

test('a form without a script makes a room; wrong passwords are slowed down', async (context) => {
  const dan = await Caller.open(context, browser, here);
  await dan.page.evaluate(() => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: '/room' });
    for (const [name, value] of Object.entries({ room_name: 'Plain form', password: 'gondola', public: 'No' })) form.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(form);
    form.submit();
  });
  await dan.page.waitForURL(`${here}/room/plain-form`);
  await dan.page.locator('call-lobby h1', { hasText: 'Plain form' }).waitFor();
  assert.deepEqual((await dan.context.cookies()).map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })), [{ name: 'room-plain-form', httpOnly: true, sameSite: 'Lax' }]);

  const eve = await Caller.open(context, browser, `${there}/room/plain-form`);
  for (const guess of ['one', 'two', 'three']) await knock(eve.page, guess, 'That is not the password.');
  await knock(eve.page, 'gondola', 'Too many attempts from this address.');
  await eve.page.getByRole('timer').filter({ hasText: /^Try again in \d+ s\.$/ }).waitFor();
  assert.equal(await eve.button('Come in').isDisabled(), true);
  await password(eve.page).press('Enter');
  await examine(eve, 'the door for who has to wait');
  await until(() => eve.button('Come in').isEnabled(), 60_000);
  await eve.button('Come in').click();
  await eve.page.locator('call-lobby .who', { hasText: `${dan.name} is here.` }).waitFor();
  for (const caller of [dan, eve]) caller.fine();
});

// A node that dies keeps its guests' places until it is known to be dead: they come back into the room, and then into its call.
test('who loses the node is back in the room and in its call, also where there is no place to spare', async (context) => {
  await Room.make(there, { name: 'Two', guestLimit: 2 });
  const [fay, gus] = await Promise.all([here, there].map((node) => Caller.open(context, browser, `${node}/room/two`)));
  await Promise.all([fay.join(), gus.join()]);
  await together(fay, gus);
  await cluster.chat[0].kill();
  await gus.count(1);
  await cluster.chat[0].restart();
  await until(async () => (await fetch(new URL('readyz', cluster.chat[0].url))).ok);
  // She would wait longer and longer between two attempts.
  await fay.page.evaluate(() => dispatchEvent(new Event('online')));
  await together(fay, gus);
  assert.equal(await Room.look(there, 'two').catch(({ status }) => status), 418, 'they are in, and nobody else can be');
  for (const caller of [fay, gus]) caller.fine();
});
