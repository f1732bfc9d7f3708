import { arrange } from '../../state/call-layout.js';
import { leading, tilesOf } from '../../state/call-tiles.js';
import { callIcon } from '../call-icons.js';
import { CallTile } from '../call-tile/call-tile.js';
import { element, painter, reconcile } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';

/** @typedef {import('../../state/call.js').Call<MediaStreamTrack>} Call */
/** @typedef {import('../../state/call-tiles.js').Tile} Tile */

lateStyle('call-stage.css', import.meta.url);

/** Everybody in a call, as large as there is room for. */
export class CallStage extends HTMLElement {
  /** @type {import('../../state/call-tiles.js').View} */
  #view = 'grid';
  /** @type {string | undefined} */
  #pinned;
  #page = 0;
  #call;
  #tiles = element('div', { class: 'tiles', role: 'group', 'aria-label': 'Participants' });
  #back = element('button', { class: 'turn icon-button', type: 'button', 'aria-label': 'Fewer', onclick: () => this.#turn(-1) }, icon('back'));
  #forth = element('button', { class: 'turn forth icon-button', type: 'button', 'aria-label': 'More people', onclick: () => this.#turn(1) }, callIcon('next'));
  #resized = new ResizeObserver(() => this.#paint());
  #paintSoon = painter(() => this.#paint());

  /** @param {Call} call */
  constructor(call) {
    super();
    this.#call = call;
  }

  connectedCallback() {
    if (!this.firstChild) {
      this.append(this.#tiles, this.#back, this.#forth);
      this.#call.on('change', this.#paintSoon);
      this.#call.on('reaction', ({ participant, reaction }) => this.#tile(`${participant}/camera`)?.react(reaction));
    }
    this.#resized.observe(this.#tiles);
    this.#paint();
  }

  disconnectedCallback() {
    this.#resized.disconnect();
    for (const tile of this.#tiles.children) if (tile instanceof CallTile) tile.release();
  }

  get view() {
    return this.#view;
  }

  set view(view) {
    this.#view = view;
    this.#pinned = undefined;
    this.#page = 0;
    this.#paint();
  }

  #paint() {
    const call = this.#call;
    if (!this.isConnected || call.ending !== undefined) return;
    const tiles = tilesOf(call.people);
    if (!tiles.some(({ key }) => key === this.#pinned)) this.#pinned = undefined;
    const large = leading(tiles, { view: this.#view, pinned: this.#pinned, active: call.roster.active });
    const own = tiles.find(({ person, source }) => person.own && source === 'camera')?.key;
    const { clientWidth: width, clientHeight: height } = this.#tiles;
    const { spots, pages, floating } = arrange({ keys: tiles.map(({ key }) => key), own, leading: large, page: this.#page }, { width, height });
    this.#page = Math.min(this.#page, pages - 1);
    this.#back.hidden = this.#page === 0;
    this.#forth.hidden = this.#page >= pages - 1;

    const troubled = call.standing !== 'on' && call.standing !== 'joining';
    for (const child of this.#tiles.children) if (child instanceof CallTile && !tiles.some(({ key }) => key === child.dataset['key'])) child.release();
    reconcile(this.#tiles, tiles, ({ key }) => key, (tile, old) => {
      const node = old instanceof CallTile ? old : new CallTile(() => this.#pin(tile.key));
      const { participant } = tile.person;
      const track = tile.person.own ? call.own(tile.source) : call.media.trackOf(participant, tile.source);
      node.show(tile, { track, pinned: tile.key === this.#pinned, troubled: troubled && !call.media.carries(participant) });
      const spot = spots.get(tile.key);
      this.#place(node, spot, tile.key === floating);
      if (!tile.person.own) call.subscriptions.show(participant, tile.source, spot ? spot.height * devicePixelRatio : 0);
      return node;
    });
  }

  /**
   * @param {CallTile} node
   * @param {import('../../state/call-layout.js').Spot | undefined} spot
   * @param {boolean} floats
   */
  #place(node, spot, floats) {
    node.hidden = spot === undefined;
    node.classList.toggle('floating', floats);
    for (const [name, value] of Object.entries(spot ?? {})) node.style.setProperty(name, `${value}px`);
  }

  /** @param {string} key */
  #pin(key) {
    this.#pinned = this.#pinned === key ? undefined : key;
    this.#page = 0;
    this.#paint();
  }

  /** @param {number} by */
  #turn(by) {
    this.#page += by;
    this.#paint();
    // The button that was pressed may be gone.
    if (this.#back.hidden && by < 0) this.#forth.focus();
    if (this.#forth.hidden && by > 0) this.#back.focus();
  }

  /** @param {string} key */
  #tile(key) {
    const tile = [...this.#tiles.children].find((child) => child instanceof CallTile && child.dataset['key'] === key);
    return tile instanceof CallTile ? tile : undefined;
  }
}

customElements.define('call-stage', CallStage);
