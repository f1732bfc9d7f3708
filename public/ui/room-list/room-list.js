import { Room, RoomError } from '../../protocol/rooms.js';
import { pathOf } from '../../state/call-address.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';
import { RoomForm } from './room-form.js';
import { guests, lastUsed } from './room-words.js';

/** @typedef {import('../../protocol/rooms.js').ListedRoom} ListedRoom */

lateStyle('room-list.css', import.meta.url);

/** The rooms for everybody as they were when last looked at, and the way to a new one. */
export class RoomList extends HTMLElement {
  #status = element('p', { class: 'status', role: 'status' });
  #rooms = element('ul', { 'aria-labelledby': 'rooms-title' });
  #empty = element('p', { class: 'empty', hidden: true }, 'There is no room for everybody at present. Make one, and whoever comes here sees it.');
  #refresh = element('button', { class: 'button', type: 'button' }, 'Refresh');
  #does;
  #form;

  /** @param {{ enter: (slug: string) => void, isIn: (slug: string) => boolean }} does */
  constructor(does) {
    super();
    this.#does = does;
    this.#form = new RoomForm(does.enter);
  }

  connectedCallback() {
    this.append(
      element(
        'div',
        { class: 'top' },
        element('h1', { id: 'rooms-title', tabindex: -1 }, 'Rooms for everybody'),
        this.#refresh,
        element('button', { class: 'button primary', type: 'button', 'aria-haspopup': 'dialog', onclick: () => this.#form.open() }, 'New room'),
      ),
      this.#status,
      this.#empty,
      this.#rooms,
      this.#form.node,
    );
    this.#refresh.addEventListener('click', () => this.#look());
    this.#look();
  }

  async #look() {
    if (this.getAttribute('aria-busy') === 'true') return;
    this.setAttribute('aria-busy', 'true');
    this.#status.textContent = 'Looking…';
    try {
      const rooms = await Room.list(location.origin);
      this.#rooms.replaceChildren(...rooms.map((room) => this.#line(room)));
      this.#empty.hidden = rooms.length > 0;
      this.#status.textContent = rooms.length === 0 ? '' : rooms.length === 1 ? '1 room' : `${rooms.length} rooms`;
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.#status.textContent = 'The rooms cannot be listed now. Try again in a moment.';
    } finally {
      this.removeAttribute('aria-busy');
    }
  }

  /** @param {ListedRoom} room */
  #line(room) {
    const isIn = this.#does.isIn(room.room_id);
    const isFull = !isIn && room.guest_limit > 0 && room.guests >= room.guest_limit;
    const lock = room.protected ? element('span', { class: 'lock' }, icon('key'), element('span', { class: 'visually-hidden' }, 'With a password')) : undefined;
    return element(
      'li',
      {},
      element(
        'a',
        { href: pathOf(room.room_id), class: isFull ? 'full' : undefined, onclick: (/** @type {MouseEvent} */ event) => this.#enter(event, room.room_id) },
        element('span', { class: 'name' }, element('bdi', {}, room.name), lock),
        element('span', { class: 'about' }, `${guests(room)} · ${lastUsed(room)}`),
        element('span', { class: 'go', 'aria-hidden': isIn ? undefined : 'true' }, isIn ? 'You are here' : 'Enter'),
      ),
    );
  }

  /**
   * Without leaving the page: a call that is on stays so until the next one begins.
   *
   * @param {MouseEvent} event
   * @param {string} slug
   */
  #enter(event, slug) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#does.enter(slug);
  }
}

customElements.define('room-list', RoomList);
