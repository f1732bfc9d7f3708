import { pageOf, pathOf, ROOMS } from '../../state/call-address.js';
import { RoomVisit } from '../../state/room-visit.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';
import { RoomDoor } from '../room-door/room-door.js';
import { RoomList } from '../room-list/room-list.js';

/** @typedef {import('../../state/app.js').App} App */

lateStyle('room-pages.css', import.meta.url);

/**
 * The pages at /public and /room/SLUG: which rooms there are, and the door of one. Behind the door begins the call. The page around is told
 * by data-room that there is nothing else to be seen.
 */
export class RoomPages extends HTMLElement {
  #app;
  #page;
  #does;
  #content = element('div', { class: 'content' });
  /** @type {RoomVisit | undefined} */
  #visit;
  /** The channel that is open behind it. */
  #channel = '';
  /** The page is being left, and its address stays. */
  #ending = false;

  /**
   * @param {App} app
   * @param {HTMLElement} page Around this, and the conversation.
   * @param {{ call: (place: import('../../state/call-address.js').Place) => void, entitle: (name: string | undefined) => void }} does What the
   *   window is called, where it is not the channel.
   */
  constructor(app, page, does) {
    super();
    this.#app = app;
    this.#page = page;
    this.#does = does;
  }

  connectedCallback() {
    const app = this.#app;
    this.hidden = true;
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', 'Rooms');
    this.append(
      element(
        'header',
        {},
        element('button', { class: 'icon-button', type: 'button', 'aria-label': 'Back to the channels', title: 'Back to the channels', onclick: () => this.#back() }, icon('back')),
        element('img', { src: new URL('../../favicon.svg', import.meta.url).href, alt: '', width: 24, height: 24 }),
        element('strong', {}, 'Rialto'),
      ),
      this.#content,
    );
    app.on('identity', () => this.#visit?.callMe(app.identity?.username));
    app.on('channel', () => app.channel !== this.#channel && this.#page.dataset['room'] && this.#back());
    app.client.on('identity', ({ left }) => left && left !== 'forgotten' && this.#visit?.leave());
    addEventListener('popstate', () => this.open(location.pathname));
    const probe = () => this.#visit?.probe();
    for (const sign of ['online', 'offline']) addEventListener(sign, probe);
    document.addEventListener('visibilitychange', () => document.hidden || probe());
    // Before the call hears of it: an address that is loaded anew, or come back to, is the room's still.
    addEventListener('pagehide', () => ((this.#ending = true), this.#visit?.leave()), { capture: true });
    addEventListener('pageshow', ({ persisted }) => {
      this.#ending = false;
      if (persisted) this.open(location.pathname);
      probe();
    });
  }

  /** @param {string} path */
  open(path) {
    this.#channel = this.#app.channel;
    const slug = pageOf(path);
    if (slug === undefined) this.#show(path === ROOMS ? this.#list() : undefined);
    else if (slug !== this.#visit?.slug) this.#visitRoom(slug);
    // Back from the list, which one may look at while one is in a room.
    else if (this.#visit.isInside) this.#toCall(this.#visit);
  }

  #list() {
    const enter = (/** @type {string} */ slug) => {
      history.pushState(history.state, '', pathOf(slug));
      this.open(location.pathname);
    };
    return new RoomList({ enter, isIn: (slug) => slug === this.#visit?.slug && this.#visit.isInside });
  }

  /** @param {RoomVisit} visit */
  #toCall(visit) {
    this.#show(undefined);
    this.#does.call({ room: visit.slug, visit });
  }

  /** @param {string} slug */
  #visitRoom(slug) {
    const before = this.#visit;
    const visit = new RoomVisit(location.origin, slug);
    this.#visit = visit;
    before?.leave();
    visit.callMe(this.#app.identity?.username);
    const door = new RoomDoor(visit);
    visit.on('change', () => visit === this.#visit && this.#follow(visit, door));
    this.#show(door);
    visit.look();
  }

  /**
   * @param {RoomVisit} visit
   * @param {RoomDoor} door
   */
  #follow(visit, door) {
    if (visit.standing === 'left') this.#visit = undefined;
    this.#entitle();
    if (visit.standing === 'left') {
      if (this.#ending) return;
      if (pageOf(location.pathname) !== undefined) this.#address('/');
      if (door.isConnected) this.#toChannels();
    } else if (visit.standing === 'in') {
      if (!door.isConnected) return;
      this.#toCall(visit);
    } else if (!visit.isInside && !door.isConnected) {
      this.#address(pathOf(visit.slug));
      this.#show(door);
    }
  }

  /** To what is behind it: the channels, or the call in the room that one is in. */
  #back() {
    const visit = this.#visit;
    if (visit && this.#content.querySelector('room-door')) return visit.leave();
    this.#address(visit ? pathOf(visit.slug) : '/');
    this.#toChannels();
  }

  #toChannels() {
    this.#show(undefined);
    this.#page.querySelector('textarea')?.focus();
  }

  /** The window is called after the room that one is at or in, the list of rooms, or, as ever, the channel. */
  #entitle() {
    this.#does.entitle(this.#content.querySelector('room-list') ? 'Rooms for everybody' : this.#visit?.name);
  }

  /** @param {string} path */
  #address(path) {
    history.replaceState(history.state, '', path + location.hash);
  }

  /** @param {HTMLElement | undefined} content */
  #show(content) {
    this.hidden = content === undefined;
    if (content) this.#page.dataset['room'] = 'open';
    else delete this.#page.dataset['room'];
    this.#content.replaceChildren(...(content ? [content] : []));
    this.#entitle();
  }
}

customElements.define('room-pages', RoomPages);
