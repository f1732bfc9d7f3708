import { DrawnRows } from './drawn-rows.js';
import { Geometry } from './geometry.js';

/**
 * What stays where it is on the screen while things change around it: a row, and how far its top is below the view's.
 *
 * @typedef {{ key: string, top: number }} Anchor
 */

/** This close to the end, in pixels, counts as at the end. */
const NEAR_END = 64;
/** Rows are drawn for at least so far beyond the view, in pixels. */
const REACH = 600;
/** Of what nobody sees yet, at most so many rows are drawn at once. */
const STEP = 12;
/** While text is selected, rows stay for it up to this many. */
const KEPT = 300;
/** Kinds of rows that can be held on to: days and dividers come and go. */
const STAYS = new Set(['message', 'pending']);
/** For so long a run of the view that was cut short may go on, in milliseconds. */
const HELD = 500;
/** Scrolling that pauses for so long has ended, in milliseconds. */
const SETTLED = 150;

/**
 * A long list of which only the rows near the view are in the document. Nothing that is drawn, measured or put in moves what is
 * being read: either the end is held in view or the first visible row where it is.
 *
 * @template {{ key: string, kind: string }} Row
 */
export class VirtualList {
  #scroller;
  #list;
  #drawn;
  #scrolled;
  #held;
  #geometry = new Geometry();
  /** @type {Row[]} */
  #rows = [];
  #from = 0;
  #to = 0;
  /** The row that is drawn though it is not among its neighbours, or -1. */
  #apart = -1;
  /** Nothing where the end is held in view. @type {Anchor | undefined} */
  #anchor;
  /** What the whole list is too low by. A correction while the view moves goes here, since moving it as well would stop its run. */
  #shift = 0;
  #top = 0;
  #height = 0;
  #width = 0;
  #movedAt = -Infinity;
  #wentAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;
  #frame = 0;
  #sizes = new ResizeObserver((entries) => this.#resized(entries));
  /** Whether the last row is the end of everything, where the view may stay when more comes. */
  follows = true;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} list Within the scroller, and alone in it.
   * @param {(row: Row, old: HTMLElement | undefined) => HTMLElement} draw Answers `old` where it still holds.
   * @param {() => void} scrolled The view is elsewhere.
   * @param {() => string | undefined} held The row that somebody is busy with: it stays in the document, and in view if it is there.
   */
  constructor(scroller, list, draw, scrolled, held) {
    this.#scroller = scroller;
    this.#list = list;
    this.#drawn = new DrawnRows(scroller, list, draw, this.#sizes);
    this.#scrolled = scrolled;
    this.#held = held;
    scroller.addEventListener('scroll', () => this.#notice() && this.#moved(), { passive: true });
    const touched = () => (this.#wentAt = -Infinity);
    for (const event of ['wheel', 'pointerdown', 'touchstart', 'keydown']) scroller.addEventListener(event, touched, { capture: true, passive: true });
    this.#sizes.observe(scroller);
  }

  /**
   * @param {Row[]} rows All there are, drawn or not.
   * @param {{ anchor: Anchor | undefined }} [goal] Where to go. Otherwise nothing that is in view moves.
   */
  show(rows, goal) {
    this.#notice();
    if (goal) this.#stop();
    if (goal || (this.atEnd && !this.#moving)) this.#anchor = goal ? goal.anchor : this.#hold();
    const drawn = this.#rows.slice(this.#from, this.#to);
    this.#rows = rows;
    this.#geometry.set(rows.map(({ key }) => key));
    const still = drawn.findIndex(({ key }) => this.#geometry.indexOf(key) >= 0);
    const by = still < 0 ? 0 : this.#geometry.indexOf(drawn[still]?.key ?? '') - still - this.#from;
    this.#from = Math.max(0, Math.min(this.#from + by, rows.length));
    this.#to = Math.max(this.#from, Math.min(this.#to + by, rows.length));
    this.#render();
  }

  /** Where the reader is; nothing at the end. */
  get anchor() {
    return this.#anchor;
  }

  /** @param {Anchor | undefined} anchor The end where it is absent. */
  goTo(anchor) {
    this.show(this.#rows, { anchor });
    this.#scrolled();
  }

  get atEnd() {
    return this.follows && (this.#anchor === undefined || this.below < NEAR_END);
  }

  /** How far the view is from the first row's top and from the last one's bottom, in pixels. */
  get above() {
    return this.#top - this.#shift;
  }

  get below() {
    return this.#geometry.total + this.#shift - this.#top - this.#height;
  }

  /** The first row in view that can be held on to, and the last one. @returns {[Row | undefined, Row | undefined]} */
  get inView() {
    return [this.#rows[this.#first()], this.#rows[this.#geometry.at(this.above + this.#height - 1)]];
  }

  /** @param {string} key */
  node(key) {
    return this.#drawn.node(key);
  }

  /**
   * Brings a row into view, moving no further than needed, and answers what shows it.
   *
   * @param {string} key
   * @param {number} margin Kept free above and below.
   */
  reveal(key, margin) {
    const index = this.#geometry.indexOf(key);
    if (index < 0) return undefined;
    const [top, height] = [this.#geometry.offset(index) + this.#shift - this.#top, this.#geometry.height(index)];
    if (index === this.#rows.length - 1 && this.follows) this.goTo(undefined);
    else if (top < margin) this.goTo({ key, top: margin });
    else if (top + height > this.#height - margin) this.goTo({ key, top: Math.max(margin, this.#height - margin - height) });
    return this.#drawn.node(key);
  }

  get #moving() {
    return performance.now() - this.#movedAt < SETTLED;
  }

  /** The view is to be elsewhere at once. A run that is under way may go on for a moment, and is not to take it along. */
  #stop() {
    // Where frames are late, a scroll that is under way was noticed longer ago.
    if (performance.now() - this.#movedAt < HELD) this.#wentAt = performance.now();
    this.#movedAt = -Infinity;
  }

  #moved() {
    this.#render();
    this.#scrolled();
  }

  /** Looks where the view is. @returns {boolean} Whether the reader has moved it. */
  #notice() {
    const top = this.#scroller.scrollTop;
    // Our own corrections come back as scrolling, to the next full pixel.
    if (Math.abs(top - this.#top) < 1) return false;
    this.#top = top;
    if (performance.now() - this.#wentAt < HELD) {
      this.#place();
      return false;
    }
    this.#movedAt = performance.now();
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#settle(), SETTLED);
    this.#anchor = this.#reading();
    return true;
  }

  /** The reader has stopped at something, all of which is drawn by now. */
  #settle() {
    if (this.#notice()) return this.#moved();
    if (this.#anchor) this.#anchor = this.#reading();
    this.#render();
  }

  /** @returns {Anchor | undefined} */
  #reading() {
    // Only the very end holds the view, or nobody who moves slowly would get away from it.
    if (this.follows && (this.below < 1 || this.#cannotGoOn)) return undefined;
    // Of what is drawn, since its height is known: how far the view was moved shall not depend on a guess.
    const index = Math.max(this.#from, Math.min(this.#first(), this.#to - 1));
    const row = this.#rows[index];
    return row && { key: row.key, top: this.#geometry.offset(index) - this.above };
  }

  /** What is held, where it can be seen: the end moves on below it. @returns {Anchor | undefined} */
  #hold() {
    const key = this.#held();
    const index = key === undefined ? -1 : this.#geometry.indexOf(key);
    if (key === undefined || index < 0) return undefined;
    const top = this.#geometry.offset(index) - this.above;
    return top < this.#height && top + this.#geometry.height(index) > 0 ? { key, top } : undefined;
  }

  /** Where rows turned out lower than was guessed, the browser stops short of where the end was thought to be. */
  get #cannotGoOn() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - clientHeight - scrollTop < 1;
  }

  #first() {
    let index = this.#geometry.at(this.above);
    while (index < this.#rows.length - 1 && !STAYS.has(this.#rows[index]?.kind ?? '')) index += 1;
    return index;
  }

  /** @param {ResizeObserverEntry[]} entries */
  #resized(entries) {
    let news = false;
    for (const { target, contentRect, borderBoxSize } of entries) {
      if (target === this.#scroller) {
        this.#height = this.#scroller.clientHeight;
        if (this.#height > 0 && contentRect.width !== this.#width) this.#widened(contentRect.width);
        news = true;
      } else if (this.#height > 0 && target.isConnected && target instanceof HTMLElement) {
        news = this.#geometry.measure(target.dataset['key'] ?? '', borderBoxSize[0]?.blockSize ?? contentRect.height) || news;
      }
    }
    if (!news || this.#height === 0) return;
    this.#place();
    this.#later();
  }

  /** @param {number} width */
  #widened(width) {
    this.#width = width;
    this.#geometry.forget();
    // Not all that is drawn is reported: some of it is as large as before.
    for (const [key, node] of this.#drawn.nodes) this.#geometry.measure(key, node.getBoundingClientRect().height);
  }

  #later() {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#notice();
      this.#render();
      this.#scrolled();
    });
  }

  #render() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#height === 0) return;
    const complete = this.#window(this.#wanted() - this.#shift);
    const held = this.#geometry.indexOf(this.#held() ?? '');
    this.#apart = held >= 0 && (held < this.#from || held >= this.#to) ? held : -1;
    const [apart, rows] = [this.#rows.slice(held, held + 1), this.#rows.slice(this.#from, this.#to)];
    if (this.#apart >= 0) this.#drawn.become(held < this.#from ? [...apart, ...rows] : [...rows, ...apart], apart[0]?.key);
    else this.#drawn.become(rows);
    this.#place();
    if (!complete) this.#later();
  }

  /** Where the view has to be for the anchor to stay. */
  #wanted() {
    const { total } = this.#geometry;
    const index = this.#anchor ? this.#geometry.indexOf(this.#anchor.key) : -1;
    const end = total + this.#shift - this.#height;
    if (!this.#anchor) return Math.max(0, end);
    return Math.max(0, Math.min(end, index < 0 ? this.#top : this.#geometry.offset(index) + this.#shift - this.#anchor.top));
  }

  /**
   * Chooses the rows to draw: all in view, and those around it a few at a time.
   *
   * @param {number} top
   * @returns {boolean} Whether there are no more to draw.
   */
  #window(top) {
    const geometry = this.#geometry;
    const reach = Math.max(REACH, this.#height);
    const [first, last] = [geometry.at(top), Math.min(geometry.count, geometry.at(top + this.#height) + 1)];
    const [above, below] = [geometry.at(top - reach), Math.min(geometry.count, geometry.at(top + this.#height + reach) + 1)];
    const apart = this.#from > last || this.#to < first;
    let [from, to] = apart ? [first, last] : [this.#from, this.#to];
    if (from > above) from = Math.max(above, Math.min(from, first) - STEP);
    else if (from < geometry.at(top - 2 * reach)) from = above;
    if (to < below) to = Math.min(below, Math.max(to, last) + STEP);
    else if (to > geometry.at(top + this.#height + 2 * reach) + 1) to = below;
    if (!apart && this.#selects() && this.#to - this.#from < KEPT) [from, to] = [Math.min(from, this.#from), Math.max(to, this.#to)];
    [this.#from, this.#to] = [from, Math.min(to, geometry.count)];
    return from <= above && to >= below;
  }

  #selects() {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && this.#list.contains(selection.anchorNode);
  }

  /** Puts the drawn rows where they belong, and the view where the reader is. */
  #place() {
    const geometry = this.#geometry;
    const drift = this.#wanted() - this.#top;
    const absorbs = this.#moving && this.#anchor && this.#from > 0 && geometry.offset(this.#from) + this.#shift >= drift;
    this.#shift = absorbs ? this.#shift - drift : 0;
    const wanted = absorbs ? this.#top : this.#wanted();
    this.#list.style.setProperty('--above', `${geometry.offset(this.#from) + this.#shift}px`);
    this.#list.style.setProperty('--below', `${geometry.total - geometry.offset(this.#to)}px`);
    if (this.#apart >= 0) this.#list.style.setProperty('--apart', `${geometry.offset(this.#apart) + this.#shift}px`);
    if (Math.abs(wanted - this.#top) < 0.01) return;
    this.#scroller.scrollTop = wanted;
    this.#top = wanted;
  }
}
