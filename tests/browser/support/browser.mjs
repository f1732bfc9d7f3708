import { chromium } from 'playwright-core';

/**
 * What the driver turns off, since only the last such list counts; and what the address bar keeps ready in each window, which is two
 * pages of its own and half of what a window costs.
 */
const WITHOUT = [
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'WebUIOmniboxPopup',
];

const ARGUMENTS = [
  '--no-sandbox',
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${WITHOUT.join(',')}`,
];

/** How long anything may take, in milliseconds. It costs nothing where it is not needed, and a busy machine needs it. */
export const PATIENCE = 60_000;

/** @param {string[]} more Arguments that one scenario needs. */
export function launch(...more) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...ARGUMENTS, ...more], timeout: 120_000 });
}

/** Lets the page hear nothing any more on the connection on which it first says a word of this kind. */
export async function deafen(page, word) {
  let deaf;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const upstream = socket.connectToServer();
    socket.onMessage((data) => {
      if (data.includes(word)) deaf ??= socket;
      upstream.send(data);
    });
    upstream.onMessage((data) => deaf === socket || socket.send(data));
  });
}

/** A window with a profile of its own, so with a user of its own, and what can be seen and done in it. */
export class Window {
  /** What went wrong in the page, a connection that could not be made apart. */
  faults = [];

  /** @param {import('playwright-core').BrowserContextOptions} [device] What is different from a desk. */
  static async open(browser, url, device = {}) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, locale: 'en-GB', ...device });
    return Window.#in(context, url);
  }

  /**
   * Another window of the same profile.
   *
   * @param {string} url
   * @param {(page: import('playwright-core').Page) => Promise<unknown>} [prepare] Before anything is loaded.
   */
  tab(url = this.page.url(), prepare) {
    return Window.#in(this.context, url, prepare);
  }

  static async #in(context, url, prepare) {
    const window = new Window();
    window.context = context;
    window.page = await context.newPage();
    await prepare?.(window.page);
    window.page.setDefaultTimeout(PATIENCE);
    window.page.on('pageerror', (error) => window.faults.push(String(error)));
    window.page.on('console', (message) => {
      // Tests stop servers: that nothing is to be had then is no fault of the page.
      const outage = /WebSocket connection|net::ERR_|status of 50[234]/.test(message.text());
      if (message.type() === 'error' && !outage) window.faults.push(message.text());
    });
    await window.page.goto(url);
    await window.isIn();
    return window;
  }

  /** Of two windows of one profile the browser draws the front one at once, the other about once a second. */
  toFront() {
    return this.page.bringToFront();
  }

  /** Waits until somebody is signed in and the open channel is there. */
  async isIn() {
    // On a narrow screen it is there and not seen.
    await this.page.waitForSelector('.account .dot.online', { state: 'attached' });
    await this.page.waitForSelector('.log[aria-busy="false"]');
  }

  /** The user's own name. */
  name() {
    return this.page.locator('.account .name').innerText();
  }

  async say(text) {
    await this.page.locator('textarea').fill(text);
    await this.page.locator('textarea').press('Enter');
  }

  /** Waits until the open channel holds exactly these messages, all of them acknowledged. */
  async shows(texts) {
    await this.page.waitForFunction(
      (wanted) => {
        const bubbles = [...document.querySelectorAll('.message:not(.pending) .bubble')].map((bubble) => bubble.textContent);
        return document.querySelector('.message.pending') === null && JSON.stringify(bubbles) === JSON.stringify(wanted);
      },
      texts,
    ).catch(async (error) => {
      throw new Error(`wanted ${JSON.stringify(texts)}, but there is ${JSON.stringify(await this.texts())}`, { cause: error });
    });
  }

  /** The messages in the open channel, those on their way included. */
  texts() {
    return this.page.locator('.bubble').allTextContents();
  }

  /** The line of the channel list with this name. */
  line(name) {
    return this.page.locator('nav li', { has: this.page.locator('.name', { hasText: name }) });
  }

  /** Opens the direct channel with somebody by way of the list of people. */
  async writeTo(name) {
    await this.page.getByRole('button', { name: 'New direct message' }).click();
    await this.page.getByRole('searchbox', { name: 'Find somebody' }).fill(name);
    await this.page.locator('people-dialog li button', { hasText: name }).click();
    await this.page.locator('h1', { hasText: name }).waitFor();
    await this.page.waitForSelector('.log[aria-busy="false"]');
  }

  /** What is being written. */
  get draft() {
    return this.page.locator('textarea');
  }

  /** What stands in the way of what is written, if anything does. */
  banner() {
    return this.page.locator('connection-banner');
  }
}

/** Some windows for one scenario: on one server, or on the nodes of a cluster by turns. */
export async function scene(test, { browser, server, cluster }, count) {
  const nodes = cluster?.nodes ?? [server];
  const windows = [];
  for (let opened = 0; opened < count; opened += 1) windows.push(await Window.open(browser, nodes[opened % nodes.length].url));
  test.after(() => Promise.all(windows.map((window) => window.context.close())));
  return windows;
}
