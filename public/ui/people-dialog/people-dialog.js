import { Directory } from '../../state/directory.js';
import { dialog, dialogHead } from '../dialog.js';
import { element, painter, reconcile, rove } from '../dom.js';
import { PersonLine } from './person-line.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../protocol/types.js').User} User */

/** As many are drawn at once; more when these were looked through. */
const DRAWN = 100;
/** How far before the end of the list that is, in pixels. */
const NEAR = 400;
/** After the last key, in milliseconds. */
const SETTLED = 200;

/** Everybody there is: who is here, whom to write to, whom not to hear. */
export class PeopleDialog extends HTMLElement {
  #app;
  #directory;
  #opened;
  #search = element('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: 32 });
  #list = element('ul', { 'aria-label': 'People' });
  #count = element('p', { class: 'count', role: 'status' });
  #news = element('p', { class: 'news', role: 'status' });
  #dialog = dialog('people-title');
  #drawn = DRAWN;
  /** @type {WeakMap<Element, PersonLine>} */
  #lines = new WeakMap();

  /**
   * @param {App} app
   * @param {() => void} opened
   */
  constructor(app, opened) {
    super();
    this.#app = app;
    this.#directory = new Directory(app.client, app.people);
    this.#opened = opened;
  }

  connectedCallback() {
    const { account } = this.#app;
    this.#dialog.append(
      dialogHead(this.#dialog, 'People'),
      element('label', { class: 'field' }, 'Find somebody', this.#search),
      this.#count,
      this.#list,
      this.#news,
    );
    this.append(this.#dialog);
    rove(this.#list, '.person');
    const paint = painter(() => this.#dialog.open && this.#paint());
    this.#directory.on('change', paint);
    account.on('change', paint);
    this.#list.addEventListener('scroll', () => this.#scrolled());
    this.#list.addEventListener('keydown', (event) => this.#aside(event));
    this.#search.addEventListener('input', () => this.#seek(SETTLED));
    this.#search.addEventListener('keydown', (event) => this.#searched(event));
  }

  /** @param {string} [query] */
  open(query = '') {
    this.#search.value = query;
    this.#news.textContent = '';
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#search.focus();
    this.#seek();
    this.#paint();
  }

  /** @param {number} [delay] */
  #seek(delay) {
    this.#drawn = DRAWN;
    this.#list.scrollTop = 0;
    this.#directory.seek(this.#search.value, delay);
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#list;
    if (scrollTop + clientHeight < scrollHeight - NEAR) return;
    const { length } = this.#directory.list();
    this.#drawn = Math.min(this.#drawn, length) + DRAWN;
    if (this.#drawn >= length) this.#directory.more();
    this.#paint();
  }

  /** @param {KeyboardEvent} event */
  #searched(event) {
    if (event.isComposing) return;
    if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
    event.preventDefault();
    this.#paint();
    /** @type {HTMLButtonElement | null} */
    const first = this.#list.querySelector('.person');
    if (event.key === 'ArrowDown') first?.focus();
    else first?.click();
  }

  /**
   * To what can be done about somebody, and back.
   *
   * @param {KeyboardEvent} event
   */
  #aside({ key, target }) {
    const line = target instanceof Element && !target.closest('.menu') ? target.closest('li') : null;
    if (key === 'ArrowRight') /** @type {HTMLElement | null | undefined} */ (line?.querySelector('.icon-button'))?.focus();
    if (key === 'ArrowLeft') /** @type {HTMLElement | null | undefined} */ (line?.querySelector('.person'))?.focus();
  }

  #paint() {
    const { identity, account } = this.#app;
    const all = this.#directory.list();
    const blocked = new Set(account.blocked);
    reconcile(
      this.#list,
      all.slice(0, this.#drawn),
      ({ UUID }) => UUID,
      (user, old) => {
        const line = (old && this.#lines.get(old)) ?? new PersonLine(this.#app, user.UUID, { choose: () => this.#choose(user.UUID), tell: (text) => (this.#news.textContent = text) });
        line.show(user, { own: user.UUID === identity?.userUUID, blocked: blocked.has(user.UUID) });
        this.#lines.set(line.item, line);
        return line.item;
      },
    );
    /** @type {HTMLElement | null} */
    const first = this.#list.querySelector('.person');
    if (first && !this.#list.querySelector('.person[tabindex="0"]')) first.tabIndex = 0;
    this.#count.textContent = this.#summary(all);
  }

  /** @param {User[]} all */
  #summary(all) {
    const { total = 0, hasMore } = this.#directory;
    if (all.length === 0) return 'Nobody of that name.';
    if (this.#search.value.trim()) return hasMore ? `More than ${all.length} found` : `${all.length} found`;
    const online = all.filter(({ OnLine }) => OnLine).length;
    const number = Math.max(total, all.length);
    return `${number.toLocaleString()} ${number === 1 ? 'person' : 'people'} · ${online.toLocaleString()} online`;
  }

  /** @param {string} uuid */
  #choose(uuid) {
    this.#dialog.close();
    this.#app.open(uuid);
    this.#opened();
  }
}

customElements.define('people-dialog', PeopleDialog);
