// Pictures of the page's main views, made on a real server with a conversation in it: `npm run screenshots`.
// They are written to docs/screenshots/; names that are given choose some: `npm run screenshots -- general people`. Those that
// README.md shows are written once more, small, to be committed.
import { mkdir, writeFile } from 'node:fs/promises';

import { launch } from '../tests/browser/support/browser.mjs';
import { CALL_FLAGS } from '../tests/browser/support/call.mjs';
import { Server } from '../tests/browser/support/server.mjs';
import { Stage } from './screenshots/stage.mjs';
import { VIEWS } from './screenshots/views.mjs';

const SIZES = { wide: { width: 1440, height: 900 }, middle: { width: 768, height: 1024 }, phone: { width: 390, height: 844 } };
const SHOWN = ['general-wide-light', 'direct-wide-dark', 'call-wide-light'];
const TO = new URL('../docs/screenshots/', import.meta.url).pathname;

const chosen = process.argv.slice(2);
const [browser, server] = await Promise.all([launch(...CALL_FLAGS), Server.start()]);
try {
  await mkdir(TO, { recursive: true });
  const stage = await Stage.set(browser, server);
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark']) {
      const window = await stage.window({ viewport, colorScheme, touch: size === 'phone' });
      for (const [view, show] of Object.entries(VIEWS)) {
        if (chosen.length > 0 && !chosen.includes(view)) continue;
        const undo = await show(window, { stage, size });
        if (undo === false) continue;
        await window.page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
        const name = `${view}-${size}-${colorScheme}`;
        await window.page.screenshot({ path: `${TO}${name}.png` });
        if (SHOWN.includes(name)) await writeFile(`${TO}${name}.webp`, await small(window));
        await undo?.();
      }
      await window.context.close();
    }
  }
} finally {
  await browser.close();
  await server.stop();
}

/** @returns {Promise<Buffer>} */
async function small({ context, page }) {
  const browser = await context.newCDPSession(page);
  const { data } = await browser.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
  return Buffer.from(data, 'base64');
}
