import { GENERAL } from '../../protocol/types.js';
import { AccountDialog } from '../account-dialog/account-dialog.js';
import { saveAs } from '../account-dialog/save-as.js';
import { ChatComposer } from '../chat-composer/chat-composer.js';
import { ChatLog } from '../chat-log/chat-log.js';
import { ChatSidebar } from '../chat-sidebar/chat-sidebar.js';
import { ConnectionBanner } from '../connection-banner/connection-banner.js';
import { element, painter } from '../dom.js';
import { icon } from '../icons.js';
import { HelpDialog } from '../help-dialog/help-dialog.js';
import { Notifier } from '../notifier.js';
import { PeopleDialog } from '../people-dialog/people-dialog.js';
import { SettingsDialog } from '../settings-dialog/settings-dialog.js';
import { markUnread } from '../unread-mark.js';
import { channelMenu } from './channel-menu.js';

/** @typedef {import('../../state/app.js').App} App */

const NOTICE = 6_000;

/** The whole page: the channels beside the open one; on a narrow screen one of the two. */
export class ChatApp extends HTMLElement {
  #app;
  #title = element('h1', { tabindex: -1 });
  #subtitle = element('p', { class: 'subtitle' });
  #elsewhere = element('span', { class: 'badge', hidden: true });
  #menu;
  #notice = element('p', { class: 'notice', role: 'status' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeTimer;

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
    this.#menu = channelMenu(app);
  }

  connectedCallback() {
    const app = this.#app;
    const account = new AccountDialog(app);
    const people = new PeopleDialog(app, () => this.#show('channel'));
    const notifier = new Notifier(app, (channel) => this.#open(channel));
    const settings = new SettingsDialog(app, notifier);
    const help = new HelpDialog();
    const composer = new ChatComposer(app, { help: () => help.open(), people: (query) => people.open(query), save: saveAs });
    const sidebar = new ChatSidebar(app, {
      opened: () => this.#show('channel'),
      account: () => account.open(),
      people: () => people.open(),
      settings: () => settings.open(),
    });
    const back = element(
      'button',
      { class: 'icon-button back', type: 'button', 'aria-label': 'All channels', onclick: () => this.#show('list') },
      icon('back'),
      this.#elsewhere,
    );
    const log = new ChatLog(app);
    this.append(
      sidebar,
      element(
        'main',
        {},
        element(
          'header',
          {},
          back,
          element('div', { class: 'titles' }, this.#title, this.#subtitle),
          tool('People', 'people', () => people.open()),
          tool('Commands and keys', 'help', () => help.open()),
          this.#menu.button,
          this.#menu.menu,
        ),
        element('div', { class: 'stage' }, log, new ConnectionBanner(app), this.#notice),
        composer,
      ),
      account,
      people,
      settings,
      help,
    );
    this.#show('channel');

    const paint = painter(() => this.#paint());
    app.on('channel', paint);
    app.on('identity', paint);
    app.people.on('change', paint);
    app.channels.on('change', paint);
    app.on('channel', () => composer.focusIfHandy());
    app.on('welcome', () => account.open());
    app.on('notice', (text) => this.#tell(text));
    addEventListener('storage', () => app.refresh());
    addEventListener('online', () => app.client.probe());
    addEventListener('offline', () => app.client.probe());
    addEventListener('pageshow', () => app.client.probe());
    document.addEventListener('visibilitychange', () => document.hidden || app.client.probe());
    notifier.start();
    this.#paint();
    composer.focusIfHandy();
  }

  /** @param {string} channel */
  #open(channel) {
    for (const dialog of this.querySelectorAll('dialog')) dialog.close();
    this.#app.open(channel);
    this.#show('channel');
  }

  /** @param {'list' | 'channel'} view What a narrow screen shows. */
  #show(view) {
    this.dataset['view'] = view;
  }

  #paint() {
    const app = this.#app;
    const { channel } = app;
    const name = app.nameOf(channel);
    this.#title.textContent = name;
    this.#subtitle.textContent = this.#describe(channel);
    this.#menu.paint();
    const { unread } = app.channels;
    this.#elsewhere.hidden = unread === 0;
    this.#elsewhere.textContent = String(unread);
    markUnread(unread, name);
  }

  /** @param {string} channel */
  #describe(channel) {
    const { people, identity } = this.#app;
    if (channel === identity?.userUUID) return 'Notes only you can read';
    if (channel !== GENERAL) return people.find(channel)?.OnLine ? 'Online' : 'Offline';
    const online = people.list().filter(({ OnLine }) => OnLine).length;
    return online === 1 ? 'Only you are here' : `${online} people here`;
  }

  /** @param {string} text */
  #tell(text) {
    clearTimeout(this.#noticeTimer);
    this.#notice.textContent = text;
    this.#noticeTimer = setTimeout(() => (this.#notice.textContent = ''), NOTICE);
  }
}

customElements.define('chat-app', ChatApp);

/**
 * A button that opens a dialog.
 *
 * @param {string} label
 * @param {import('../icons.js').IconName} picture
 * @param {() => void} open
 */
function tool(label, picture, open) {
  return element('button', { class: 'icon-button', type: 'button', 'aria-label': label, 'aria-haspopup': 'dialog', onclick: open }, icon(picture));
}
