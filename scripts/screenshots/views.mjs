import { GUARDED, VIEWER } from './conversation.mjs';
import { PASSWORD } from './stage.mjs';

const closeDialog = (page) => () => page.keyboard.press('Escape');

/** Leads a narrow window to the list of channels. */
async function toList(page) {
  const back = page.getByRole('button', { name: 'All channels' });
  if (await back.isVisible()) await back.click();
}

/** To the list of rooms for everybody. */
async function toRooms(page) {
  await toList(page);
  await page.getByRole('button', { name: 'Rooms', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Rooms for everybody' }).click();
  await page.getByRole('link', { name: GUARDED }).waitFor();
}

async function open(page, name) {
  await toList(page);
  await page.locator('nav li', { hasText: name }).getByRole('button').click();
  await page.locator('h1', { hasText: name }).waitFor();
  await page.waitForSelector('.log[aria-busy="false"]');
}

/**
 * The pictures, in the order in which they are taken. Each leads a window to its view and answers how to leave it; `false` where
 * this size has no such view.
 *
 * @type {Record<string, (window: any, how: any) => Promise<unknown>>}
 */
export const VIEWS = {
  // A guest's first second.
  async welcome({ page }) {
    await page.waitForSelector('.log[aria-busy="false"]');
  },
  async 'sign-in'({ page }) {
    await toList(page);
    await page.locator('.account').click();
    await page.locator('dialog[open]').waitFor();
    return closeDialog(page);
  },
  async general({ page }, { stage }) {
    if ((await page.locator('.account .name').textContent()) !== VIEWER) await enter(page);
    await open(page, 'General');
    await stage.cast.ask('Priya Raman', 'typing', { recipientUUID: '' });
    await page.locator('.typing', { hasText: 'Priya' }).waitFor();
  },
  async list({ page }, { size }) {
    if (size !== 'phone') return false;
    await toList(page);
  },
  async direct({ page }) {
    await open(page, 'Tomás Ferreira');
  },
  async people({ page }) {
    await toList(page);
    await page.getByRole('button', { name: 'New direct message' }).click();
    await page.locator('people-dialog li').first().waitFor();
    return closeDialog(page);
  },
  async account({ page }) {
    await toList(page);
    await page.locator('.account').click();
    return closeDialog(page);
  },
  async settings({ page }) {
    await toList(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    return closeDialog(page);
  },
  async help({ page }) {
    await open(page, 'General');
    await page.getByRole('button', { name: 'Commands and keys' }).click();
    await page.locator('dialog[open]').waitFor();
    return closeDialog(page);
  },
  async commands({ page }) {
    await open(page, 'General');
    await page.locator('textarea').fill('/');
    return () => page.locator('textarea').fill('');
  },
  async rooms({ page }) {
    await toRooms(page);
    return () => page.getByRole('button', { name: 'Back to the channels' }).click();
  },
  async 'new-room'({ page }) {
    await toRooms(page);
    await page.getByRole('button', { name: 'New room' }).click();
    await page.locator('dialog[open]').waitFor();
    return async () => {
      await closeDialog(page)();
      await page.getByRole('button', { name: 'Back to the channels' }).click();
    };
  },
  async door({ page }) {
    await toRooms(page);
    await page.getByRole('link', { name: GUARDED }).click();
    await page.getByLabel('Password of this room').waitFor();
    return () => page.getByRole('button', { name: 'Back to the channels' }).click();
  },
  // The rest has a call in it.
  async lobby({ page }, { stage }) {
    await open(page, 'General');
    await stage.call();
    await page.locator('channel-header .call.on').click();
    await page.waitForSelector('call-lobby.pictured');
    return () => page.getByRole('button', { name: 'Not now' }).click();
  },
  async call({ page }) {
    return enterCall(page);
  },
  async screen({ page }, { stage }) {
    const leave = await enterCall(page);
    await stage.share(true);
    await page.waitForSelector('call-tile.screen.pictured');
    await newsIsOver(page);
    return async () => {
      await stage.share(false);
      await page.waitForSelector('call-tile.screen', { state: 'detached' });
      await leave();
    };
  },
  async 'call-chat'({ page }) {
    const leave = await enterCall(page);
    await page.getByRole('button', { name: 'Chat', exact: true }).click();
    await page.waitForSelector('.log[aria-busy="false"]');
    return leave;
  },
  async offline({ page, cut }) {
    await cut();
    await page.locator('connection-banner').waitFor();
  },
};

/** Into the call of General, where others are. */
async function enterCall(page) {
  await page.locator('channel-header .call.on').click();
  await page.waitForSelector('call-lobby.pictured');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.waitForFunction((count) => document.querySelectorAll('call-tile.pictured:not([hidden])').length >= count, 3);
  await newsIsOver(page);
  return () => page.getByRole('button', { name: 'Leave', exact: true }).click();
}

const newsIsOver = (page) => page.waitForFunction(() => document.querySelector('call-room .news')?.textContent === '');

async function enter(page) {
  await toList(page);
  await page.locator('.account').click();
  const dialog = page.locator('account-dialog dialog');
  await dialog.getByRole('button', { name: 'I have an account' }).click();
  await dialog.getByLabel('Name').fill(VIEWER);
  await dialog.getByLabel('Password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('.account .name', { hasText: VIEWER }).waitFor();
  await page.waitForSelector('.account .dot.online', { state: 'attached' });
}
