/**
 * Tells which message the reader points at: with the mouse by being over it, with the keys by the focus, with a finger by a tap.
 * A finger that scrolls or is held down to select text points at nothing.
 *
 * @param {HTMLElement} log
 * @param {object} tools Shown for one message at a time.
 * @param {() => string | undefined} tools.key Whose they are now.
 * @param {() => boolean} tools.busy They are not to be taken elsewhere.
 * @param {(key: string | undefined) => void} tools.show
 */
export function watchPointing(log, { key, busy, show }) {
  /** Whose the tools were when the finger came down. @type {string | undefined} */
  let before;
  log.addEventListener('focusin', ({ target }) => {
    const pointed = messageAt(target);
    if (pointed !== undefined) show(pointed);
  });
  log.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !log.parentElement?.contains(relatedTarget)) show(undefined);
  });
  log.addEventListener('pointerover', ({ target, pointerType }) => {
    const pointed = messageAt(target);
    if (pointerType === 'mouse' && pointed !== undefined && !busy()) show(pointed);
  });
  log.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'mouse' && !busy() && show(undefined));
  log.addEventListener('pointerdown', () => (before = key()));
  log.addEventListener('click', (event) => {
    if (!(event instanceof PointerEvent) || event.pointerType === 'mouse' || event.pointerType === '') return;
    if (!(event.target instanceof Element) || event.target.closest('a, button, textarea') || selects()) return;
    const tapped = messageAt(event.target);
    show(tapped === before ? undefined : tapped);
  });
}

/** @param {EventTarget | null} target */
function messageAt(target) {
  const item = target instanceof Element ? target.closest('li.message') : null;
  return item instanceof HTMLElement ? item.dataset['key'] : undefined;
}

function selects() {
  return document.getSelection()?.isCollapsed === false;
}
