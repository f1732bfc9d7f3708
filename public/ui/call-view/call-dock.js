import { Toggle } from '../call-controls/toggle.js';
import { callIcon } from '../call-icons.js';
import { element } from '../dom.js';

/** A call that goes on while one looks elsewhere. */
export class CallDock {
  #text = element('span', { class: 'what' });
  #microphone;
  node;

  /** @param {{ back: () => void, microphone: () => void, leave: () => void }} does */
  constructor(does) {
    this.#microphone = new Toggle({ name: 'Microphone', pictures: ['microphone', 'microphoneOff'], words: ['Mute', 'Unmute'], keys: 'Ctrl+D', look: 'device' }, does.microphone);
    this.node = element(
      'div',
      { class: 'dock', role: 'region', 'aria-label': 'Your call' },
      element('button', { class: 'return', type: 'button', onclick: does.back }, callIcon('camera'), this.#text, element('span', { class: 'link' }, 'Back to the call')),
      this.#microphone.node,
      element('button', { class: 'control leave', type: 'button', 'aria-label': 'Leave', title: 'Leave the call', onclick: does.leave }, callIcon('hangUp')),
    );
  }

  /**
   * @param {string} text
   * @param {boolean} microphone
   */
  show(text, microphone) {
    if (this.#text.textContent !== text) this.#text.textContent = text;
    this.#microphone.show(microphone);
  }
}
