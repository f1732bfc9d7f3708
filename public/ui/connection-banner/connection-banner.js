import { Close } from '../../protocol/connection.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/standing.js').Standing} Standing */

/** A break that is over sooner is not worth a word, in milliseconds. */
const UNNOTICED = 700;
const TICK = 250;

/** Says so when what is written cannot go out, why, and when it will be tried again. */
export class ConnectionBanner extends HTMLElement {
  #app;
  #text = element('span', { role: 'status' });
  #count = element('span', { class: 'count', 'aria-hidden': 'true' });
  #button = element('button', { class: 'link-button', type: 'button' }, 'Try now');
  /** Since when. @type {number | undefined} */
  #since;
  /** What is wrong, once that is known. @type {string | undefined} */
  #trouble;
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
    this.#button.addEventListener('click', () => this.#app.client.retry());
    this.#app.on('connection', () => this.#update());
    this.#app.on('identity', () => this.#update());
  }

  #update() {
    const { is } = this.#app.standing;
    if (is === 'served' || is === 'nobody') {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
      this.#since = undefined;
      this.#trouble = undefined;
      this.hidden = true;
      this.#say('');
      return;
    }
    this.#since ??= Date.now();
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
    this.#tick();
  }

  #tick() {
    const { standing } = this.#app;
    // While it is being tried again, what is wrong is still wrong: nothing new to read out.
    if (standing.is !== 'connecting') this.#trouble = words(standing, this.#app.identity !== undefined);
    this.hidden = Date.now() - (this.#since ?? 0) < UNNOTICED && standing.is !== 'ended';
    if (this.hidden) return;
    this.#say(this.#trouble ?? 'Connecting…');
    const until = 'until' in standing ? standing.until : undefined;
    this.#count.textContent = until !== undefined ? ` Trying again in ${seconds(until)} s.` : this.#trouble && standing.is !== 'ended' ? ' Trying…' : '';
    this.#button.hidden = until === undefined && standing.is !== 'ended';
    this.#button.textContent = standing.is === 'ended' ? 'Come back' : 'Try now';
  }

  /** @param {string} text */
  #say(text) {
    if (this.#text.textContent !== text) this.#text.textContent = text;
  }
}

customElements.define('connection-banner', ConnectionBanner);

/**
 * @param {Standing} standing
 * @param {boolean} known Whether there is a user, who can write.
 */
function words(standing, known) {
  switch (standing.is) {
    case 'offline':
      return navigator.onLine ? 'The server cannot be reached.' : 'You are offline.';
    case 'unserved':
      return known ? 'The server cannot store messages now. Yours wait here.' : 'The server cannot let anybody in now.';
    case 'ended':
      return farewell(standing.code);
  }
  return undefined;
}

/** @param {number} code */
function farewell(code) {
  if (code === Close.kicked) return 'A moderator removed you.';
  if (code === Close.banned) return 'A moderator banned you for a while.';
  return 'This account was deleted.';
}

/** @param {number} until */
function seconds(until) {
  return Math.max(1, Math.ceil((until - Date.now()) / 1000));
}
