import { PATIENCE } from './browser.mjs';

/**
 * A demo page in a profile of its own.
 *
 * @param {{ url: string }} node Where it is from.
 * @param {() => void} [prepare] Runs in the page before everything else.
 */
export async function open(context, browser, node, address, prepare = () => {}) {
  const profile = await browser.newContext({ viewport: { width: 900, height: 800 }, locale: 'en-GB' });
  context.after(() => profile.close());
  const page = await profile.newPage();
  page.setDefaultTimeout(PATIENCE);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/WebSocket|net::ERR_/.test(message.text()) && faults.push(message.text()));
  await page.addInitScript(prepare);
  await page.goto(new URL(address, node.url).href);
  return { page, faults };
}
