import { element, painter } from '../dom.js';

/** @typedef {import('../../state/app.js').App} App */

/** Who is writing in the open channel. */
export class TypingLine extends HTMLElement {
  #app;
  #words = element('p', { class: 'typing' });

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  connectedCallback() {
    this.append(this.#words);
    const paint = painter(() => this.#paint());
    this.#app.typing.on('change', paint);
    this.#app.on('channel', paint);
  }

  #paint() {
    const [one, two, ...more] = this.#app.typing.in(this.#app.channel).map(({ Username }) => Username);
    if (one === undefined) this.#words.textContent = '';
    else if (two === undefined) this.#words.textContent = `${one} is typing…`;
    else if (more.length === 0) this.#words.textContent = `${one} and ${two} are typing…`;
    else this.#words.textContent = 'Several people are typing…';
  }
}

customElements.define('typing-line', TypingLine);
