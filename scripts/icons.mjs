// Draws the app's icons from public/favicon.svg: `npm run icons`. What it writes is committed.
import { readFile, writeFile } from 'node:fs/promises';

import { launch } from '../tests/browser/support/browser.mjs';

const PUBLIC = new URL('../public/', import.meta.url);
const GROUND = '#0b6e75';

/** `bare`: without ground of its own, the shape that is seen is the system's; `scale`: how much of it the picture fills. */
const ICONS = [
  { file: 'icons/icon-192.png', size: 192 },
  { file: 'icons/icon-512.png', size: 512 },
  { file: 'icons/maskable-512.png', size: 512, bare: true, scale: 0.8 },
  { file: 'icons/apple-touch-icon.png', size: 180, bare: true, scale: 0.9 },
];

const picture = `data:image/svg+xml;base64,${(await readFile(new URL('favicon.svg', PUBLIC))).toString('base64')}`;
const browser = await launch();
try {
  const page = await browser.newPage();
  for (const { file, size, bare = false, scale = 1 } of ICONS) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>
      html { background: ${bare ? GROUND : 'transparent'} }
      body { display: grid; place-items: center; height: 100vh; margin: 0 }
      img { width: ${100 * scale}% }
    </style><img src="${picture}">`);
    await page.evaluate(() => document.querySelector('img').decode());
    await writeFile(new URL(file, PUBLIC), await page.screenshot({ omitBackground: !bare }));
  }
} finally {
  await browser.close();
}
