import { Room, RoomError } from '../../protocol/rooms.js';
import { dialog, dialogHead } from '../dialog.js';
import { element } from '../dom.js';
import { field } from '../form.js';
import { Patience } from './patience.js';

const LONGEST_NAME = 100;
const LONGEST_PASSWORD = 72;
const MOST_GUESTS = 1_000;

/** A new room. Made by the browser itself the form would do as well: the server answers with the way to the room. */
export class RoomForm {
  #name = element('input', { name: 'name', required: true, maxlength: LONGEST_NAME, autocomplete: 'off', 'aria-describedby': 'new-room-problem' });
  #password = element('input', { name: 'password', type: 'password', autocomplete: 'new-password', maxlength: LONGEST_PASSWORD, 'aria-describedby': 'new-room-problem' });
  #limit = element('input', { name: 'guest_limit', type: 'number', inputmode: 'numeric', min: 0, max: MOST_GUESTS, placeholder: 'As many as come' });
  #public = element('input', { name: 'public', value: 'Yes', type: 'checkbox', role: 'switch', id: 'new-room-public', 'aria-describedby': 'new-room-public-hint' });
  #problem = element('p', { class: 'error', id: 'new-room-problem', role: 'alert' });
  #make = element('button', { class: 'button primary', type: 'submit' }, 'Make the room');
  #patience = new Patience(() => {
    this.#make.disabled = false;
    this.#problem.textContent = '';
  });
  #form;
  #enter;
  node = dialog('new-room-title');

  /** @param {(slug: string) => void} enter */
  constructor(enter) {
    this.#enter = enter;
    this.#form = element(
      'form',
      { class: 'new-room', method: 'post', action: '/room' },
      field('Name', this.#name),
      this.#problem,
      field('Password, if it is not for everybody who has the link', this.#password),
      field('Guests at most', this.#limit),
      element(
        'div',
        { class: 'setting' },
        element('label', { for: 'new-room-public' }, 'On the list of rooms'),
        element('p', { class: 'hint', id: 'new-room-public-hint' }, 'Everybody sees that it is there.'),
        this.#public,
      ),
      this.#patience.node,
      this.#make,
    );
    this.node.append(dialogHead(this.node, 'New room'), this.#form);
    this.#form.addEventListener('submit', (event) => this.#submit(event));
    for (const input of [this.#name, this.#password]) input.addEventListener('input', () => input.removeAttribute('aria-invalid'));
  }

  open() {
    this.#problem.textContent = '';
    this.node.showModal();
    this.#name.focus();
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#make.disabled) return;
    this.#make.disabled = true;
    this.#form.setAttribute('aria-busy', 'true');
    this.#problem.textContent = '';
    const wish = { name: this.#name.value, password: this.#password.value, public: this.#public.checked, guestLimit: this.#limit.valueAsNumber || 0 };
    try {
      const slug = await Room.make(location.origin, wish);
      this.node.close();
      this.#enter(slug);
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.#refused(error);
    } finally {
      this.#form.removeAttribute('aria-busy');
    }
  }

  /** @param {RoomError} error */
  #refused({ status, message, retryAfter }) {
    this.#problem.textContent = status === 409 ? 'There is a room with this name already. Choose another name.' : `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
    if (status === 400 || status === 409) {
      // Counted in bytes it may be too long where it was not in characters.
      const isPassword = status === 400 && new TextEncoder().encode(this.#password.value).length > LONGEST_PASSWORD;
      const input = isPassword ? this.#password : this.#name;
      input.setAttribute('aria-invalid', 'true');
      input.focus();
      input.select();
    }
    this.#patience.begin(status === 429 && retryAfter ? Date.now() + retryAfter : 0);
    this.#make.disabled = this.#patience.isNeeded;
  }
}
