import { GENERAL } from '../../protocol/types.js';
import { element, painter, reconcile } from '../dom.js';
import { day } from '../format.js';
import { icon } from '../icons.js';
import { messageItem, pendingItem } from './message-item.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/rows.js').Row} Row */

/** This close to the end, in pixels, counts as at the end. */
const NEAR_END = 64;
/** Older messages are fetched before the reader gets to the first one. */
const NEAR_START = 400;

/** The messages of the open channel. */
export class ChatLog extends HTMLElement {
  #app;
  #rows = element('ol');
  #start = element('div', { class: 'start' });
  #log = element('div', { class: 'log', role: 'log', tabindex: 0 }, this.#start, this.#rows);
  #jump = element(
    'button',
    { class: 'jump', type: 'button', 'aria-label': 'Jump to newest', hidden: true, onclick: () => this.#toEnd() },
    icon('down'),
  );
  #atEnd = true;
  #channel = '';
  #newest = 0;
  /** What each row was drawn from. @type {WeakMap<HTMLElement, string>} */
  #drawn = new WeakMap();

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  connectedCallback() {
    this.append(this.#log, this.#jump);
    const app = this.#app;
    const paint = painter(() => this.#paint());
    app.on('timeline', paint);
    app.on('channel', paint);
    app.on('identity', paint);
    app.on('connection', paint);
    app.people.on('change', paint);
    this.#log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    document.addEventListener('visibilitychange', () => this.#attend());
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.#log);
    this.#paint();
  }

  #paint() {
    const app = this.#app;
    const { timeline, channel } = app;
    const rows = app.rows();
    const turned = channel !== this.#channel;
    const sent = rows.at(-1)?.kind === 'pending' && this.#rows.lastElementChild?.getAttribute('data-key') !== rows.at(-1)?.key;
    const live = !turned && this.#newest > 0;

    // History is not news: a screen reader hears only what comes while it is listening.
    this.#log.setAttribute('aria-live', live && !timeline.loading ? 'polite' : 'off');
    this.#log.setAttribute('aria-label', `Messages in ${app.nameOf(channel)}`);
    this.#log.setAttribute('aria-busy', String(timeline.loading || !timeline.loaded));

    const first = this.#rows.querySelector('.message')?.getAttribute('data-key');
    const fromEnd = this.#log.scrollHeight - this.#log.scrollTop;
    this.#begin(rows.length === 0);
    reconcile(this.#rows, rows, ({ key }) => key, (row, old) => this.#draw(row, old, rows));
    if (turned || sent || this.#atEnd) this.#toEnd();
    else if (first !== this.#rows.querySelector('.message')?.getAttribute('data-key')) {
      this.#log.scrollTop = this.#log.scrollHeight - fromEnd;
    }
    this.#channel = channel;
    this.#newest = timeline.newest;
    this.#scrolled();
  }

  /** @param {boolean} empty */
  #begin(empty) {
    const { timeline, channel } = this.#app;
    const name = this.#app.nameOf(channel);
    let text = '';
    if (timeline.loading) text = 'Fetching older messages…';
    else if (timeline.loaded && !timeline.hasOlder) {
      text = channel === GENERAL ? 'This is where General begins. Everybody who comes in can read along.' : `This is where your conversation with ${name} begins.`;
      if (channel === this.#app.identity?.userUUID) text = 'Notes that you write here are for you alone.';
    }
    if (this.#start.textContent !== text) this.#start.textContent = text;
    this.#start.classList.toggle('alone', empty);
  }

  /**
   * @param {Row} row
   * @param {HTMLElement | undefined} old
   * @param {Row[]} rows
   */
  #draw(row, old, rows) {
    const app = this.#app;
    const person = row.kind === 'message' ? app.people.find(row.message.SenderUUID) : undefined;
    const last = row === rows.at(-1);
    const drawn = JSON.stringify([row, person?.Username, last, row.kind === 'day' ? day(row.at) : '', app.client.ready && row.kind === 'pending']);
    if (old && this.#drawn.get(old) === drawn) return old;
    const item = this.#make(row, person?.Username, last);
    this.#drawn.set(item, drawn);
    return item;
  }

  /**
   * @param {Row} row
   * @param {string | undefined} name
   * @param {boolean} last
   */
  #make(row, name, last) {
    const { client } = this.#app;
    switch (row.kind) {
      case 'day':
        return element('li', { class: 'divider' }, element('span', {}, day(row.at)));
      case 'unread':
        return element('li', { class: 'divider unread' }, element('span', {}, 'New'));
      case 'message':
        return messageItem(row, name ?? row.message.Sender.Username, last);
      case 'pending':
        return pendingItem(row, client.ready, {
          retry: () => client.outbox.retry(row.key),
          discard: () => client.outbox.discard(row.key),
        });
    }
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#jump.hidden = this.#atEnd;
    if (scrollTop < NEAR_START) this.#app.loadOlder();
    this.#attend();
  }

  #attend() {
    this.#app.reading.attentive = this.#atEnd && !document.hidden && this.checkVisibility();
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#atEnd = true;
  }
}

customElements.define('chat-log', ChatLog);
