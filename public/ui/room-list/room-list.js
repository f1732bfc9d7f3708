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
  #form = new RoomForm();

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
      this.#rooms.replaceChildren(...rooms.map(line));
      this.#empty.hidden = rooms.length > 0;
      this.#status.textContent = rooms.length === 0 ? '' : rooms.length === 1 ? '1 room' : `${rooms.length} rooms`;
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.#status.textContent = 'The rooms cannot be listed now. Try again in a moment.';
    } finally {
      this.removeAttribute('aria-busy');
    }
  }
}

customElements.define('room-list', RoomList);

/** @param {ListedRoom} room */
function line(room) {
  const isFull = room.guest_limit > 0 && room.guests >= room.guest_limit;
  const lock = room.protected ? element('span', { class: 'lock' }, icon('key'), element('span', { class: 'visually-hidden' }, 'With a password')) : undefined;
  return element(
    'li',
    {},
    element(
      'a',
      { href: pathOf(room.room_id), class: isFull ? 'full' : undefined },
      element('span', { class: 'name' }, element('bdi', {}, room.name), lock),
      element('span', { class: 'about' }, `${guests(room)} · ${lastUsed(room)}`),
      element('span', { class: 'go', 'aria-hidden': 'true' }, 'Enter'),
    ),
  );
}
