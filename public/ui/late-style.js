/** @type {Promise<unknown>[]} */
const coming = [];

/**
 * Fetches the style of an element whose program came later, too.
 *
 * @param {string} name Beside the module.
 * @param {string} module Its address.
 */
export function lateStyle(name, module) {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL(name, module).href;
  coming.push(new Promise((resolve) => Object.assign(link, { onload: resolve, onerror: resolve })));
  document.head.append(link);
}

/** All that can be had are there: nothing is shown before its style. */
export async function stylesAreThere() {
  await Promise.all(coming);
}
