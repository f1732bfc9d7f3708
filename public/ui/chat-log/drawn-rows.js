/**
 * The rows of a list that are in the document.
 *
 * @template {{ key: string }} Row
 */
export class DrawnRows {
  /** @type {Map<string, HTMLElement>} */
  nodes = new Map();
  #scroller;
  #list;
  #draw;
  #sizes;

  /**
   * @param {HTMLElement} scroller Gets the focus of a row that is drawn no longer.
   * @param {HTMLElement} list
   * @param {(row: Row, old: HTMLElement | undefined) => HTMLElement} draw Answers `old` where it still holds.
   * @param {ResizeObserver} sizes Watches them.
   */
  constructor(scroller, list, draw, sizes) {
    this.#scroller = scroller;
    this.#list = list;
    this.#draw = draw;
    this.#sizes = sizes;
  }

  /** @param {string} key */
  node(key) {
    return this.nodes.get(key);
  }

  /**
   * Makes the document hold these rows, keeping those that it has. The focus stays with whatever had it.
   *
   * @param {Row[]} rows
   * @param {string} [apart] Which of them is not beside its neighbours.
   */
  become(rows, apart) {
    const focused = document.activeElement;
    const keys = new Set(rows.map(({ key }) => key));
    for (const [key, node] of this.nodes) if (!keys.has(key)) this.#remove(key, node);
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      const old = this.nodes.get(row.key);
      const node = this.#draw(row, old);
      if (node !== old) {
        if (old && next === old) next = old.nextElementSibling;
        if (old) this.#remove(row.key, old);
        node.dataset['key'] = row.key;
        this.nodes.set(row.key, node);
        this.#sizes.observe(node);
      }
      node.classList.toggle('apart', row.key === apart);
      if (node === next) next = node.nextElementSibling;
      else this.#list.insertBefore(node, next);
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement) this.#heir(focused).focus({ preventScroll: true });
  }

  /**
   * Who gets the focus of what was drawn anew or is drawn no longer.
   *
   * @param {HTMLElement} focused
   * @returns {HTMLElement}
   */
  #heir(focused) {
    if (focused.isConnected) return focused;
    const key = /** @type {HTMLElement | null} */ (focused.closest('[data-key]'))?.dataset['key'];
    const row = key === undefined ? undefined : this.nodes.get(key);
    const { part } = focused.dataset;
    return (part && row?.querySelector(`[data-part="${CSS.escape(part)}"]`)) || row || this.#scroller;
  }

  /**
   * @param {string} key
   * @param {HTMLElement} node
   */
  #remove(key, node) {
    this.#sizes.unobserve(node);
    this.nodes.delete(key);
    node.remove();
  }
}
