import { element } from '../dom.js';

/** @typedef {{ back: () => void, cancel: () => void }} Ways Out of the field: to what stands before it, or to nothing at all. */

/**
 * A password behind the command that takes it. A field for texts can hide all that is in it or nothing, and keyboards learn and
 * browsers check what is typed there; so the password gets a field for passwords, in the same line, as soon as its turn comes.
 */
export class SecretField extends HTMLElement {
  #ways;
  #command = element('span', { class: 'command', id: 'secret-command' });
  #input = element('input', { type: 'password', 'aria-label': 'Password', 'aria-describedby': 'secret-command', maxlength: 72, enterkeyhint: 'go' });

  /** @param {Ways} ways */
  constructor(ways) {
    super();
    this.#ways = ways;
  }

  connectedCallback() {
    this.#input.addEventListener('keydown', (event) => this.#key(event));
    this.hidden = true;
  }

  /** The password, and what stands before it. */
  get value() {
    return this.#input.value;
  }

  get command() {
    return this.#command.textContent ?? '';
  }

  /**
   * @param {string} command
   * @param {string} secret As much of it as there is.
   * @param {'current' | 'new'} kind
   */
  open(command, secret, kind) {
    this.#command.textContent = command;
    this.#input.value = secret;
    this.#input.autocomplete = `${kind}-password`;
    this.replaceChildren(this.#command, this.#input);
    this.hidden = false;
    this.#input.focus();
  }

  /** Another try. */
  retry() {
    this.#input.value = '';
    this.#input.focus();
  }

  /** Nothing stays: a field for passwords that is only hidden is filled by browsers. */
  close() {
    this.replaceChildren();
    this.#command.textContent = '';
    this.#input.value = '';
    this.hidden = true;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === 'Escape') this.#ways.cancel();
    else if (event.key === 'Backspace' && this.#input.value === '') this.#ways.back();
    else return;
    event.preventDefault();
  }
}

customElements.define('secret-field', SecretField);
