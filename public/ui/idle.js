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

/** What only a visitor does. */
const SIGNS = ['pointermove', 'pointerdown', 'touchstart', 'keydown', 'input', 'focusin'];

/** Waits until somebody is seen to use the page, from now on: what nobody looks at need not fetch more. */
export async function firstSign() {
  const seen = new AbortController();
  await new Promise((resolve) => {
    for (const sign of SIGNS) addEventListener(sign, resolve, { capture: true, passive: true, signal: seen.signal });
  });
  seen.abort();
}
