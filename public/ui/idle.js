/** Where the browser cannot tell, in milliseconds. */
const SOON = 500;

/**
 * Does something when there is nothing better to do.
 *
 * @param {() => void} act
 */
export function whenIdle(act) {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(act);
  else setTimeout(act, SOON);
}
