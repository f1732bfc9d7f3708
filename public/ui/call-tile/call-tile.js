import { APART } from '../../state/call-words.js';
import { callIcon } from '../call-icons.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';
import { MovingPicture } from './moving-picture.js';

/** @typedef {import('../../state/call-tiles.js').Tile} Tile */

lateStyle('call-tile.css', import.meta.url);

/** How long a reaction is seen, in milliseconds. */
const REACTION = 3_500;

/** Somebody in a call, or the screen that they share. */
export class CallTile extends HTMLElement {
  #avatar = new UserAvatar();
  #picture = new MovingPicture(() => this.#pictured());
  #name = element('bdi');
  #silent = element('span', { class: 'silent' }, callIcon('microphoneOff'));
  #hand = element('span', { class: 'hand', hidden: true }, '✋');
  #quality = element('span', { class: 'quality' }, element('i'), element('i'), element('i'));
  #pin = element('button', { class: 'pin', type: 'button' }, callIcon('pin'));
  #trouble = element('span');
  #state = element('p', { class: 'state', hidden: true }, icon('sending'), this.#trouble);
  #reaction = element('span', { class: 'reaction', 'aria-hidden': 'true' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reacting;

  /** @param {() => void} pin */
  constructor(pin) {
    super();
    this.#pin.addEventListener('click', pin);
    this.addEventListener('dblclick', (event) => event.target instanceof Element && !event.target.closest('button') && pin());
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute('role', 'group');
    this.append(
      this.#avatar,
      this.#picture.node,
      this.#state,
      element('div', { class: 'label', 'aria-hidden': 'true' }, this.#silent, this.#name),
      element('div', { class: 'marks' }, this.#pin, element('span', { 'aria-hidden': 'true' }, this.#hand), this.#quality),
      this.#reaction,
    );
    this.#quality.setAttribute('aria-hidden', 'true');
  }

  /**
   * @param {Tile} tile
   * @param {{ track: MediaStreamTrack | undefined, pinned: boolean, troubled: boolean }} seen
   */
  show({ person, source }, { track, pinned, troubled }) {
    const isScreen = source === 'screen';
    const wanted = isScreen ? person.screen : person.camera;
    if (!wanted) this.#picture.clear();
    else if (track) this.#picture.show(track);

    const name = isScreen ? (person.own ? 'Your screen' : `${person.name}’s screen`) : person.own ? `${person.name} (you)` : person.name;
    const quality = person.absent || isScreen ? undefined : person.quality;
    const shown = person.own && !isScreen ? 'You' : name;
    if (this.#name.textContent !== shown) this.#name.textContent = shown;
    this.#avatar.show(person.user, person.name);
    this.#silent.hidden = isScreen || person.microphone;
    this.#hand.hidden = isScreen || !person.hand;
    this.#state.hidden = !(person.absent || (troubled && !person.own));
    const trouble = person.apart ? APART : 'Reconnecting…';
    if (this.#trouble.textContent !== trouble) this.#trouble.textContent = trouble;
    this.#quality.hidden = quality === undefined;
    this.#quality.dataset['quality'] = quality ?? '';
    this.#pin.setAttribute('aria-pressed', String(pinned));
    this.#pin.setAttribute('aria-label', `Pin ${name}`);
    this.#pin.title = pinned ? 'Unpin' : 'Pin';
    this.classList.toggle('speaking', person.speaking && person.microphone && !isScreen);
    this.classList.toggle('own', person.own);
    this.classList.toggle('screen', isScreen);
    this.classList.toggle('frozen', !this.#state.hidden);
    const said = [name, !isScreen && !person.microphone && 'microphone off', !isScreen && !person.camera && 'camera off', person.hand && !isScreen && 'hand raised'];
    const label = [...said, quality && quality !== 'good' && `connection ${quality}`, !this.#state.hidden && (person.apart ? 'out of reach' : 'reconnecting')].filter(Boolean).join(', ');
    if (this.getAttribute('aria-label') !== label) this.setAttribute('aria-label', label);
  }

  /** @param {string} reaction */
  react(reaction) {
    clearTimeout(this.#reacting);
    // Anew, so that the same one once more is seen to come.
    this.#reaction.replaceChildren(element('span', {}, reaction));
    this.#reacting = setTimeout(() => this.#reaction.replaceChildren(), REACTION);
  }

  /** It is gone: nothing goes on behind the scene. */
  release() {
    clearTimeout(this.#reacting);
    this.#picture.clear();
  }

  #pictured() {
    this.classList.toggle('pictured', this.#picture.isThere);
  }
}

customElements.define('call-tile', CallTile);
