import { THEMES } from '../../state/preferences.js';
import { dialog, dialogHead } from '../dialog.js';
import { element } from '../dom.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/preferences.js').Theme} Theme */

/** @type {Record<Theme, string>} */
const THEME_NAMES = { system: 'System', light: 'Light', dark: 'Dark' };

/** How the page looks and when it calls. Everything takes effect at once, in every window of this browser. */
export class SettingsDialog extends HTMLElement {
  #app;
  #notifier;
  #dialog = dialog('settings-title');
  /** @type {Map<Theme, HTMLInputElement>} */
  #themes;
  #notifications = this.#switch('notifications');
  #notificationsHint = element('p', { class: 'hint', id: 'notifications-hint' });
  #sound = this.#switch('sound');

  /**
   * @param {App} app
   * @param {import('../notifier.js').Notifier} notifier
   */
  constructor(app, notifier) {
    super();
    this.#app = app;
    this.#notifier = notifier;
    this.#themes = new Map(THEMES.map((theme) => [theme, this.#theme(theme)]));
  }

  connectedCallback() {
    const soundHint = element('p', { class: 'hint', id: 'sound-hint' }, 'A soft tone for the same messages.');
    this.#dialog.append(
      dialogHead(this.#dialog, 'Settings'),
      element(
        'fieldset',
        {},
        element('legend', {}, 'Theme'),
        element('div', { class: 'themes' }, ...[...this.#themes].map(([theme, input]) => element('label', {}, input, THEME_NAMES[theme]))),
      ),
      element('div', { class: 'setting' }, element('label', { for: 'notifications' }, 'Desktop notifications'), this.#notificationsHint, this.#notifications),
      element('div', { class: 'setting' }, element('label', { for: 'sound' }, 'Sound'), soundHint, this.#sound),
    );
    this.append(this.#dialog);
    this.#app.preferences.on('change', () => this.#paint());
  }

  open() {
    this.#paint();
    this.#dialog.showModal();
  }

  /** @param {Theme} theme */
  #theme(theme) {
    return element('input', { type: 'radio', name: 'theme', value: theme, onchange: () => this.#app.preferences.set('theme', theme) });
  }

  /** @param {'notifications' | 'sound'} name */
  #switch(name) {
    const input = element('input', { id: name, type: 'checkbox', role: 'switch', 'aria-describedby': `${name}-hint` });
    input.addEventListener('change', () => this.#app.preferences.set(name, input.checked));
    return input;
  }

  #paint() {
    const { theme, notifications, sound } = this.#app.preferences;
    const { obstacle } = this.#notifier;
    for (const [name, input] of this.#themes) input.checked = name === theme;
    this.#notifications.checked = notifications && obstacle === undefined;
    this.#notifications.disabled = obstacle !== undefined;
    this.#notificationsHint.textContent = obstacle ?? 'For direct messages, and for your name in General.';
    this.#sound.checked = sound;
  }
}

customElements.define('settings-dialog', SettingsDialog);
