import { standingWords } from '../../state/call-words.js';
import { callIcon } from '../call-icons.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';

/** @typedef {import('../../state/call.js').Standing} Standing */

lateStyle('call-banner.css', import.meta.url);

/** A break that is over sooner is not worth a word, in milliseconds. */
const UNNOTICED = 400;

/** What is wrong with a call, and what can be done about it. */
export class CallBanner extends HTMLElement {
  #unlock;
  #picture = element('span', { class: 'picture' }, icon('offline'));
  #text = element('p', { role: 'status' });
  #button = element('button', { class: 'button primary', type: 'button', hidden: true }, callIcon('sound'), 'Turn the sound on');
  #words = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} unlock Lets the browser play what is to be heard. */
  constructor(unlock) {
    super();
    this.#unlock = unlock;
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.classList.add('quiet');
    this.append(this.#picture, this.#text, this.#button);
    this.#button.addEventListener('click', () => this.#unlock());
  }

  /**
   * @param {Standing} standing
   * @param {boolean} blocked The browser plays nothing.
   */
  show(standing, blocked) {
    const words = standingWords(standing) || (blocked ? 'The browser plays no sound until you say so.' : '');
    this.#button.hidden = !blocked || standingWords(standing) !== '';
    this.#picture.hidden = !this.#button.hidden;
    if (words === this.#words) return;
    this.#words = words;
    clearTimeout(this.#timer);
    if (words === '' || blocked || this.#text.textContent !== '') this.#say();
    else this.#timer = setTimeout(() => this.#say(), UNNOTICED);
  }

  #say() {
    this.#text.textContent = this.#words;
    this.classList.toggle('quiet', this.#words === '');
  }
}

customElements.define('call-banner', CallBanner);
