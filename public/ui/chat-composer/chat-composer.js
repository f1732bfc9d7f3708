import { addressee, furtherCommands, isCommand, literally } from '../../state/commands/kind.js';
import { lengthOf, LONGEST, tooLong } from '../../state/length.js';
import { element, painter } from '../dom.js';
import { icon } from '../icons.js';
import { SecretField } from '../secret-field/secret-field.js';
import { isInFirstRow, isInLastRow } from './caret.js';
import { PrivateAnswer } from './private-answer.js';
import { stayAboveKeyboard } from './screen-keyboard.js';
import { TypingLine } from './typing-line.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/commands/run.js').Answer} Answer */
/** @typedef {typeof import('./command-line.js')} CommandLine */

/** From here on, how much is left is shown. */
const NEAR = LONGEST - 400;
const DROPPED = { done: false, text: 'The command was not run: you went elsewhere before it could be understood.' };
const MISSING = { done: false, text: 'Commands could not be fetched. Try again when there is a connection.' };

/**
 * Where messages are written, and commands. What is typed belongs to its channel and waits there; a command that takes a secret
 * is never kept, nor is one that is not understood: it may be meant to take one. What understands commands is fetched later; what
 * is typed until it is there is looked at once it is, and no command is ever said to others.
 */
export class ChatComposer extends HTMLElement {
  #app;
  #context;
  #text = element('textarea', { rows: 1, 'aria-label': 'Message', enterkeyhint: 'send', autocomplete: 'off' });
  #box = element('div', { class: 'box', role: 'combobox', 'aria-haspopup': 'listbox', 'aria-expanded': 'false' }, this.#text);
  #form = element('form', { onsubmit: (event) => this.#submit(event) });
  /** @type {CommandLine | undefined} */
  #commands;
  /** @type {InstanceType<CommandLine['Completer']> | undefined} */
  #completer;
  /** Something was typed that nothing here understood yet. */
  #early = false;
  #secret = new SecretField({ back: () => this.#withdraw(), cancel: () => this.#write(this.#rest) });
  /** What was pasted behind the secret's line. */
  #rest = '';
  #answer = new PrivateAnswer();
  #left = element('span', { class: 'left', 'aria-live': 'polite' });
  #send = element('button', { class: 'send', type: 'submit', 'aria-label': 'Send' }, icon('send'));
  #channel = '';
  /** A command is being run. */
  #busy = false;

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
    this.#form.append(slash, this.#box, this.#secret, this.#left, this.#send);
    this.append(new TypingLine(app), this.#answer, this.#form);
    this.#text.addEventListener('input', (event) => this.#typed(/** @type {InputEvent} */ (event)));
    this.#text.addEventListener('compositionend', () => this.#typed());
    this.#text.addEventListener('keydown', (event) => this.#key(event));
    this.addEventListener('focusout', ({ relatedTarget }) => this.contains(/** @type {Node | null} */ (relatedTarget)) || this.#completer?.decline());
    app.on('channel', () => this.#turn());
    app.on('identity', () => this.#label());
    app.people.on('change', painter(() => (this.#label(), this.#completer?.update())));
    stayAboveKeyboard(this);
    this.#turn();
  }

  /** Fetches what understands commands. However often it is asked, it is fetched once; after a failure, anew. */
  async prepare() {
    const commands = await import('./command-line.js').catch(() => undefined);
    if (this.#commands || !commands) return this.#commands;
    this.#commands = commands;
    this.#completer = new commands.Completer(this.#text, this.#box, this.#context, (text, caret) => this.#write(text, caret));
    this.#form.prepend(this.#completer.list);
    if (this.#early) this.#typed();
    return commands;
  }

  /** Takes the focus where that does not bring up a keyboard on the screen. */
  focusIfHandy() {
    if (matchMedia('(pointer: fine)').matches && !document.querySelector('dialog[open]')) this.#text.focus();
  }

  /**
   * Puts what is to be answered in front of what was typed.
   *
   * @param {string} quotation
   */
  quote(quotation) {
    this.#write(quotation + this.#text.value, quotation.length + this.#text.selectionStart);
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
    this.#rest = '';
    this.#box.hidden = false;
    this.#text.value = text;
    this.#text.setSelectionRange(caret, caret);
    this.#early = false;
    this.#completer?.decline();
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
    if (!this.#commands) this.#look(text);
    if (!event?.isComposing && this.#hide(text)) return;
    // One insertion may be told of several times: by then its text is in the other field.
    if (!this.#secret.hidden && text === '') return;
    if (isCommand(text)) this.#app.drafts.write(this.#channel, this.#commands?.isHarmless(text) ? text : '');
    else if (this.#commands ? this.#commands.hidden(text) : furtherCommands(text).length > 0) this.#app.drafts.write(this.#channel, '');
    else this.#app.write(text);
    this.#fit();
    this.#completer?.offer();
  }

  /**
   * Has what may be a command or a name looked at as soon as that can be.
   *
   * @param {string} text
   */
  async #look(text) {
    this.#early = isCommand(text) || furtherCommands(text).length > 0 || text.includes('@');
    if (this.#early && !(await this.prepare()) && isCommand(text)) this.#answer.show(MISSING);
  }

  /**
   * A secret goes where it is not seen.
   *
   * @param {string} text
   */
  #hide(text) {
    const parts = this.#commands?.split(text);
    if (!this.#commands || !parts) return false;
    this.#app.drafts.write(this.#channel, '');
    this.#put('');
    this.#box.hidden = true;
    this.#rest = parts.rest;
    this.#secret.open(parts.before, parts.secret, parts.kind);
    this.#completer?.decline(this.#commands.reminder(parts.command));
    this.#send.disabled = false;
    return true;
  }

  /** Back from the secret to what stands before it. */
  #withdraw() {
    this.#write([this.#secret.command.trimEnd(), this.#rest].filter(Boolean).join('\n'));
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    if (this.#busy) return;
    if (!this.#secret.hidden) return this.#runSecret();
    const text = this.#text.value;
    if (text.trim() === '') return;
    const isPlain = !isCommand(text) && addressee(text) === undefined && furtherCommands(text).length === 0;
    if (isPlain) return this.#say(text);
    return this.#commands ? this.#obey(text, this.#commands) : this.#obeyLater(text);
  }

  /** @param {string} text */
  #say(text) {
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
   * @param {string} text
   * @param {CommandLine} commands
   */
  #obey(text, { address, hidden, lacksSecret, run }) {
    const secret = hidden(text);
    if (secret) return this.#answer.show({ done: false, text: `It was not sent: there is /${secret.name} in it, with what looks like a password. Take that line out, or begin it with // if everybody may read it.` });
    const name = addressee(text);
    if (name !== undefined) return this.#run(text, () => address(name, this.#context));
    if (!isCommand(text)) return this.#say(text);
    if (lacksSecret(text, this.#context)) return this.#write(`${text.trimEnd()} `);
    return this.#run(text, () => run(text, this.#context));
  }

  /**
   * What was sent before it can be understood waits for that.
   *
   * @param {string} text
   */
  async #obeyLater(text) {
    const channel = this.#channel;
    this.#busy = true;
    const commands = await this.prepare();
    this.#busy = false;
    if (!commands) return this.#answer.show(MISSING);
    if (this.#channel !== channel) return this.#answer.show(DROPPED);
    if (!this.#secret.hidden) return this.#runSecret();
    const isUnchanged = this.#text.value === text;
    if (!isUnchanged || !this.#completer?.key('Enter')) this.#obey(text, commands);
  }

  async #runSecret() {
    const commands = this.#commands;
    const line = commands?.parse(this.#secret.command, commands.COMMANDS);
    if (!commands) return;
    if (!line) return this.#correct(commands);
    const [channel, rest] = [this.#channel, this.#rest];
    const written = [...line.words.map(({ text }) => text), ...(this.#secret.value ? [this.#secret.value] : [])];
    const { done } = await this.#await(() => commands.execute(line.command, written, this.#context));
    // Another account has drafts of its own.
    if (this.#secret.hidden) return rest && this.#channel === channel && this.#text.value === '' ? this.#write(rest) : undefined;
    if (!done) return this.#secret.retry();
    this.#write(rest);
  }

  /**
   * A command that was nearly written becomes the one that was meant; it is run by who wants it.
   *
   * @param {CommandLine} commands
   */
  #correct({ corrected, unknown }) {
    const { command: before, value } = this.#secret;
    const right = corrected(before);
    const kind = right?.command.takes.find(({ secret }) => secret)?.secret;
    this.#answer.show({ done: false, text: `${unknown(before)}${right ? ' Press Enter to run that.' : ''}` });
    if (right && kind) this.#secret.open(right.text, value, kind);
  }

  /**
   * @param {string} text
   * @param {() => Promise<Answer>} action
   */
  async #run(text, action) {
    const channel = this.#channel;
    this.#completer?.decline();
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

  /** @param {KeyboardEvent} event */
  #key(event) {
    // A key that chooses a character of Chinese, say, is not for us; some browsers only tell by its number.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (this.#completer?.key(event.key) || this.#recalling(event.key)) event.preventDefault();
    else if (event.key === 'Enter') this.#submit(event);
    else if (event.key === 'Escape') this.#answer.show(undefined);
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

  #fit() {
    const count = lengthOf(this.#text.value.trim());
    this.#send.disabled = count === 0 && Boolean(this.#secret.hidden);
    this.#left.textContent = count > NEAR ? String(LONGEST - count) : '';
    this.#left.classList.toggle('over', count > LONGEST);
    this.#text.style.height = 'auto';
    const { scrollHeight } = this.#text;
    // Where it is not shown it has no height to go by.
    if (scrollHeight > 0) this.#text.style.height = `${scrollHeight}px`;
  }
}

customElements.define('chat-composer', ChatComposer);
