import { element, painter } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../state/app.js').App} App */

/** The server's limit, in characters. */
const LONGEST = 4_000;
/** From here on, how much is left is shown. */
const NEAR = 3_600;

/** Where messages are written. What is typed belongs to its channel and waits there. */
export class ChatComposer extends HTMLElement {
  #app;
  #typing = element('p', { class: 'typing' });
  #text = element('textarea', { rows: 1, 'aria-label': 'Message', enterkeyhint: 'send', autocomplete: 'off' });
  #left = element('span', { class: 'left', 'aria-live': 'polite' });
  #send = element('button', { class: 'send', type: 'submit', 'aria-label': 'Send' }, icon('send'));
  #channel = '';

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  connectedCallback() {
    this.append(
      this.#typing,
      element('form', { onsubmit: (event) => this.#submit(event) }, this.#text, this.#left, this.#send),
    );
    this.#text.addEventListener('input', () => this.#typed());
    this.#text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) this.#submit(event);
    });
    const app = this.#app;
    app.on('channel', () => this.#turn());
    app.on('identity', () => this.#label());
    app.people.on('change', () => this.#label());
    app.typing.on('change', painter(() => this.#others()));
    this.#turn();
  }

  /** Takes the focus where that does not bring up a keyboard on the screen. */
  focusIfHandy() {
    if (matchMedia('(pointer: fine)').matches && !document.querySelector('dialog[open]')) this.#text.focus();
  }

  /** Another channel: another draft. */
  #turn() {
    this.#channel = this.#app.channel;
    this.#text.value = this.#app.drafts.read(this.#channel);
    this.#label();
    this.#others();
    this.#fit();
  }

  #label() {
    const name = this.#app.nameOf(this.#channel);
    this.#text.setAttribute('aria-label', `Message ${name}`);
    this.#text.placeholder = `Message ${name}`;
  }

  #typed() {
    this.#app.write(this.#text.value);
    this.#fit();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#text.value.trim();
    if (!this.#app.identity || text === '' || length(text) > LONGEST) return;
    this.#app.send(text);
    this.#text.value = '';
    this.#fit();
    this.#text.focus();
  }

  #fit() {
    const count = length(this.#text.value.trim());
    this.#send.disabled = count === 0 || count > LONGEST;
    this.#left.textContent = count > NEAR ? String(LONGEST - count) : '';
    this.#left.classList.toggle('over', count > LONGEST);
    this.#text.style.height = 'auto';
    const { scrollHeight } = this.#text;
    // Where it is not shown it has no height to go by.
    if (scrollHeight > 0) this.#text.style.height = `${scrollHeight}px`;
  }

  #others() {
    const names = this.#app.typing.in(this.#channel).map(({ Username }) => Username);
    const [one, two] = names;
    if (names.length === 0) this.#typing.textContent = '';
    else if (names.length === 1) this.#typing.textContent = `${one} is typing…`;
    else if (names.length === 2) this.#typing.textContent = `${one} and ${two} are typing…`;
    else this.#typing.textContent = 'Several people are typing…';
  }
}

customElements.define('chat-composer', ChatComposer);

/**
 * Characters as the server counts them.
 *
 * @param {string} text
 */
function length(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
