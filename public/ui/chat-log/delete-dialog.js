import { dialog, dialogHead } from '../dialog.js';
import { element } from '../dom.js';

/** As much of the message is repeated. */
const LONGEST = 200;

/** Asks before a message is taken from everybody. */
export class DeleteDialog {
  node = dialog('delete-title');
  #text = element('blockquote', { class: 'excerpt', dir: 'auto' });
  #yes = element('button', { class: 'button danger', type: 'button', onclick: () => this.#confirm() }, 'Delete');
  #confirmed = () => {};

  constructor() {
    const { node } = this;
    node.append(
      dialogHead(node, 'Delete this message?'),
      element('p', {}, 'It goes for everybody, and it cannot be brought back.'),
      this.#text,
      element(
        'div',
        { class: 'choices' },
        element('button', { class: 'button', type: 'button', onclick: () => node.close() }, 'Cancel'),
        this.#yes,
      ),
    );
  }

  /**
   * @param {string} text
   * @param {() => void} confirmed
   */
  ask(text, confirmed) {
    this.#confirmed = confirmed;
    this.#text.textContent = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
    this.node.showModal();
    this.#yes.focus();
  }

  #confirm() {
    this.node.close();
    this.#confirmed();
  }
}
