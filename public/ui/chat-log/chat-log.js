import { GENERAL } from '../../protocol/types.js';
import { quotation } from '../../state/quotation.js';
import { copyText } from '../clipboard.js';
import { element, painter } from '../dom.js';
import { icon } from '../icons.js';
import { Announcer } from './announcer.js';
import { DayLabel } from './day-label.js';
import { DeleteDialog } from './delete-dialog.js';
import { MessageActions } from './message-actions.js';
import { MessageRows } from './message-rows.js';
import { watchPointing } from './pointing.js';
import { VirtualList } from './virtual-list.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('./message-rows.js').Row} Row */
/** @typedef {import('./virtual-list.js').Anchor} Anchor */

/** More messages are fetched before the reader gets to the last one, so many pixels ahead. */
const AHEAD = 3_000;
/** A message that the keys lead to keeps this distance from the edge, in pixels. */
const MARGIN = 48;

/** The messages of the open channel. */
export class ChatLog extends HTMLElement {
  #app;
  #items = element('ol');
  #log = element('div', { class: 'log', role: 'log', 'aria-live': 'off', tabindex: 0 }, this.#items);
  #count = element('span', { class: 'badge', hidden: true });
  #jump = element('button', { class: 'jump', type: 'button', hidden: true, onclick: () => this.#toNewest() }, icon('down'), this.#count);
  #day = new DayLabel();
  #announcer = new Announcer();
  #deletion = new DeleteDialog();
  #messages;
  #actions;
  #list;
  #channel = '';
  /** @type {string | undefined} */
  #reader;
  /** Whether the open channel is still to be brought to the place where reading goes on. */
  #opening = true;
  /** Where channels were left. @type {Map<string, Anchor>} */
  #places = new Map();
  /** The newest message that was there when the reader was at the end. */
  #seen = 0;
  #lastKey = '';
  /** @type {Extract<Row, { kind: 'start' }>} */
  #start = { kind: 'start', key: 'start', text: '' };

  /**
   * @param {App} app
   * @param {(quotation: string) => void} answer Goes on where messages are written.
   */
  constructor(app, answer) {
    super();
    this.#app = app;
    this.#messages = new MessageRows(app, () => this.#paint());
    this.#list = /** @type {VirtualList<Row>} */ (
      new VirtualList(this.#log, this.#items, (row, old) => this.#messages.draw(row, old), () => this.#scrolled(), () => this.#held)
    );
    this.#actions = new MessageActions(this, {
      react: (message, emoji) => app.amending.react(message, emoji),
      reply: ({ SenderUUID, Sender, Message }) => answer(quotation(this.#messages.nameOf(SenderUUID, Sender.Username), Message)),
      copy: async ({ Message }) => app.emit('notice', (await copyText(Message)) ? 'Copied' : 'The browser does not let this page copy.'),
      edit: (row) => this.#messages.edit(row, () => this.#focus(row.key)),
      delete: (message) => this.#deletion.ask(message.Message, () => app.amending.delete(message)),
    });
  }

