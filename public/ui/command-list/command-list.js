import { argumentsOf } from '../../state/commands/table.js';
import { element, reconcile } from '../dom.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** @typedef {import('../../state/commands/completion.js').Completion} Completion */
/** @typedef {import('../../state/commands/command.js').Suggestion} Suggestion */

const NAMES = Object.freeze({ commands: 'Commands', argument: 'Suggestions', people: 'People' });

/**
 * What a text could become, above the field in which it is written: the focus stays in the field, the field tells which line is
 * meant. A command that is being written stands on top, with what it takes.
 */
export class CommandList extends HTMLElement {
  #field;
  #box;
  #accept;
  #hint = element('p', { class: 'hint', id: 'command-hint' });
  #options = element('div', { class: 'options', role: 'listbox', id: 'command-options' });
  #count = element('p', { class: 'visually-hidden', role: 'status' });
  /** @type {Completion | undefined} */
  #completion;
  #at = -1;

  /**
   * @param {HTMLTextAreaElement} field
   * @param {HTMLElement} box A combobox around the field: a field of several lines cannot say that it opens a list, the box says it for it.
   * @param {(suggestion: Suggestion) => void} accept For a line that was clicked.
   */
  constructor(field, box, accept) {
    super();
    this.#field = field;
    this.#box = box;
    this.#accept = accept;
  }

  connectedCallback() {
    this.append(this.#hint, this.#options, this.#count);
    this.#field.setAttribute('aria-autocomplete', 'list');
    for (const part of [this.#box, this.#field]) part.setAttribute('aria-controls', this.#options.id);
    // The field keeps the focus, and a finger's keyboard.
    this.addEventListener('pointerdown', (event) => event.preventDefault());
    this.show(undefined);
  }

  /** Whether there is something to choose from. */
  get isOpen() {
    return this.#suggestions.length > 0;
  }

  /** The line that Enter means. */
  get chosen() {
    return this.#suggestions[this.#at];
  }

  /** The line that Tab means. */
  get first() {
    return this.chosen ?? this.#suggestions[0];
  }

  /** @param {Completion | undefined} completion */
  show(completion) {
    const before = this.#completion;
    const same = completion !== undefined && before?.kind === completion.kind && before.from === completion.from && before.typed === completion.typed;
    const kept = same ? completion.suggestions.findIndex(({ label }) => label === this.chosen?.label) : -1;
    this.#completion = completion;
    this.#at = kept >= 0 ? kept : completion?.isLikely ? 0 : -1;
    this.#paint();
  }

  /** @param {1 | -1} step */
  move(step) {
    const { length } = this.#suggestions;
    this.#at = this.#at < 0 && step < 0 ? length - 1 : (this.#at + step + length) % length;
    this.#mark();
  }

  get #suggestions() {
    return this.#completion?.suggestions ?? [];
  }

  #paint() {
    const completion = this.#completion;
    const { isOpen } = this;
    this.#describe(completion);
    this.hidden = !isOpen && !completion?.command;
    this.#options.hidden = !isOpen;
    this.#options.setAttribute('aria-label', NAMES[completion?.kind ?? 'commands']);
    reconcile(
      this.#options,
      this.#suggestions,
      ({ label }) => label,
      (suggestion, old) => this.#option(suggestion, old),
    );
    this.#box.setAttribute('aria-expanded', String(isOpen));
    if (completion?.command) this.#field.setAttribute('aria-describedby', this.#hint.id);
    else this.#field.removeAttribute('aria-describedby');
    const { length } = this.#suggestions;
    this.#count.textContent = isOpen ? `${length} ${length === 1 ? 'suggestion' : 'suggestions'}, up and down to choose` : '';
    this.#mark();
  }

  /** @param {Completion | undefined} completion */
  #describe(completion) {
    const { command, argument = 0 } = completion ?? {};
    this.#hint.hidden = !command;
    if (!command) return;
    const labels = argumentsOf(command);
    this.#hint.replaceChildren(
      element('code', {}, `/${command.name}`, ...labels.flatMap((label, index) => [' ', index === argument ? element('mark', {}, label) : label])),
      element('span', {}, command.help),
    );
  }

  /**
   * @param {Suggestion} suggestion
   * @param {HTMLElement | undefined} old
   */
  #option(suggestion, old) {
    const { label, takes = '', note = '', user } = suggestion;
    const drawn = JSON.stringify([label, note, user?.OnLine]);
    if (old?.dataset['drawn'] === drawn) return old;
    return element(
      'div',
      { role: 'option', 'data-drawn': drawn, onclick: () => this.#click(label) },
      user && new UserAvatar().show(user.UUID, user.Username, user.OnLine),
      element(user ? 'bdi' : 'code', { class: 'label' }, element('strong', {}, label), takes && ` ${takes}`),
      element('span', { class: 'note' }, note),
    );
  }

  /** @param {string} label */
  #click(label) {
    const suggestion = this.#suggestions.find((other) => other.label === label);
    if (suggestion) this.#accept(suggestion);
  }

  #mark() {
    let active = '';
    for (const [index, option] of [...this.#options.children].entries()) {
      option.id = `command-option-${index}`;
      option.setAttribute('aria-selected', String(index === this.#at));
      if (index !== this.#at) continue;
      active = option.id;
      option.scrollIntoView({ block: 'nearest' });
    }
    if (active) this.#field.setAttribute('aria-activedescendant', active);
    else this.#field.removeAttribute('aria-activedescendant');
  }
}

customElements.define('command-list', CommandList);
