import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { fits, moving } from './layout.mjs';

const axe = await readFile(new URL('../../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** What is looked at in each theme; only colours depend on it. */
const THEMES = { light: {}, dark: { runOnly: ['color-contrast', 'link-in-text-block'] } };

/** Has the page examined: in both themes, in narrow windows, with large letters, and for who wants nothing to move. */
export async function examine({ page }, view) {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe);
  for (const [colorScheme, options] of Object.entries(THEMES)) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await page.evaluate((chosen) => globalThis.axe.run(chosen), options);
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
    assert.deepEqual(found, [], `${view}, ${colorScheme}`);
  }
  assert.deepEqual(await page.evaluate(moving), [], `${view} moves`);
  await fits(page, view);
}
