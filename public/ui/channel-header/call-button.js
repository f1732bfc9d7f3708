import { element } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../state/app.js').App} App */

/**
 * Begins a call in the open channel, or leads into the one that is on, and says how many are in it.
 *
 * @param {App} app
 * @param {() => void} call
 */
export function callButton(app, call) {
  const count = element('span');
  const text = element('span', { hidden: true }, count, element('span', { class: 'in-call' }, ' in call'), ' · Join');
  const button = element('button', { class: 'icon-button call', type: 'button', onclick: call }, icon('camera'), text);
  return {
    button,
    paint() {
      const { length } = app.calls.in(app.channel);
      // The way back into it stands above.
      button.hidden = app.calls.own === app.channel;
      button.classList.toggle('on', length > 0);
      text.hidden = length === 0;
      count.textContent = String(length);
      button.setAttribute('aria-label', length > 0 ? `${length} in call · Join` : 'Start a call');
      button.title = length > 0 ? '' : 'Start a call';
    },
  };
}