  connectedCallback() {
    this.append(this.#log, this.#day.node, this.#jump, this.#announcer.node, this.#deletion.node);
    const app = this.#app;
    const paint = painter(() => this.#paint());
    for (const event of /** @type {const} */ (['timeline', 'channel', 'identity', 'connection'])) app.on(event, paint);
    app.people.on('change', paint);
    this.#log.addEventListener('keydown', (event) => this.#pressed(event));
    watchPointing(this.#log, { key: () => this.#actions.key, busy: () => this.#actions.busy, show: (key) => this.#equip(key, app.rows()) });
    document.addEventListener('visibilitychange', () => this.#attend());
    // It may have made room for something else.
    new ResizeObserver(() => this.#attend()).observe(this);
    this.#paint();
  }

  #paint() {
    const app = this.#app;
    const { timeline, channel } = app;
    if (channel !== this.#channel || app.identity?.userUUID !== this.#reader) this.#turn(channel);
    const rows = app.rows();
    const last = rows.at(-1);
    const sent = last?.kind === 'pending' && last.key !== this.#lastKey;
    this.#lastKey = last?.key ?? '';
    this.#log.setAttribute('aria-label', `Messages in ${app.nameOf(channel)}`);
    this.#log.setAttribute('aria-busy', String(timeline.loading || !timeline.loaded));
    this.#items.classList.toggle('empty', rows.length === 0);

    const opened = this.#opening && timeline.loaded;
    const [used, held] = [this.#actions.key, this.#actions.held];
    this.#list.follows = !timeline.hasNewer;
    this.#list.show([this.#begin(), ...rows], this.#opening || sent ? { anchor: opened ? this.#place(channel, rows) : undefined } : undefined);
    if (opened) this.#announcer.listen(timeline.newest);
    else if (!this.#opening) this.#announcer.tell(timeline.messages, app.identity?.userUUID, this.#messages.nameOf);
    this.#opening &&= !opened;
    // The tools go back to what was drawn anew, and the focus to that of them that had it.
    this.#equip(used, rows);
    if (held >= 0) this.#actions.focus(held);
    this.#scrolled();
  }

  /** Another channel is open, or another user reads it. @param {string} channel */
  #turn(channel) {
    const { anchor, atEnd } = this.#list;
    if (anchor && !atEnd) this.#places.set(this.#channel, anchor);
    else this.#places.delete(this.#channel);
    const reader = this.#app.identity?.userUUID;
    if (reader !== this.#reader) this.#places.clear();
    this.#channel = channel;
    this.#reader = reader;
    this.#opening = true;
    this.#lastKey = '';
    this.#seen = 0;
    this.#messages.clear();
    this.#actions.show(undefined, undefined);
  }

  /**
   * Where reading goes on: where it was left, else where something new begins, else at the end.
   *
   * @param {string} channel
   * @param {Row[]} rows
   */
  #place(channel, rows) {
    const left = this.#places.get(channel);
    if (left && rows.some(({ key }) => key === left.key)) return left;
    return rows.some(({ kind }) => kind === 'unread') ? { key: 'unread', top: MARGIN } : undefined;
  }

  /** What stands above the first message. */
  #begin() {
    const { timeline, channel } = this.#app;
    const name = this.#app.nameOf(channel);
    let text = '';
    if (timeline.hasOlder) text = timeline.loading ? 'Fetching older messages…' : '';
    else if (timeline.loaded) {
      text = channel === GENERAL ? 'This is where General begins. Everybody who comes in can read along.' : `This is where your conversation with ${name} begins.`;
      if (channel === this.#app.identity?.userUUID) text = 'Notes that you write here are for you alone.';
    }
    if (this.#start.text !== text) this.#start = { kind: 'start', key: 'start', text };
    return this.#start;
  }

  /** What belongs to where the reader is. */
  #scrolled() {
    const { timeline, history, channel } = this.#app;
    const list = this.#list;
    const { atEnd } = list;
    const [first, last] = list.inView;
    timeline.reading = atEnd || first?.kind !== 'message' ? undefined : first.message.Seq;
    if (list.above < AHEAD) history.loadOlder(channel);
    if (list.below < AHEAD) history.loadNewer(channel);

    if (last?.kind === 'message') this.#seen = Math.max(this.#seen, atEnd ? timeline.newest : last.message.Seq);
    const below = atEnd ? 0 : timeline.after(this.#seen);
    if (atEnd && document.activeElement === this.#jump) this.#log.focus({ preventScroll: true });
    this.#jump.hidden = atEnd;
    this.#jump.setAttribute('aria-label', below > 0 ? `Jump to newest, ${below} below` : 'Jump to newest');
    this.#count.hidden = below === 0;
    this.#count.textContent = below > 99 ? '99+' : String(below);
    const begins = (list.anchor?.top ?? 1) > 0;
    this.#day.show(!atEnd && !begins && first && 'at' in first ? first.at : undefined);
    this.#attend();
  }

  #attend() {
    const { reading, timeline } = this.#app;
    // What comes while nobody looks stands below a line when they do.
    if (document.hidden && reading.attentive) timeline.readUpTo = timeline.newest;
    reading.attentive = this.#list.atEnd && !document.hidden && this.checkVisibility();
  }

  async #toNewest() {
    const { history, channel, timeline } = this.#app;
    if (timeline.hasNewer) await history.loadNewest(channel);
    if (channel !== this.#app.channel) return;
    this.#paint();
    this.#list.goTo(undefined);
  }

  /**
   * Puts the tools where the pointer or the focus is.
   *
   * @param {string | undefined} key
   * @param {Row[]} rows
   */
  #equip(key, rows) {
    const row = key === undefined ? undefined : rows.find((candidate) => candidate.key === key);
    if (row?.kind === 'message') this.#actions.show(row, this.#list.node(row.key));
    else this.#actions.show(undefined, undefined);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { target, key, shiftKey } = event;
    const item = /** @type {HTMLElement} */ (target);
    const current = item.matches('li.message') ? item.dataset['key'] : undefined;
    if (item !== this.#log && current === undefined) return;
    if (key === 'ArrowUp') this.#step(current, -1);
    else if (key === 'ArrowDown') this.#step(current, 1);
    else if (key === 'End') this.#toNewest();
    else if (key === 'Escape' && current) this.#log.focus({ preventScroll: true });
    else if (current && (key === 'Enter' || key === 'ContextMenu' || (key === 'F10' && shiftKey))) this.#actions.focus();
    else return;
    event.preventDefault();
  }

  /**
   * To the next message up or down, from none to the last one in view.
   *
   * @param {string | undefined} current
   * @param {number} by
   */
  #step(current, by) {
    const rows = this.#app.rows();
    const last = this.#list.inView[1]?.key;
    let at = rows.findIndex(({ key }) => key === (current ?? last));
    if (current !== undefined) at += by;
    while (rows[at] && rows[at]?.kind !== 'message' && rows[at]?.kind !== 'pending') at += by;
    const next = rows[at];
    if (next) this.#focus(next.key);
  }

  /** The message that somebody is at with the keys, or writes anew, or chooses a reaction for. A click leaves its focus behind for nothing. */
  get #held() {
    if (this.#actions.busy) return this.#actions.key;
    const focused = this.#items.querySelector(':focus-visible')?.closest('[data-key]');
    return focused instanceof HTMLElement ? focused.dataset['key'] : undefined;
  }

  /** @param {string} key */
  #focus(key) {
    this.#list.reveal(key, MARGIN)?.focus({ preventScroll: true });
  }
}

customElements.define('chat-log', ChatLog);
