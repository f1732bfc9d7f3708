import { Shelf } from '../../protocol/shelf.js';
import { isAboutRooms, isMade, newRoom, pathOf, roomOf, ROOMS } from '../../state/call-address.js';
import { saveAs } from '../account-dialog/save-as.js';
import { ChannelHeader } from '../channel-header/channel-header.js';
import { ChatComposer } from '../chat-composer/chat-composer.js';
import { ChatLog } from '../chat-log/chat-log.js';
import { ChatSidebar } from '../chat-sidebar/chat-sidebar.js';
import { ConnectionBanner } from '../connection-banner/connection-banner.js';
import { element, painter } from '../dom.js';
import { GuestGreeting } from '../guest-greeting/guest-greeting.js';
import { firstSign, whenIdle } from '../idle.js';
import { Later } from '../later.js';
import { Notifier } from '../notifier.js';
import { markUnread } from '../unread-mark.js';
import { NarrowView } from './narrow-view.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/call-address.js').Place} Place */

/** How long a notice is there to be read, in milliseconds. */
const NOTICE = 6_000;
/** The status of a room that takes nobody else at present. */
const FULL = 418;

/** The whole page: the channels beside the open one; on a narrow screen one of the two. */
export class ChatApp extends HTMLElement {
  #app;
  #view = new NarrowView(this);
  #notice = element('p', { class: 'notice', role: 'status' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeTimer;

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  connectedCallback() {
    const app = this.#app;
    const view = this.#view;
    const notifier = new Notifier(app, (channel) => this.#open(channel));
    const missing = () => this.#tell('This part of the page could not be fetched. Try again when there is a connection.');
    const account = new Later(this, () => import('../account-dialog/account-dialog.js'), ({ AccountDialog }) => new AccountDialog(app), missing);
    const people = new Later(this, () => import('../people-dialog/people-dialog.js'), ({ PeopleDialog }) => new PeopleDialog(app, () => view.toChannel()), missing);
    const settings = new Later(this, () => import('../settings-dialog/settings-dialog.js'), ({ SettingsDialog }) => new SettingsDialog(app, notifier), missing);
    const help = new Later(this, () => import('../help-dialog/help-dialog.js'), ({ HelpDialog }) => new HelpDialog(), missing);
    const main = element('main');
    const calls = new Later(main, fetchCalls, ({ CallView }) => new CallView(app, main), missing);
    const call = (/** @type {Place} */ place) => {
      view.toChannel();
      calls.open(place);
    };
    const pages = new Later(main, fetchRooms, ({ RoomPages }) => new RoomPages(app, main, { call, entitle }), missing);
    /** What is seen in the place of a channel. @type {string | undefined} */
    let title;
    const entitle = (/** @type {string | undefined} */ name) => ((title = name), mark());
    const rooms = () => {
      view.toChannel();
      history.pushState({ view: 'channel' }, '', ROOMS);
      pages.open(ROOMS);
    };
    const composer = new ChatComposer(app, { help: () => help.open(), people: (query) => people.open(query), save: saveAs, call, rooms });
    const sidebar = new ChatSidebar(app, {
      opened: () => view.toChannel(),
      account: () => account.open(),
      people: () => people.open(),
      settings: () => settings.open(),
      room: () => call({ room: newRoom() }),
      rooms,
    });
    main.append(
      element(
        'div',
        { class: 'conversation' },
        new ChannelHeader(app, { back: () => view.toList(), people: () => people.open(), help: () => help.open(), call: () => call({ channel: app.channel }) }),
        new GuestGreeting(app, () => account.open()),
        element('div', { class: 'stage' }, new ChatLog(app, (quotation) => composer.quote(quotation)), new ConnectionBanner(app)),
        composer,
      ),
      this.#notice,
    );
    this.append(sidebar, main);
    // What is not needed to begin with, so that it is at hand later, also while there is no connection.
    let isPrepared = false;
    app.on('connection', async () => {
      if (isPrepared || !app.client.ready) return;
      isPrepared = true;
      await used;
      whenIdle(() => [composer, account, people, settings, help, calls, pages].forEach((part) => part.prepare()));
    });

    const mark = painter(() => markUnread(app.channels.unread, title ?? app.nameOf(app.channel)));
    app.on('channel', mark);
    app.on('identity', mark);
    app.people.on('change', mark);
    app.channels.on('change', mark);
    app.on('channel', () => composer.focusIfHandy());
    app.on('welcome', () => account.open());
    app.on('notice', (text) => this.#tell(text));
    addEventListener('storage', ({ key }) => Shelf.has(key) || app.refresh());
    addEventListener('online', () => app.client.probe());
    addEventListener('offline', () => app.client.probe());
    addEventListener('pageshow', () => app.client.probe());
    document.addEventListener('visibilitychange', () => document.hidden || app.client.probe());
    notifier.start();
    mark();
    composer.focusIfHandy();
    const used = firstSign();
    const enter = async () => {
      const room = roomOf(location.hash);
      if (room === undefined) return;
      const isNamed = await hasPage(room);
      // Another one was wanted meanwhile.
      if (room !== roomOf(location.hash)) return;
      if (!isNamed) return call({ room });
      history.replaceState(history.state, '', pathOf(room));
      pages.open(location.pathname);
    };
    addEventListener('hashchange', enter);
    enter();
    if (isAboutRooms(location.pathname)) pages.open(location.pathname);
  }

  /** @param {string} channel */
  #open(channel) {
    for (const dialog of this.querySelectorAll('dialog')) dialog.close();
    this.#app.open(channel);
    this.#view.toChannel();
  }

  /** @param {string} text */
  #tell(text) {
    clearTimeout(this.#noticeTimer);
    this.#notice.textContent = text;
    this.#noticeTimer = setTimeout(() => (this.#notice.textContent = ''), NOTICE);
  }
}

customElements.define('chat-app', ChatApp);

/** Calls, and how they look: most visits need neither. */
function fetchCalls() {
  return styled(import('../call-view/call-view.js'));
}

/**
 * Whether a link means a room with a page of its own. Where that cannot be found out, it does not.
 *
 * @param {string} slug
 */
async function hasPage(slug) {
  if (isMade(slug)) return false;
  const asked = import('../../protocol/rooms.js').then(({ Room }) => Room.look(location.origin, slug));
  return asked.then(() => true, ({ status }) => status === FULL);
}

/** The pages of rooms, as well. */
function fetchRooms() {
  return styled(import('../room-pages/room-pages.js'));
}

/**
 * @template Module
 * @param {Promise<Module>} coming
 */
async function styled(coming) {
  const [module, { stylesAreThere }] = await Promise.all([coming, import('../late-style.js')]);
  await stylesAreThere();
  return module;
}
