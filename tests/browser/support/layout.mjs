import assert from 'node:assert/strict';

/** The narrowest window that everything works in. */
const NARROW = { width: 360, height: 740 };
/** The size of letters, in pixels: what browsers begin with, and what a reader may choose who sees badly (WCAG 2.2, 1.4.4). */
const LETTERS = { usual: 16, large: 32 };

/** Has the page laid out in a narrow window, with large letters, and with both; and leaves it as it was. */
export async function fits(page, view) {
  const before = page.viewportSize();
  const browser = await page.context().newCDPSession(page);
  const choose = (standard) => browser.send('Page.setFontSizes', { fontSizes: { standard } });
  const faults = {};
  const look = async (how) => {
    const found = await page.evaluate(misplaced);
    if (found.length > 0) faults[how] = found;
  };
  await page.setViewportSize(NARROW);
  await look('narrow');
  await choose(LETTERS.large);
  await look('narrow and large');
  await page.setViewportSize(before);
  await look('large');
  await choose(LETTERS.usual);
  await browser.detach();
  assert.deepEqual(faults, {}, view);
}

/** Runs in the page: what makes it too wide, and what can be clicked and not be brought into view. */
async function misplaced() {
  const { documentElement: root } = document;
  dispatchEvent(new Event('resize'));
  for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
  const found = [];
  if (root.scrollWidth > root.clientWidth) found.push(`the page is too wide by ${root.scrollWidth - root.clientWidth}`);
  const least = 8;
  const scrolls = getComputedStyle(document.body).overflowY !== 'hidden';
  const modal = [...document.querySelectorAll('dialog:modal')].at(-1) ?? root;
  for (const node of modal.querySelectorAll('a[href], button, input, select, textarea, summary, [role="option"]')) {
    if (!node.checkVisibility({ visibilityProperty: true }) || node.closest('[inert]')) continue;
    let { left, right, top, bottom } = node.getBoundingClientRect();
    if (right - left <= 1 || bottom - top <= 1) continue;
    let isCut = false;
    for (let around = node; around; around = around.parentElement) {
      const { overflowX, overflowY, position } = getComputedStyle(around);
      const edge = around.getBoundingClientRect();
      if (around !== node && around !== document.body && around !== root) {
        // What scrolls brings it into view; what does not cuts it off.
        const within = (start, end, from, to, overflow) => {
          if (overflow === 'visible') return [start, end];
          const kept = [Math.min(Math.max(start, from), to), Math.max(Math.min(end, to), from)];
          if (!/auto|scroll/.test(overflow)) isCut ||= kept[1] - kept[0] < Math.min(least, end - start);
          return kept;
        };
        [left, right] = within(left, right, edge.left, edge.right, overflowX);
        [top, bottom] = within(top, bottom, edge.top, edge.bottom, overflowY);
      }
      if (position === 'fixed' || around.matches(':popover-open, :modal')) break;
    }
    const isOutside = left < -1 || right > innerWidth + 1 || (!scrolls && (top < -1 || bottom > innerHeight + 1));
    const name = node.getAttribute('aria-label') ?? (node.textContent || node.getAttribute('name') || node.className);
    if (isCut || isOutside) found.push(`${name.trim().slice(0, 40)}: ${[left, top, right, bottom].map(Math.round)}${isCut ? ', cut off' : ''}`);
  }
  return found;
}

/** Runs in the page: what moves, or would if it changed, for longer than a blink. */
export function moving() {
  const blink = 50;
  const isSlow = (times) => times.split(', ').some((time) => parseFloat(time) * (time.endsWith('ms') ? 1 : 1_000) > blink);
  const moves = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().activeDuration > blink);
  const would = [...document.querySelectorAll('*')].filter((node) =>
    [null, '::before', '::after'].some((pseudo) => {
      const { animationName, animationDuration, transitionDuration } = getComputedStyle(node, pseudo);
      return isSlow(transitionDuration) || (animationName !== 'none' && isSlow(animationDuration));
    }),
  );
  const nodes = new Set([...moves.map(({ effect }) => effect.target), ...would]);
  return [...nodes].map((node) => `${node.localName} ${node.className}`);
}
