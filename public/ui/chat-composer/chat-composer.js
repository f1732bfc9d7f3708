import { accept, addressee, complete } from '../../state/commands/completion.js';
import { isCommand, literally, parse, secretFrom } from '../../state/commands/grammar.js';
import { findPerson } from '../../state/commands/person.js';
import { execute, explain, run } from '../../state/commands/run.js';
import { COMMANDS } from '../../state/commands/table.js';
import { lengthOf, LONGEST, tooLong } from '../../state/length.js';
import { CommandList } from '../command-list/command-list.js';
import { element, painter } from '../dom.js';
import { icon } from '../icons.js';
import { SecretField } from '../secret-field/secret-field.js';
import { isInFirstRow, isInLastRow } from './caret.js';
import { PrivateAnswer } from './private-answer.js';
import { TypingLine } from './typing-line.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/commands/command.js').Suggestion} Suggestion */
/** @typedef {import('../../state/commands/run.js').Answer} Answer */

/** From here on, how much is left is shown. */
const NEAR = LONGEST - 400;
/** After the last key the server is asked for people, in milliseconds. */
const SETTLED = 200;

/**
 * Where messages are written, and commands. What is typed belongs to its channel and waits there; a command that takes a secret
 * is never kept, nor is one that is not understood: it may be meant to take one.
 */
export class ChatComposer extends HTMLElement {
  #app;
  #context;
  #text = element('textarea', { rows: 1, 'aria-label': 'Message', enterkeyhint: 'send', autocomplete: 'off' });
  #box = element('div', { class: 'box' }, this.#text);
  #list = new CommandList(this.#text, this.#box, (suggestion) => this.#accept(suggestion));
  #secret = new SecretField({ back: () => this.#withdraw(), cancel: () => this.#write('') });
  #answer = new PrivateAnswer();
  #left = element('span', { class: 'left', 'aria-live': 'polite' });
  #send = element('button', { class: 'send', type: 'submit', 'aria-label': 'Send' }, icon('send'));
  #channel = '';
  /** A command is being run. */
  #busy = false;
  /** The list stays away until something is typed. */
  #declined = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #seeking;
  /** Whom the server was asked for last. */
  #sought = '';

  /**
   * @param {App} app
   * @param {import('../../state/commands/command.js').Page} page
   */
  constructor(app, page) {
    super();
    this.#app = app;
    this.#context = { app, page };
  }

