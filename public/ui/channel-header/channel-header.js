import { GENERAL } from '../../protocol/types.js';
import { element, painter } from '../dom.js';
import { icon } from '../icons.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';
import { callButton } from './call-button.js';
import { channelMenu } from './channel-menu.js';

/** @typedef {import('../../state/app.js').App} App */

/** As many faces as stand for all who are here. */
const FACES = 3;

/** What the open channel is, who is there, and what can be done about it. */
export class ChannelHeader extends HTMLElement {
  #app;
  #does;
  #avatar = new UserAvatar();
  #title = element('h1', { tabindex: -1 });
  #subtitle = element('p', { class: 'subtitle' });
  #elsewhere = element('span', { class: 'badge', hidden: true });
  #faces = element('span', { class: 'faces', 'aria-hidden': 'true' });
  #people = element('button', { class: 'people', type: 'button', 'aria-haspopup': 'dialog' }, this.#faces, icon('people'), element('span', { class: 'visually-hidden' }, 'People'));
  #call;
  #menu;

  /**
   * @param {App} app
   * @param {{ back: () => void, people: () => void, help: () => void, call: () => void }} does What the buttons lead to.
   */
  constructor(app, does) {
    super();
    this.#app = app;
    this.#does = does;
    this.#call = callButton(app, () => does.call());
    this.#menu = channelMenu(app);
  }

  connectedCallback() {
    const app = this.#app;
    this.append(
      element(
        'button',
        { class: 'icon-button back', type: 'button', 'aria-label': 'All channels', onclick: () => this.#does.back() },
        icon('back'),
        this.#elsewhere,
      ),
      this.#avatar,
      element('div', { class: 'titles' }, this.#title, this.#subtitle),
      this.#call.button,
      this.#people,
      element(
        'button',
        { class: 'icon-button', type: 'button', 'aria-label': 'Commands and keys', 'aria-haspopup': 'dialog', onclick: () => this.#does.help() },
        icon('help'),
      ),
      this.#menu.button,
      this.#menu.menu,
    );
    this.#people.addEventListener('click', () => this.#does.people());
    const paint = painter(() => this.#paint());
    app.on('channel', paint);
    app.on('identity', paint);
    app.people.on('change', paint);
    app.channels.on('change', paint);
    app.calls.on('change', paint);
    this.#paint();
  }

  #paint() {
    const app = this.#app;
    const { channel } = app;
    const name = app.nameOf(channel);
    this.#title.textContent = name;
    this.#subtitle.textContent = this.#describe(channel);
    this.#avatar.hidden = channel === GENERAL;
    if (channel !== GENERAL) this.#avatar.show(channel, name, app.people.find(channel)?.OnLine ?? false);
    this.#menu.paint();
    this.#call.paint();
    this.#elsewhere.hidden = app.channels.unread === 0;
    this.#elsewhere.textContent = String(app.channels.unread);
    this.#paintPeople();
  }

  #paintPeople() {
    const here = this.#app.channel === GENERAL ? this.#app.people.list().filter(({ OnLine }) => OnLine) : [];
    const shown = here.slice(0, FACES);
    this.#people.classList.toggle('crowd', shown.length > 0);
    while (this.#faces.children.length > shown.length) this.#faces.lastElementChild?.remove();
    shown.forEach(({ UUID, Username }, index) => {
      const face = this.#faces.children[index] ?? this.#faces.appendChild(new UserAvatar());
      if (face instanceof UserAvatar) face.show(UUID, Username);
    });
  }

  /** @param {string} channel */
  #describe(channel) {
    const { people, identity } = this.#app;
    if (channel === identity?.userUUID) return 'Notes only you can read';
    if (channel !== GENERAL) return people.find(channel)?.OnLine ? 'Online' : 'Offline';
    const online = people.list().filter(({ OnLine }) => OnLine).length;
    return online === 1 ? 'Only you are here' : `${online} people here`;
  }
}

customElements.define('channel-header', ChannelHeader);
