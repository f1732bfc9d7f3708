import { APART } from '../../state/call-words.js';
import { callIcon } from '../call-icons.js';
import { element, reconcile } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** @typedef {import('../../state/call-roster.js').Person} Person */

lateStyle('call-people.css', import.meta.url);

/** Everybody in the call, in a list: who has a hand up comes first. */
export class CallPeople extends HTMLElement {
  #close;
  #title = element('h2', {});
  #list = element('ul', {});
  /** @type {WeakMap<Element, Line>} */
  #lines = new WeakMap();

  /** @param {() => void} close */
  constructor(close) {
    super();
    this.#close = close;
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', 'People in the call');
    this.append(
      element('header', {}, this.#title, element('button', { class: 'icon-button', type: 'button', 'aria-label': 'Hide the people', onclick: this.#close }, icon('close'))),
      this.#list,
    );
  }

  /** @param {Person[]} people */
  show(people) {
    this.#title.textContent = people.length === 1 ? 'Only you' : `${people.length} people`;
    const inOrder = people.toSorted((a, b) => Number(b.hand) - Number(a.hand));
    reconcile(this.#list, inOrder, ({ participant }) => participant, (person, old) => {
      const line = (old && this.#lines.get(old)) ?? new Line();
      line.show(person);
      this.#lines.set(line.item, line);
      return line.item;
    });
  }
}

customElements.define('call-people', CallPeople);

/** Somebody. */
class Line {
  #avatar = new UserAvatar();
  #name = element('bdi', { class: 'name' });
  #marks = element('span', { class: 'marks' });
  #shown = '';
  item = element('li', {}, this.#avatar, this.#name, this.#marks);

  /** @param {Person} person */
  show({ user, name, own, hand, microphone, camera, screen, absent, apart, speaking }) {
    const shown = JSON.stringify([name, hand, microphone, camera, screen, absent, apart]);
    this.item.classList.toggle('speaking', speaking && microphone);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#avatar.show(user, name);
    this.#name.textContent = own ? `${name} (you)` : name;
    this.item.classList.toggle('absent', absent);
    this.#marks.replaceChildren(
      ...[
        hand && mark('Hand raised', document.createTextNode('✋')),
        screen && mark('Shares a screen', callIcon('screen')),
        absent && mark(apart ? APART : 'Reconnecting', icon('sending')),
        mark(camera ? 'Camera on' : 'Camera off', callIcon(camera ? 'camera' : 'cameraOff'), !camera),
        mark(microphone ? 'Microphone on' : 'Microphone off', callIcon(microphone ? 'microphone' : 'microphoneOff'), !microphone),
      ].filter((node) => node instanceof Node),
    );
  }
}

/**
 * @param {string} words
 * @param {Node} picture
 * @param {boolean} [off]
 */
function mark(words, picture, off = false) {
  return element('span', { class: off ? 'mark off' : 'mark', title: words }, element('span', { class: 'visually-hidden' }, `${words} `), element('span', { 'aria-hidden': 'true' }, picture));
}
