import { element } from '../dom.js';

/** The browser reads it at leisure, in milliseconds. */
const KEPT = 60_000;

/**
 * Has the browser save this as a file.
 *
 * @param {string} name
 * @param {unknown} content
 */
export function saveAs(name, content) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }));
  element('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
}
