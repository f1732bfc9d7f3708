import { GROUPS, usage } from '../../state/commands/table.js';
import { dialog, dialogHead } from '../dialog.js';
import { element } from '../dom.js';

/** What the keys do, a line each. */
const KEYS = Object.freeze([
  ['Enter', 'Send'],
  ['Shift + Enter', 'New line'],
  ['↑ ↓', 'What you wrote before'],
  ['/', 'All commands'],
  ['@', 'Name somebody; alone, write to them'],
  ['Tab', 'Complete a command or a name'],
  ['Esc', 'Close what is open'],
]);

/** The same, in a call. */
const CALL_KEYS = Object.freeze([
  ['Ctrl + D', 'Microphone on or off'],
  ['Ctrl + E', 'Camera on or off'],
  ['Ctrl + Alt + H', 'Raise or lower your hand'],
  ['Ctrl + Alt + C', 'Chat beside the call'],
  ['Ctrl + Alt + P', 'People in the call'],
  ['Ctrl + Alt + V', 'Everybody alike, or who speaks'],
]);

/** Everything that can be typed, and what the keys do. */
export class HelpDialog extends HTMLElement {
  #dialog = dialog('help-title');

  connectedCallback() {
    this.#dialog.append(
      dialogHead(this.#dialog, 'Commands and keys'),
      element(
        'div',
        { class: 'content', tabindex: 0, role: 'group', 'aria-labelledby': 'help-title' },
        element('p', { class: 'lead' }, 'Everything here can be done by typing. Names with blanks go in quotation marks; two slashes send a slash.'),
        ...GROUPS.map(({ title, commands }) => section(title, commands.map((command) => [usage(command), command.help]))),
        section('Keys', KEYS),
        section('Keys in a call', CALL_KEYS),
        element(
          'p',
          { class: 'lead' },
          'Two small pages show what else this server speaks: ',
          element('a', { href: '/demo/mesh/' }, 'windows that talk to each other'),
          ' and ',
          element('a', { href: '/demo/lobby/' }, 'a game that survives its host'),
          '.',
        ),
      ),
    );
    this.append(this.#dialog);
  }

  open() {
    this.#dialog.showModal();
  }
}

customElements.define('help-dialog', HelpDialog);

/**
 * @param {string} title
 * @param {readonly (readonly string[])[]} lines
 */
function section(title, lines) {
  return element(
    'section',
    {},
    element('h3', {}, title),
    element(
      'dl',
      {},
      ...lines.map(([term = '', words = '']) => element('div', {}, element('dt', {}, element(title.startsWith('Keys') ? 'kbd' : 'code', {}, term)), element('dd', {}, words))),
    ),
  );
}
