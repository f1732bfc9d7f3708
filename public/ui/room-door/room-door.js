import { pathOf, ROOMS } from '../../state/call-address.js';
import { element } from '../dom.js';
import { lateStyle } from '../late-style.js';
import { Patience } from '../room-list/patience.js';
import { guests } from '../room-list/room-words.js';

/** @typedef {import('../../state/room-visit.js').RoomVisit} RoomVisit */
/** @typedef {import('../../state/room-visit.js').Standing} Standing */

lateStyle('room-door.css', import.meta.url);

/** @type {Partial<Record<Standing, string>>} */
const WORDS = {
  looking: 'Looking for the room…',
  coming: 'Coming in…',
  missing: 'There is no such room. Rooms go when nobody has been in them for a while; perhaps the link has a mistake.',
  full: 'This room is full. As soon as somebody leaves there is a place for you.',
};

/** Before a room: what it is, its password if one has to say it, and why there is no way in if there is none. */
export class RoomDoor extends HTMLElement {
  #visit;
  #title = element('h1', { tabindex: -1 });
  #about = element('p', { class: 'about' });
  #words = element('p', { class: 'words', role: 'status' });
  #input = element('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true, maxlength: 72, 'aria-describedby': 'room-problem' });
  #problem = element('p', { class: 'error', id: 'room-problem', role: 'alert' });
  #enter = element('button', { class: 'button primary', type: 'submit' }, 'Come in');
  #form;
  #again = element('button', { class: 'button primary', type: 'button' }, 'Try again');
  #others = element('a', { class: 'button', href: ROOMS }, 'Rooms for everybody');
  #patience = new Patience(() => this.#waited());
  /** @type {(() => void) | undefined} */
  #stop;
  /** @type {Standing | undefined} */
  #painted;

  /** @param {RoomVisit} visit */
  constructor(visit) {
    super();
    this.#visit = visit;
    // Sent by the browser itself if there is no script to do it: the server takes it as it is.
    this.#form = element(
      'form',
      { method: 'post', action: pathOf(visit.slug) },
      element('label', { class: 'field' }, 'Password of this room', this.#input),
      this.#problem,
      this.#enter,
    );
    this.append(this.#title, this.#about, this.#words, this.#form, this.#patience.node, element('div', { class: 'choices' }, this.#again, this.#others));
    this.#form.addEventListener('submit', (event) => this.#submit(event));
    this.#again.addEventListener('click', () => visit.look());
  }

  connectedCallback() {
    this.#painted = undefined;
    this.#stop = this.#visit.on('change', () => this.#paint());
    this.#paint();
  }

  disconnectedCallback() {
    this.#stop?.();
    this.#patience.end();
    this.#input.value = '';
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#visit.busy || this.#patience.isNeeded) return;
    await this.#visit.say(this.#input.value);
    if (!this.#visit.problem || !this.#input.isConnected) return;
    this.#input.focus();
    this.#input.select();
  }

  #paint() {
    const { standing, room, name, problem, busy, until } = this.#visit;
    const isAsking = standing === 'asking';
    this.#title.textContent = name;
    this.#about.textContent = room ? `${guests(room)} · ${room.protected ? 'Protected by a password' : 'Open to whoever has the link'}` : '';
    const words = isAsking ? '' : (WORDS[standing] ?? problem);
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#form.hidden = !isAsking;
    const wrong = isAsking ? problem : '';
    if (this.#problem.textContent !== wrong) this.#problem.textContent = wrong;
    this.#input.setAttribute('aria-invalid', String(wrong !== '' && until <= Date.now()));
    this.#patience.begin(isAsking || standing === 'away' ? until : 0);
    this.#enter.disabled = busy || this.#patience.isNeeded;
    this.#again.hidden = standing !== 'full' && standing !== 'away';
    this.#again.disabled = busy || this.#patience.isNeeded;
    this.#others.hidden = standing !== 'full' && standing !== 'missing';
    if (this.#painted === standing) return;
    this.#painted = standing;
    if (isAsking) this.#input.focus();
    // Whoever was in, and is in no more.
    else if (standing === 'missing' || standing === 'full') this.#title.focus();
  }

  /** Enough was waited. A server that was out of reach is asked again by itself. */
  #waited() {
    if (this.#visit.standing === 'away') this.#visit.look();
    else this.#visit.problem = '';
    this.#paint();
  }
}

customElements.define('room-door', RoomDoor);