  connectedCallback() {
    const slash = element(
      'button',
      { class: 'icon-button slash', type: 'button', 'aria-label': 'Commands', onclick: () => this.#offer() },
      icon('slash'),
    );
    const app = this.#app;
    this.append(
      new TypingLine(app),
      this.#answer,
      element('form', { onsubmit: (event) => this.#submit(event) }, this.#list, slash, this.#box, this.#secret, this.#left, this.#send),
    );
    this.#text.addEventListener('input', (event) => this.#typed(/** @type {InputEvent} */ (event)));
    this.#text.addEventListener('compositionend', () => this.#typed());
    this.#text.addEventListener('keydown', (event) => this.#key(event));
    this.#text.addEventListener('selectionchange', () => this.#complete());
    this.addEventListener('focusout', ({ relatedTarget }) => this.contains(/** @type {Node | null} */ (relatedTarget)) || this.#decline());
    app.on('channel', () => this.#turn());
    app.on('identity', () => this.#label());
    app.people.on('change', painter(() => (this.#label(), this.#complete())));
    this.#turn();
  }

  /** Takes the focus where that does not bring up a keyboard on the screen. */
  focusIfHandy() {
    if (matchMedia('(pointer: fine)').matches && !document.querySelector('dialog[open]')) this.#text.focus();
  }

  /** Another channel: another draft. */
  #turn() {
    this.#channel = this.#app.channel;
    this.#app.recall.stay();
    this.#put(this.#app.drafts.read(this.#channel));
    if (!this.#busy) this.#answer.show(undefined);
    this.#label();
  }

  #label() {
    const name = this.#app.nameOf(this.#channel);
    for (const part of [this.#box, this.#text]) part.setAttribute('aria-label', `Message ${name}`);
    this.#text.placeholder = `Message ${name}`;
  }

  /**
   * Puts a text into the field that was not typed just now.
   *
   * @param {string} text
   * @param {number} [caret]
   */
  #put(text, caret = text.length) {
    this.#secret.close();
    this.#box.hidden = false;
    this.#text.value = text;
    this.#text.setSelectionRange(caret, caret);
    this.#decline();
    this.#fit();
  }

  /**
   * Puts a text into the field as if it were typed.
   *
   * @param {string} text
   * @param {number} [caret]
   */
  #write(text, caret) {
    this.#put(text, caret);
    this.#text.focus();
    this.#typed();
  }

  /** @param {InputEvent} [event] */
  #typed(event) {
    const text = this.#text.value;
    this.#app.recall.stay();
    this.#declined = false;
    if (!event?.isComposing && this.#hide(text)) return;
    if (isCommand(text)) this.#app.drafts.write(this.#channel, isHarmless(text) ? text : '');
    else this.#app.write(text);
    this.#fit();
    this.#complete();
  }

  /**
   * A secret goes where it is not seen.
   *
   * @param {string} text
   */
  #hide(text) {
    const line = isCommand(text) ? parse(text, COMMANDS) : undefined;
    const from = line && secretFrom(text, line);
    if (from === undefined) return false;
    const kind = line?.command.takes.find(({ secret }) => secret)?.secret ?? 'current';
    this.#app.drafts.write(this.#channel, '');
    this.#put('');
    this.#box.hidden = true;
    this.#secret.open(text.slice(0, from), text.slice(from), kind);
    this.#list.show(line && { kind: 'argument', from, to: from, typed: '', suggestions: [], isLikely: false, seeksPeople: false, command: line.command, argument: line.command.takes.length - 1 });
    this.#send.disabled = false;
    return true;
  }

  /** Back from the secret to what stands before it. */
  #withdraw() {
    this.#write(this.#secret.command.trimEnd());
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    if (this.#busy) return;
    if (!this.#secret.hidden) return this.#runSecret();
    const text = this.#text.value;
    if (text.trim() === '') return;
    if (isCommand(text)) return this.#lacksSecret(text) ? this.#write(`${text.trimEnd()} `) : this.#run(text, () => run(text, this.#context));
    const name = addressee(text);
    if (name !== undefined) return this.#run(text, () => this.#address(name));

    const words = literally(text);
    const refusal = this.#app.identity ? tooLong(words) : 'Sign in first. What you wrote stays here.';
    if (refusal) return this.#answer.show({ done: false, text: refusal });
    this.#app.send(words);
    this.#app.recall.add(text.trim());
    this.#answer.show(undefined);
    this.#put('');
    this.#text.focus();
  }

  /**
   * Whether a password is all that a command lacks.
   *
   * @param {string} text
   */
  #lacksSecret(text) {
    const line = parse(text, COMMANDS);
    const next = line?.command.takes[line.words.length];
    return next?.secret !== undefined && !next.canMiss?.(this.#context);
  }

  async #runSecret() {
    const line = parse(this.#secret.command, COMMANDS);
    if (!line) return;
    const written = [...line.words.map(({ text }) => text), ...(this.#secret.value ? [this.#secret.value] : [])];
    const { done } = await this.#await(() => execute(line.command, written, this.#context));
    if (this.#secret.hidden) return;
    if (!done) return this.#secret.retry();
    this.#write('');
  }

  /**
   * @param {string} text
   * @param {() => Promise<Answer>} action
   */
  async #run(text, action) {
    const channel = this.#channel;
    this.#decline();
    const { done } = await this.#await(action);
    if (!done) return;
    this.#app.recall.add(text.trim());
    if (this.#channel !== channel) this.#app.drafts.write(channel, '');
    else if (this.#text.value === text) {
      this.#app.drafts.write(channel, '');
      this.#put('');
    }
  }

  /** @param {() => Promise<Answer>} action */
  async #await(action) {
    this.#busy = true;
    this.#answer.show(undefined);
    try {
      const answer = await action();
      this.#answer.show(answer);
      return answer;
    } finally {
      this.#busy = false;
    }
  }

  /**
   * A name alone means a conversation with who bears it.
   *
   * @param {string} name
   * @returns {Promise<Answer>}
   */
  async #address(name) {
    try {
      this.#app.open((await findPerson(this.#app, name)).UUID);
      return { done: true, text: '' };
    } catch (error) {
      return { done: false, text: explain(error) };
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // A key that chooses a character of Chinese, say, is not for us; some browsers only tell by its number.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (this.#choosing(event.key) || this.#recalling(event.key)) event.preventDefault();
    else if (event.key === 'Enter') this.#submit(event);
    else if (event.key === 'Escape') this.#answer.show(undefined);
  }

  /**
   * What a key does to the list.
   *
   * @param {string} key
   */
  #choosing(key) {
    if (!this.#list.isOpen) return false;
    if (key === 'ArrowDown') this.#list.move(1);
    else if (key === 'ArrowUp') this.#list.move(-1);
    else if (key === 'Escape') this.#decline();
    else if (key === 'Tab' && this.#list.first) this.#accept(this.#list.first);
    else if (key === 'Enter' && this.#list.chosen) this.#accept(this.#list.chosen);
    else return false;
    return true;
  }

  /**
   * What a key does to the lines of the past.
   *
   * @param {string} key
   */
  #recalling(key) {
    const { recall } = this.#app;
    const back = key === 'ArrowUp';
    if (!back && key !== 'ArrowDown') return false;
    if (!(back ? isInFirstRow(this.#text) : isInLastRow(this.#text))) return false;
    const line = back ? recall.back(this.#text.value) : recall.forward();
    if (line === undefined) return false;
    // The caret is left where the same key leads on.
    this.#put(line, back && line.includes('\n') ? 0 : line.length);
    return true;
  }

  /** The button that opens the list. */
  #offer() {
    if (this.#text.value.trim() === '' || !this.#secret.hidden) return this.#write('/');
    if (isCommand(this.#text.value)) return this.#write(this.#text.value);
    this.#context.page.help();
  }

  #complete() {
    if (this.#declined || document.activeElement !== this.#text) return;
    const { value, selectionStart, selectionEnd } = this.#text;
    const completion = selectionStart === selectionEnd ? complete(value, selectionStart, this.#context) : undefined;
    this.#list.show(completion);
    clearTimeout(this.#seeking);
    if (completion?.seeksPeople) this.#seek(completion.typed.replace(/^@/u, ''));
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
      this.#app.roster.search(name);
    }, SETTLED);
  }

  /** @param {Suggestion} suggestion */
  #accept(suggestion) {
    const { value, selectionStart } = this.#text;
    const completion = complete(value, selectionStart, this.#context);
    if (!completion) return;
    const { text, caret } = accept(value, completion, suggestion);
    this.#write(text, caret);
  }

  #decline() {
    this.#declined = true;
    clearTimeout(this.#seeking);
    this.#list.show(undefined);
  }

  #fit() {
    const count = lengthOf(this.#text.value.trim());
    this.#send.disabled = count === 0;
    this.#left.textContent = count > NEAR ? String(LONGEST - count) : '';
    this.#left.classList.toggle('over', count > LONGEST);
    this.#text.style.height = 'auto';
    const { scrollHeight } = this.#text;
    // Where it is not shown it has no height to go by.
    if (scrollHeight > 0) this.#text.style.height = `${scrollHeight}px`;
  }
}

customElements.define('chat-composer', ChatComposer);

/**
 * Whether a command may be kept while it is written.
 *
 * @param {string} text
 */
function isHarmless(text) {
  const line = parse(text, COMMANDS);
  return line !== undefined && !line.command.takes.some(({ secret }) => secret);
}
