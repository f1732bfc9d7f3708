import { element } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../state/commands/run.js').Answer} Answer */

/** What a command answered: a quiet line that nobody else sees. */
export class PrivateAnswer extends HTMLElement {
  #words = element('p', { role: 'status' });
  #close = element('button', { class: 'icon-button', type: 'button', 'aria-label': 'Dismiss', onclick: () => this.show(undefined) }, icon('close'));

  connectedCallback() {
    this.append(this.#words, this.#close);
    this.show(undefined);
  }

  /** @param {Answer | undefined} answer */
  show(answer) {
    const text = answer?.text ?? '';
    this.#close.hidden = text === '';
    this.classList.toggle('failed', answer?.done === false);
    this.#words.replaceChildren(...(text ? [text, ' ', element('small', {}, 'Only you see this.')] : []));
  }
}

customElements.define('private-answer', PrivateAnswer);
