import { Close } from '../../protocol/connection.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../state/app.js').App} App */

/** A break that is over sooner is not worth a word, in milliseconds. */
const UNNOTICED = 700;
const TICK = 250;

/** Says so when there is no connection, and when it will be tried again. */
export class ConnectionBanner extends HTMLElement {
  #app;
  #text = element('span', { role: 'status' });
  #count = element('span', { class: 'count', 'aria-hidden': 'true' });
  #button = element('button', { class: 'link-button', type: 'button' }, 'Try now');
  /** Since when there is none. @type {number | undefined} */
  #since;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  connectedCallback() {
    this.hidden = true;
    this.append(icon('offline'), element('p', {}, this.#text, this.#count), this.#button);
    this.#button.addEventListener('click', () => this.#app.connection.connect());
    this.#app.on('connection', () => this.#update());
    this.#app.on('identity', () => this.#update());
  }

  #update() {
    if (this.#app.client.ready || (!this.#app.identity && this.#app.connection.status.phase === 'open')) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
      this.#since = undefined;
      this.hidden = true;
      return;
    }
    this.#since ??= Date.now();
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
    this.#tick();
  }

  #tick() {
    const { status } = this.#app.connection;
    this.hidden = Date.now() - (this.#since ?? 0) < UNNOTICED && status.phase !== 'ended';
    if (this.hidden) return;
    this.#button.hidden = status.phase !== 'waiting' && status.phase !== 'ended';
    this.#button.textContent = status.phase === 'ended' ? 'Come back' : 'Try now';
    this.#say(status.phase === 'ended' ? farewell(status.code) : status.phase === 'waiting' ? 'You are offline.' : 'Connecting…');
    const seconds = status.phase === 'waiting' ? Math.max(1, Math.ceil((status.until - Date.now()) / 1000)) : 0;
    this.#count.textContent = seconds > 0 ? ` Trying again in ${seconds} s.` : '';
  }

  /** @param {string} text */
  #say(text) {
    if (this.#text.textContent !== text) this.#text.textContent = text;
  }
}

customElements.define('connection-banner', ConnectionBanner);

/** @param {number} code */
function farewell(code) {
  if (code === Close.kicked) return 'A moderator removed you.';
  if (code === Close.banned) return 'A moderator banned you for a while.';
  return 'This account was deleted.';
}
