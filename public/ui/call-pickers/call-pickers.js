import { Devices } from '../../rtc/devices.js';
import { element } from '../dom.js';
import { lateStyle } from '../late-style.js';

/** @typedef {import('../../rtc/devices.js').Kind} Kind */

lateStyle('call-pickers.css', import.meta.url);

/** @type {Record<Kind, string>} */
const NAMES = { microphone: 'Microphone', camera: 'Camera', speaker: 'Speaker' };

/** Which microphone, camera and speaker are used. */
export class CallPickers extends HTMLElement {
  #own;
  /** @type {Map<Kind, HTMLSelectElement>} */
  #lists = new Map();
  #stop = () => {};

  /** @param {import('../call-view/own-media.js').OwnMedia} own */
  constructor(own) {
    super();
    this.#own = own;
  }

  connectedCallback() {
    if (!this.firstChild) {
      const kinds = /** @type {Kind[]} */ (Object.keys(NAMES));
      for (const kind of kinds.filter((one) => one !== 'speaker' || Devices.canChooseSpeaker)) {
        const list = element('select', { onchange: () => this.#own.use(kind, list.value) });
        this.#lists.set(kind, list);
        this.append(element('label', { class: 'field' }, NAMES[kind], list));
      }
    }
    const stops = [this.#own.on('change', () => this.#paint()), this.#own.devices.on('change', () => this.#paint())];
    this.#stop = () => stops.forEach((stop) => stop());
    this.#paint();
  }

  disconnectedCallback() {
    this.#stop();
  }

  #paint() {
    for (const [kind, list] of this.#lists) {
      const devices = this.#own.devices.list(kind);
      const used = kind === 'speaker' ? undefined : this.#own.track(kind)?.getSettings().deviceId;
      const chosen = [used, this.#own.devices.chosen(kind)].find((id) => devices.some(({ deviceId }) => deviceId === id)) ?? devices[0]?.deviceId;
      const shown = JSON.stringify(devices.map(({ deviceId, label }) => [deviceId, label]));
      if (list.dataset['shown'] !== shown) {
        list.dataset['shown'] = shown;
        list.replaceChildren(...devices.map(({ deviceId, label }, index) => element('option', { value: deviceId }, label || `${NAMES[kind]} ${index + 1}`)));
        if (devices.length === 0) list.append(element('option', { value: '' }, kind === 'speaker' ? 'As the system has it' : 'None'));
      }
      list.disabled = devices.length === 0;
      if (chosen !== undefined) list.value = chosen;
    }
  }
}

customElements.define('call-pickers', CallPickers);
