import { mentions } from '../../state/markup.js';
import { Names } from '../../state/names.js';
import { element } from '../dom.js';
import { day } from '../format.js';
import { messageEditor } from './message-editor.js';
import { messageItem, pendingItem } from './message-item.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/rows.js').Row | { kind: 'start', key: 'start', text: string }} Row */

/** Draws the rows of the list, each once until something that is seen in it changes. */
export class MessageRows {
  #app;
  #names;
  #changed;
  /** Long messages that are shown in full. @type {Set<string>} */
  #unfolded = new Set();
  /** @type {(ReturnType<typeof messageEditor> & { key: string }) | undefined} */
  #editor;
  /** What each row was drawn from. @type {WeakMap<HTMLElement, unknown[]>} */
  #drawn = new WeakMap();
  /** @type {WeakMap<Row, { version: number, found: string }>} */
  #called = new WeakMap();

  /**
   * @param {App} app
   * @param {() => void} changed Some rows are to be drawn anew.
   */
  constructor(app, changed) {
    this.#app = app;
    this.#names = new Names(app.people);
    this.#changed = changed;
  }

  /** Another channel: nothing in it is unfolded or being edited. */
  clear() {
    this.#editor = undefined;
    this.#unfolded.clear();
  }

  /**
   * Puts an editor where a message stands.
   *
   * @param {Extract<Row, { kind: 'message' }>} row
   * @param {() => void} left When it is gone again.
   */
  edit({ key, message }, left) {
    const done = () => {
      this.#editor = undefined;
      this.#changed();
      left();
    };
    this.#editor = { key, ...messageEditor(message.Message, (text) => this.#app.amending.edit(message, text), done) };
    this.#changed();
    this.#editor.focus();
  }

  /**
   * @param {Row} row
   * @param {HTMLElement | undefined} old
   */
  draw(row, old) {
    const from = [row, ...this.#dependencies(row)];
    const before = old && this.#drawn.get(old);
    if (old && before?.every((value, index) => value === from[index])) return old;
    const item = this.#make(row);
    this.#drawn.set(item, from);
    return item;
  }

  /**
   * What a row's look depends on besides itself.
   *
   * @param {Row} row
   * @returns {unknown[]}
   */
  #dependencies(row) {
    if (row.kind === 'day') return [day(row.at)];
    if (row.kind === 'pending') return [this.#app.client.ready, this.#unfolded.has(row.key)];
    if (row.kind !== 'message') return [];
    const { SenderUUID, Sender, Message } = row.message;
    return [this.nameOf(SenderUUID, Sender.Username), this.#mentions(Message, row), this.#unfolded.has(row.key), this.#editorOf(row.key)];
  }

  /**
   * Who is called in a message: looked up again when somebody got a name, and drawn again only if that is theirs.
   *
   * @param {string} text
   * @param {Row} row
   */
  #mentions(text, row) {
    if (!text.includes('@')) return '';
    const { version } = this.#names;
    const known = this.#called.get(row);
    if (known?.version === version) return known.found;
    const found = mentions(text, this.#who);
    this.#called.set(row, { version, found });
    return found;
  }

  /** @param {string} name */
  #who = (name) => {
    const found = this.#names.find(name);
    return found === undefined ? undefined : found === this.#app.identity?.userUUID ? 'own' : 'other';
  };

  /** @param {Row} row */
  #make(row) {
    switch (row.kind) {
      case 'start':
        return element('li', { class: 'start' }, row.text);
      case 'day':
        return element('li', { class: 'divider' }, element('span', {}, day(row.at)));
      case 'unread':
        return element('li', { class: 'divider unread' }, element('span', {}, 'New'));
      case 'message':
        return messageItem(row, { ...this.#surroundings(row.key), react: (emoji) => this.#app.amending.react(row.message, emoji) });
      case 'pending':
        return pendingItem(row, this.#surroundings(row.key));
    }
  }

  /**
   * @param {string} key
   * @returns {import('./message-item.js').Surroundings}
   */
  #surroundings(key) {
    const { client, identity } = this.#app;
    const own = identity?.userUUID;
    return {
      own,
      names: this.#who,
      nameOf: this.nameOf,
      connected: client.ready,
      open: this.#unfolded.has(key),
      editor: this.#editorOf(key),
      unfold: () => {
        this.#unfolded.add(key);
        this.#changed();
      },
      react: () => {},
      retry: () => client.outbox.retry(key),
      discard: () => client.outbox.discard(key),
    };
  }

  /**
   * @param {string} uuid
   * @param {string} [otherwise] The name to use for somebody who is not known.
   */
  nameOf = (uuid, otherwise = 'Somebody') => this.#app.people.find(uuid)?.Username ?? otherwise;

  /** @param {string} key */
  #editorOf(key) {
    return this.#editor?.key === key ? this.#editor.form : undefined;
  }
}
