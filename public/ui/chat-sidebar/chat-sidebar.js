import { GENERAL } from '../../protocol/types.js';
import { element, painter, reconcile, rove } from '../dom.js';
import { timeOrDay } from '../format.js';
import { icon } from '../icons.js';
import { menuButton } from '../menu.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/channels.js').Channel} Channel */

const LOGO = new URL('../../favicon.svg', import.meta.url).href;
const MANY = 99;

/** General, the direct channels, and who we are. */
export class ChatSidebar extends HTMLElement {
  #app;
  #does;
  #general = element('ul');
  #direct = element('ul');
  #nobody = element('p', { class: 'nobody' }, 'Write to somebody and the conversation appears here.');
  #avatar = new UserAvatar();
  #name = element('span', { class: 'name' });
  #kind = element('span', { class: 'kind' });
  /** @type {WeakMap<Element, Line>} */
  #lines = new WeakMap();

  /**
   * @param {App} app
   * @param {{ opened: () => void, account: () => void, people: () => void, settings: () => void, room: () => void, rooms: () => void }} does What the buttons lead to.
   */
  constructor(app, does) {
    super();
    this.#app = app;
    this.#does = does;
  }

  connectedCallback() {
    const channels = element(
      'nav',
      { 'aria-label': 'Channels' },
      this.#general,
      element('h2', {}, 'Direct messages'),
      this.#direct,
      this.#nobody,
    );
    rove(channels, 'button');
    const rooms = menuButton('camera', () => [
      { label: 'New room for a call', picture: 'camera', act: () => this.#does.room() },
      { label: 'Rooms for everybody', picture: 'people', act: () => this.#does.rooms() },
    ]);
    rooms.button.setAttribute('aria-label', 'Rooms');
    rooms.button.title = 'Rooms';
    this.append(
      element(
        'header',
        { class: 'head' },
        element('img', { src: LOGO, alt: '', width: 28, height: 28 }),
        element('strong', {}, 'Rialto'),
        rooms.button,
        rooms.menu,
        element(
          'button',
          { class: 'icon-button', type: 'button', 'aria-label': 'New direct message', onclick: () => this.#does.people() },
          icon('write'),
        ),
      ),
      channels,
      element(
        'div',
        { class: 'foot' },
        element(
          'button',
          { class: 'account', type: 'button', 'aria-haspopup': 'dialog', onclick: () => this.#does.account() },
          this.#avatar,
          element('span', { class: 'lines' }, this.#name, this.#kind),
        ),
        element(
          'button',
          { class: 'icon-button', type: 'button', 'aria-label': 'Settings', 'aria-haspopup': 'dialog', onclick: () => this.#does.settings() },
          icon('settings'),
        ),
      ),
    );

    const app = this.#app;
    const paint = painter(() => this.#paint());
    for (const name of /** @type {const} */ (['channel', 'identity', 'connection'])) app.on(name, paint);
    app.people.on('change', paint);
    app.channels.on('change', paint);
    app.calls.on('change', paint);
    this.#paint();
  }

  #paint() {
    const app = this.#app;
    const [general, ...direct] = app.channels.list();
    this.#lay(this.#general, general ? [general] : []);
    this.#lay(this.#direct, direct);
    this.#nobody.hidden = direct.length > 0;
    this.#stop();

    const { identity } = app;
    const name = identity?.username || (identity ? 'Guest' : 'Not signed in');
    this.#avatar.show(identity?.userUUID ?? '', identity ? name : '', identity ? app.client.ready : undefined);
    this.#name.textContent = name;
    this.#kind.textContent = !identity ? 'Sign in' : identity.guest ? 'Guest · keep this name' : app.client.ready ? 'Online' : 'Offline';
  }

  /** Tab leads to the open channel, unless another one has the focus. */
  #stop() {
    /** @type {NodeListOf<HTMLElement>} */
    const buttons = this.querySelectorAll('nav button');
    if ([...buttons].includes(/** @type {HTMLElement} */ (document.activeElement))) return;
    for (const button of buttons) button.tabIndex = button.hasAttribute('aria-current') ? 0 : -1;
  }

  /**
   * @param {Element} list
   * @param {Channel[]} channels
   */
  #lay(list, channels) {
    reconcile(
      list,
      channels,
      ({ id }) => `channel ${id}`,
      (channel, old) => {
        const line = (old && this.#lines.get(old)) ?? new Line(() => this.#open(channel.id));
        line.show(this.#app, channel);
        this.#lines.set(line.item, line);
        return line.item;
      },
    );
  }

  /** @param {string} channel */
  #open(channel) {
    this.#app.open(channel);
    this.#does.opened();
  }
}

customElements.define('chat-sidebar', ChatSidebar);

/** One channel. */
class Line {
  #avatar = new UserAvatar();
  #name = element('span', { class: 'name' });
  #at = element('time');
  #last = element('span', { class: 'last' });
  #presence = element('span', { class: 'visually-hidden' });
  #count = element('span');
  #call = element('span', { class: 'call', hidden: true }, icon('camera'), element('span', { class: 'visually-hidden' }, 'In a call'));
  #badge = element('span', { class: 'badge' }, this.#count, element('span', { class: 'visually-hidden' }, ' unread'));
  #button;
  item;

  /** @param {() => void} open */
  constructor(open) {
    this.#button = element(
      'button',
      { type: 'button', tabindex: -1, onclick: open },
      this.#avatar,
      element('span', { class: 'lines' }, this.#name, this.#presence, this.#at, this.#last, this.#badge), this.#call,
    );
    this.item = element('li', {}, this.#button);
  }

  /**
   * @param {App} app
   * @param {Channel} channel
   */
  show(app, { id, unread, last }) {
    const name = app.nameOf(id);
    const online = id === GENERAL ? undefined : (app.people.find(id)?.OnLine ?? false);
    this.#avatar.show(id, id === GENERAL ? '#' : name, online);
    this.#avatar.classList.toggle('general', id === GENERAL);
    this.#name.textContent = name;
    this.#at.textContent = last ? timeOrDay(new Date(last.CreatedAt)) : '';
    this.#last.textContent = last ? preview(last, app.identity?.userUUID, id === GENERAL) : '';
    this.#badge.hidden = unread === 0;
    this.#count.textContent = unread > MANY ? `${MANY}+` : String(unread);
    this.#call.hidden = app.calls.in(id).length === 0;
    this.item.classList.toggle('unread', unread > 0);
    this.#presence.textContent = online === undefined ? '' : online ? 'online' : 'offline';
    if (id === app.channel) this.#button.setAttribute('aria-current', 'page');
    else this.#button.removeAttribute('aria-current');
  }
}

/** As much of a message as a line can show. */
const PREVIEW = 120;

/**
 * @param {import('../../protocol/types.js').Message} message
 * @param {string | undefined} own
 * @param {boolean} named
 */
function preview({ SenderUUID, Sender, Message, DeletedAt }, own, named) {
  const text = DeletedAt ? 'Message deleted' : Message.slice(0, PREVIEW).replaceAll(/\s+/g, ' ');
  if (SenderUUID === own) return `You: ${text}`;
  return named ? `${Sender.Username}: ${text}` : text;
}
