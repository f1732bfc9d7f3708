import { Devices } from '../../rtc/devices.js';
import { callIcon } from '../call-icons.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';
import { menuButton } from '../menu.js';
import { KEYS } from './call-keys.js';
import { reactionButton } from './reactions.js';
import { Toggle } from './toggle.js';

/** @typedef {import('../menu.js').Choice} Choice */

lateStyle('call-controls.css', import.meta.url);

/**
 * What the buttons do.
 *
 * @typedef {object} Deeds
 * @property {() => void} microphone
 * @property {() => void} camera
 * @property {() => void} screen
 * @property {() => void} hand
 * @property {(reaction: string) => void} react
 * @property {() => void} chat
 * @property {() => void} people
 * @property {() => void} view
 * @property {() => void} devices
 * @property {() => void} leave
 */

/**
 * How things stand.
 *
 * @typedef {object} State
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {boolean} screen
 * @property {boolean} hand
 * @property {boolean} chat
 * @property {boolean} people
 * @property {boolean} speaker
 * @property {number} unread
 * @property {{ microphone?: unknown, camera?: unknown }} obstacles
 */

/** The bar at the bottom of a call. Where it is short, what is used seldom is in a menu. */
export class CallControls extends HTMLElement {
  #does;
  #hasChat;
  #toggles;
  #unread = element('span', { class: 'badge', hidden: true });
  /** @type {State | undefined} */
  #state;

  /**
   * @param {Deeds} does
   * @param {{ chat: boolean }} has
   */
  constructor(does, has) {
    super();
    this.#does = does;
    this.#hasChat = has.chat;
    this.#toggles = {
      microphone: new Toggle({ name: 'Microphone', pictures: ['microphone', 'microphoneOff'], words: ['Mute', 'Unmute'], keys: KEYS.microphone, look: 'device' }, does.microphone),
      camera: new Toggle({ name: 'Camera', pictures: ['camera', 'cameraOff'], words: ['Turn the camera off', 'Turn the camera on'], keys: KEYS.camera, look: 'device' }, does.camera),
      screen: new Toggle({ name: 'Share screen', pictures: ['screen'], words: ['Stop sharing', 'Share a screen'], look: 'seldom' }, does.screen),
      hand: new Toggle({ name: 'Raise hand', pictures: ['hand'], words: ['Lower your hand', 'Raise your hand'], keys: KEYS.hand }, does.hand),
      chat: new Toggle({ name: 'Chat', pictures: ['chat'], words: ['Hide the chat', 'Show the chat'], keys: KEYS.chat }, does.chat),
      people: new Toggle({ name: 'People in the call', pictures: ['people'], words: ['Hide the people', 'Show the people'], keys: KEYS.people, look: 'seldom' }, does.people),
      speaker: new Toggle({ name: 'Speaker view', pictures: ['speaker', 'grid'], words: ['Show everybody alike', 'Show who speaks'], keys: KEYS.view, look: 'seldom' }, does.view),
    };
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute('role', 'toolbar');
    this.setAttribute('aria-label', 'Call');
    const { microphone, camera, screen, hand, chat, people, speaker } = this.#toggles;
    const reactions = reactionButton(this.#does.react);
    reactions.button.classList.add('seldom');
    const more = menuButton('more', () => this.#choices());
    more.button.className = 'control';
    more.button.setAttribute('aria-label', 'More');
    more.button.title = 'More';
    screen.node.hidden = !Devices.canShareScreen;
    chat.node.hidden = !this.#hasChat;
    const bar = element('div', { class: 'bar' });
    bar.append(
      element(
        'div',
        { class: 'group' },
        microphone.node,
        camera.node,
        screen.node,
        hand.node,
        reactions.button,
        element('button', { class: 'control leave', type: 'button', 'aria-label': 'Leave', title: 'Leave the call', onclick: this.#does.leave }, callIcon('hangUp')),
      ),
      element('div', { class: 'group end' }, speaker.node, people.node, element('span', { class: 'with-badge' }, chat.node, this.#unread), more.button),
    );
    this.append(bar, reactions.menu, more.menu);
  }

  /** @param {State} state */
  show(state) {
    this.#state = state;
    const { microphone, camera, screen, hand, chat, people, speaker } = this.#toggles;
    microphone.show(state.microphone, Boolean(state.obstacles.microphone));
    camera.show(state.camera, Boolean(state.obstacles.camera));
    screen.show(state.screen);
    hand.show(state.hand);
    chat.show(state.chat);
    people.show(state.people);
    speaker.show(state.speaker);
    this.#unread.hidden = state.unread === 0 || state.chat || !this.#hasChat;
    this.#unread.textContent = state.unread > 9 ? '9+' : String(state.unread);
  }

  /** @returns {Choice[]} */
  #choices() {
    const does = this.#does;
    const state = this.#state;
    const isNarrow = !this.#toggles.people.node.checkVisibility();
    /** @type {Choice[]} */
    const seldom = [
      { label: state?.people ? 'Hide the people' : 'People', picture: 'people', act: does.people },
      { label: state?.speaker ? 'Show everybody alike' : 'Show who speaks', picture: 'person', act: does.view },
      ...(Devices.canShareScreen ? [/** @type {Choice} */ ({ label: state?.screen ? 'Stop sharing' : 'Share a screen', picture: 'send', act: does.screen })] : []),
      ...['👍', '❤️', '🎉'].map((reaction) => /** @type {Choice} */ ({ label: reaction, picture: 'smile', group: 'React', act: () => does.react(reaction) })),
    ];
    return [{ label: 'Microphone, camera, speaker', picture: 'settings', act: does.devices }, ...(isNarrow ? seldom : [])];
  }
}

customElements.define('call-controls', CallControls);
