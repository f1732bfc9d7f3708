import { accept, complete } from '../../state/commands/completion.js';
import { CommandList } from '../command-list/command-list.js';

/** @typedef {import('../../state/commands/completion.js').Completion} Completion */
/** @typedef {import('../../state/commands/command.js').Suggestion} Suggestion */

/** After the last key the server is asked for people, in milliseconds. */
const SETTLED = 200;

/** Says above a field what its text could become, and makes it that. */
export class Completer {
  list;

  #field;
  #context;
  #write;
  /** The list stays away until something is typed. */
  #declined = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #seeking;
  /** Whom the server was asked for last. */
  #sought = '';

  /**
   * @param {HTMLTextAreaElement} field
   * @param {HTMLElement} box Around the field.
   * @param {import('../../state/commands/command.js').Context} context
   * @param {(text: string, caret: number) => void} write Into the field.
   */
  constructor(field, box, context, write) {
    this.#field = field;
    this.#context = context;
    this.#write = write;
    this.list = new CommandList(field, box, (suggestion) => this.#accept(suggestion));
    field.addEventListener('selectionchange', () => this.update());
  }

  /** Something was typed. */
  offer() {
    this.#declined = false;
    this.update();
  }

  /** The text, the caret or what is known of people may be different. */
  update() {
    if (this.#declined || document.activeElement !== this.#field) return;
    const completion = this.#completion();
    this.list.show(completion);
    clearTimeout(this.#seeking);
    if (completion?.seeksPeople) this.#seek(completion.typed.replace(/^@/u, ''));
  }

  /** @param {Completion} [instead] Something to read where there is nothing to choose. */
  decline(instead) {
    this.#declined = true;
    clearTimeout(this.#seeking);
    this.list.show(instead);
  }

  /**
   * What a key does to the list, if it does.
   *
   * @param {string} key
   */
  key(key) {
    const { list } = this;
    if (!list.isOpen) return false;
    if (key === 'ArrowDown') list.move(1);
    else if (key === 'ArrowUp') list.move(-1);
    else if (key === 'Escape') this.decline();
    else if (key === 'Tab' && list.first) this.#accept(list.first);
    else if (key === 'Enter' && list.chosen) this.#accept(list.chosen);
    else return false;
    return true;
  }

  #completion() {
    const { value, selectionStart, selectionEnd } = this.#field;
    return selectionStart === selectionEnd ? complete(value, selectionStart, this.#context) : undefined;
  }

  /** @param {Suggestion} suggestion */
  #accept(suggestion) {
    const completion = this.#completion();
    if (!completion) return;
    const { text, caret } = accept(this.#field.value, completion, suggestion);
    this.#write(text, caret);
  }

  /**
   * The server may know of people that this page does not; an answer that comes late does no harm, it only makes them known.
   *
   * @param {string} name
   */
  #seek(name) {
    if (name === this.#sought) return;
    this.#seeking = setTimeout(() => {
      this.#sought = name;
      this.#context.app.roster.search(name);
    }, SETTLED);
  }
}
