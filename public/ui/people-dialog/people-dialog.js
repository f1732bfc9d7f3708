import { element, painter, reconcile, rove } from '../dom.js';
import { icon } from '../icons.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** @typedef {import('../../state/app.js').App} App */

/** As many as anybody wants to look through. */
const SHOWN = 60;
/** After the last key, in milliseconds. */
const SETTLED = 200;

/** Everybody there is; choosing one opens the direct channel with them. */
export class PeopleDialog extends HTMLElement {
  #app;
  #opened;
  #search = element('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: 32 });
  #list = element('ul', { 'aria-label': 'People' });
  #none = element('p', { class: 'none', role: 'status' });
  #dialog = element('dialog', { 'aria-labelledby': 'people-title' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {App} app
   * @param {() => void} opened
   */
  constructor(app, opened) {
    super();
    this.#app = app;
    this.#opened = opened;
  }

  connectedCallback() {
    const close = () => this.#dialog.close();
    this.#dialog.append(
      element(
        'div',
        { class: 'dialog-head' },
        element('h2', { id: 'people-title' }, 'New direct message'),
        element('button', { class: 'icon-button', type: 'button', 'aria-label': 'Close', onclick: close }, icon('close')),
      ),
      element('label', { class: 'field' }, 'To', this.#search),
      this.#list,
      this.#none,
    );
    this.append(this.#dialog);
    rove(this.#list, 'button');
    const paint = painter(() => this.#dialog.open && this.#paint());
    this.#app.people.on('change', paint);
    this.#search.addEventListener('input', () => {
      paint();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#app.roster.search(this.#search.value.trim()), SETTLED);
    });
    this.#search.addEventListener('keydown', (event) => this.#searched(event));
  }

  /** @param {string} [query] */
  open(query = '') {
    this.#search.value = query;
    this.#dialog.showModal();
    this.#search.focus();
    this.#app.roster.search(query);
    this.#paint();
  }

  /** @param {KeyboardEvent} event */
  #searched(event) {
    const first = this.#list.querySelector('button');
    if (event.key === 'ArrowDown') first?.focus();
    else if (event.key === 'Enter') first?.click();
    else return;
    event.preventDefault();
  }

  #paint() {
    const people = this.#app.people.list(this.#search.value).slice(0, SHOWN);
    reconcile(
      this.#list,
      people,
      ({ UUID }) => UUID,
      ({ UUID, Username, OnLine }, old) => {
        const drawn = JSON.stringify([Username, OnLine]);
        if (old?.dataset['drawn'] === drawn) return old;
        const words = UUID === this.#app.identity?.userUUID ? 'You, for notes' : OnLine ? 'Online' : 'Offline';
        const button = element(
          'button',
          { type: 'button', tabindex: -1, onclick: () => this.#choose(UUID) },
          new UserAvatar().show(UUID, Username, OnLine),
          element('bdi', { class: 'name' }, Username),
          element('span', { class: 'presence' }, words),
        );
        return element('li', { 'data-drawn': drawn }, button);
      },
    );
    const first = this.#list.querySelector('button');
    if (first && !this.#list.querySelector('[tabindex="0"]')) first.tabIndex = 0;
    this.#none.textContent = people.length === 0 ? 'Nobody of that name.' : '';
  }

  /** @param {string} uuid */
  #choose(uuid) {
    this.#dialog.close();
    this.#app.open(uuid);
    this.#opened();
  }
}

customElements.define('people-dialog', PeopleDialog);
