/** @typedef {'list' | 'channel'} View */

/** Where there is room for one of the two. The same width stands in the styles. */
const narrow = matchMedia('(width < 44rem)');

/**
 * What a narrow screen shows: the open channel, at first, or the list of all. The browser's own way back leads from a channel to
 * the list that it was chosen from.
 */
export class NarrowView {
  #owner;

  /** @param {HTMLElement} owner Is told by data-view. */
  constructor(owner) {
    this.#owner = owner;
    this.#show('channel');
    addEventListener('popstate', ({ state }) => this.#show(state?.view ?? 'channel'));
  }

  toList() {
    if (history.state?.view === 'channel') return history.back();
    this.#show('list');
    history.replaceState({ view: 'list' }, '');
  }

  toChannel() {
    if (narrow.matches && this.#owner.dataset['view'] === 'list') history.pushState({ view: 'channel' }, '');
    this.#show('channel');
  }

  /** @param {View} view */
  #show(view) {
    this.#owner.dataset['view'] = view;
  }
}
