import { GENERAL } from '../../protocol/types.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../state/app.js').App} App */

/** Tells a guest on the first visit what this place is and who they are in it. It goes when it is sent away, and for good. */
export class GuestGreeting extends HTMLElement {
  #app;
  #account;
  #name = element('bdi');

  /**
   * @param {App} app
   * @param {() => void} account
   */
  constructor(app, account) {
    super();
    this.#app = app;
    this.#account = account;
  }

  connectedCallback() {
    const { preferences } = this.#app;
    this.append(
      element(
        'p',
        {},
        'You are ',
        element('strong', {}, this.#name),
        ', a guest in an open chat: everybody here can read along. ',
        element('button', { class: 'link-button', type: 'button', 'aria-haspopup': 'dialog', onclick: () => this.#account() }, 'Keep this name'),
      ),
      element(
        'button',
        { class: 'icon-button', type: 'button', 'aria-label': 'Dismiss', onclick: () => preferences.set('greeted', true) },
        icon('close'),
      ),
    );
    for (const event of /** @type {const} */ (['identity', 'channel'])) this.#app.on(event, () => this.#paint());
    preferences.on('change', () => this.#paint());
    this.#paint();
  }

  #paint() {
    const { identity, preferences, channel, client } = this.#app;
    const focused = this.contains(document.activeElement);
    // The place is kept for a guest who is just coming in. Elsewhere than in General not everybody can read along.
    const guest = identity?.guest ?? client.session.wanted;
    const over = this.toggleAttribute('hidden', preferences.greeted || !guest || channel !== GENERAL);
    this.#name.textContent = identity?.username || '…';
    // The button that had the focus is gone.
    if (over && focused) document.querySelector('textarea')?.focus();
  }
}

customElements.define('guest-greeting', GuestGreeting);
