/**
 * An element with attributes, listeners (`onclick: …`) and children. Texts become text, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | undefined | ((event: any) => void)>} [properties]
 * @param {(Node | string | undefined)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/**
 * Makes a parent's children the drawings of these items, in this order, keeping those that it has. Focus stays where it is.
 *
 * @template Item
 * @param {Element} parent
 * @param {Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item, old: HTMLElement | undefined) => HTMLElement} draw Answers `old`, brought up to date, or another.
 */
export function reconcile(parent, items, keyOf, draw) {
  const focused = document.activeElement;
  const keys = new Set(items.map(keyOf));
  /** @type {Map<string, HTMLElement>} */
  const present = new Map();
  for (const child of [...parent.children]) {
    const key = child instanceof HTMLElement ? child.dataset['key'] : undefined;
    if (key !== undefined && keys.has(key)) present.set(key, /** @type {HTMLElement} */ (child));
    else child.remove();
  }

  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const old = present.get(key);
    const node = draw(item, old);
    node.dataset['key'] = key;
    if (old && old !== node) {
      if (next === old) next = node;
      old.replaceWith(node);
    }
    if (node === next) next = node.nextElementSibling;
    else parent.insertBefore(node, next);
  }
  if (focused instanceof HTMLElement && parent.contains(focused) && document.activeElement !== focused) focused.focus();
}

/**
 * Gathers many wishes to paint into one. A page in the background has no frames, but still a title.
 *
 * @param {() => void} paint
 */
export function painter(paint) {
  let wanted = false;
  const run = () => {
    if (!wanted) return;
    wanted = false;
    paint();
  };
  return () => {
    if (wanted) return;
    wanted = true;
    if (document.hidden) setTimeout(run, 50);
    else requestAnimationFrame(run);
  };
}

/**
 * One Tab stop for a list of buttons; arrow keys move inside it.
 *
 * @param {HTMLElement} list
 * @param {string} selector
 */
export function rove(list, selector) {
  const stops = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(selector)]);
  list.addEventListener('keydown', (event) => {
    const all = stops();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, to))]?.focus();
  });
  list.addEventListener('focusin', ({ target }) => {
    for (const stop of stops()) stop.tabIndex = stop === target ? 0 : -1;
  });
}
