import { GENERAL } from '../../protocol/types.js';
import { Pair } from '../../rtc/pair.js';
import { Peer } from '../../rtc/peer.js';
import { hashOf, pathOf, roomOf } from '../../state/call-address.js';
import { Call } from '../../state/call.js';
import { CallLobby } from '../call-lobby/call-lobby.js';
import { CallRoom } from '../call-room/call-room.js';
import { copyText } from '../clipboard.js';
import { lateStyle } from '../late-style.js';
import { CallDock } from './call-dock.js';
import { OwnMedia } from './own-media.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/call-address.js').Place} Place */
/** @typedef {import('../../protocol/calls.js').Mode} Mode */

lateStyle('call-view.css', import.meta.url);

/**
 * The way into a call, through it and out again. The page around it is told by data-call how much of it is shown: all (`open`), a line
 * (`docked`), or nothing; and by data-side whether the chat is beside it.
 */
export class CallView extends HTMLElement {
  #app;
  #page;
  /** @type {Place | undefined} */
  #place;
  /** @type {OwnMedia | undefined} */
  #own;
  /** @type {Call<MediaStreamTrack> | undefined} */
  #call;
  /** @type {CallRoom | undefined} */
  #room;
  #dock = new CallDock({ back: () => this.#return(), microphone: () => this.#own?.toggle('microphone'), leave: () => this.#call?.leave() });
  /** Ends the look at whether we are still in the room. @type {(() => void) | undefined} */
  #unfollow;
  /** Where the focus was before. @type {Element | null} */
  #before = null;

  /**
   * @param {App} app
   * @param {HTMLElement} page Around this, and the conversation.
   */
  constructor(app, page) {
    super();
    this.#app = app;
    this.#page = page;
  }

  connectedCallback() {
    this.setAttribute('role', 'region');
    this.hidden = true;
    this.#app.on('channel', () => this.#call && !this.#isChannel(this.#app.channel) && this.#page.dataset['call'] === 'open' && this.#minimise());
    addEventListener('pagehide', () => this.#call?.leave());
  }

  /** Before a call at this place, or back in it. @param {Place} place */
  open(place) {
    if (this.#call && this.#isAt(place)) return this.#return();
    if (this.#own && this.#isAt(place)) return;
    if (this.#call) {
      this.#app.emit('notice', `You left the call in ${this.#title}.`);
      this.#call.leave();
    }
    this.#close();
    this.#before = document.activeElement;
    this.#place = place;
    if ('room' in place) {
      const { visit } = place;
      if (!visit) history.replaceState(history.state, '', hashOf(place.room));
      // Out of the room is out of its call.
      this.#unfollow = visit?.on('change', () => visit.isInside || (this.#place === place && this.#putOut()));
    } else if (place.channel !== this.#app.channel) this.#app.open(place.channel);
    const own = new OwnMedia(this.#app.devices);
    this.#own = own;
    const does = { join: (/** @type {Mode | undefined} */ mode) => this.#join(place, own, mode), leave: () => this.#close(), copyLink: () => this.#copyLink() };
    // What is not shown takes no focus.
    this.#show('open');
    this.#put(new CallLobby(this.#app, own, { place, title: this.#heading }, does));
  }

  /** What one is asked to join. */
  get #heading() {
    const place = this.#place;
    if (!place || 'room' in place) return this.#title;
    return place.channel === GENERAL ? 'Call in General' : `Call with ${this.#title}`;
  }

  get #title() {
    const place = this.#place;
    if (!place) return '';
    if ('channel' in place) return this.#app.nameOf(place.channel);
    return place.visit?.name ?? `Room ${place.room}`;
  }

  /**
   * @param {Place} place
   * @param {OwnMedia} own
   * @param {Mode | undefined} mode How the call is to go, if we open it.
   */
  async #join(place, own, mode) {
    /** @type {import('../../state/call-media.js').Makers<MediaStreamTrack>} */
    const make = { node: (iceServers) => new Peer(iceServers), pair: (wish) => new Pair(wish) };
    const call = new Call(this.#app.client, this.#app.connection, place, make, mode);
    this.#call = call;
    if ('channel' in place) this.#app.calls.enter(place.channel);
    const room = new CallRoom(this.#app, call, own, {
      title: this.#title,
      minimise: () => this.#minimise(),
      copyLink: () => this.#copyLink(),
      beside: (side) => this.#beside(side),
    });
    this.#room = room;
    const follow = () => (call.ending === undefined ? this.#dock.show(`In call · ${this.#title} · ${room.crowd}`, own.isOn('microphone')) : this.#over(call));
    own.on('change', follow);
    const entered = own.enter(call);
    this.#put(room);
    await entered;
  }

  /** @param {Call<MediaStreamTrack>} call */
  #over(call) {
    if (call !== this.#call) return;
    this.#close();
    if (call.ending) this.#app.emit('notice', call.ending);
  }

  /** Out of the room, and so of its call. */
  #putOut() {
    if (this.#call) this.#app.emit('notice', `You left the call in ${this.#title}.`);
    this.#close();
  }

  /** Nothing is left of it. */
  #close() {
    const hadFocus = this.contains(document.activeElement);
    this.#call?.leave();
    this.#own?.close();
    this.#unfollow?.();
    const visit = this.#visit;
    this.#call = undefined;
    this.#own = undefined;
    this.#room = undefined;
    this.#place = undefined;
    this.#app.calls.enter(undefined);
    if (roomOf(location.hash)) history.replaceState(history.state, '', location.pathname + location.search);
    this.#beside(undefined);
    this.#show(undefined);
    this.replaceChildren();
    const before = this.#before instanceof HTMLElement && this.#before.checkVisibility() ? this.#before : undefined;
    if (hadFocus) (before ?? this.#page.querySelector('textarea'))?.focus();
    if (visit?.isInside) visit.leave();
  }

  /** The room that one is in as a guest, where it is one of those. */
  get #visit() {
    const place = this.#place;
    return place && 'room' in place ? place.visit : undefined;
  }

  /** What leads others here, where there is such a thing. */
  get #link() {
    const place = this.#place;
    if (!place || 'channel' in place) return undefined;
    return new URL(place.visit ? pathOf(place.room) : `/${hashOf(place.room)}`, location.origin).href;
  }

  /** @param {HTMLElement} content */
  #put(content) {
    this.setAttribute('aria-label', `Call: ${this.#title}`);
    this.replaceChildren(this.#dock.node, content);
  }

  #return() {
    const link = this.#link;
    // Of what one looked at meanwhile, the address may be there still.
    if (link) history.replaceState(history.state, '', link);
    this.#show('open');
    this.querySelector('h1')?.focus();
  }

  #minimise() {
    this.#show('docked');
    this.#page.querySelector('textarea')?.focus();
  }

  /** @param {'open' | 'docked' | undefined} as */
  #show(as) {
    this.hidden = as === undefined;
    if (as === undefined) delete this.#page.dataset['call'];
    else this.#page.dataset['call'] = as;
    const place = this.#place;
    if (as === 'open' && this.#call && place && 'channel' in place && place.channel !== this.#app.channel) this.#app.open(place.channel);
  }

  /** @param {'chat' | 'people' | undefined} side */
  #beside(side) {
    if (side) this.#page.dataset['side'] = side;
    else delete this.#page.dataset['side'];
    if (side === 'chat') this.#page.querySelector('textarea')?.focus();
  }

  async #copyLink() {
    const link = this.#link;
    if (!link) return;
    const copied = await copyText(link);
    const who = this.#visit?.room?.protected ? 'whoever has it and knows the password can come in.' : 'whoever has it can come in.';
    this.#app.emit('notice', copied ? `The link is copied: ${who}` : `The browser does not let this page copy. The link is ${link}`);
  }

  /** @param {Place} place */
  #isAt(place) {
    if ('channel' in place) return this.#isChannel(place.channel);
    return this.#place !== undefined && 'room' in this.#place && this.#place.room === place.room && this.#place.visit === place.visit;
  }

  /** @param {string} channel */
  #isChannel(channel) {
    return this.#place !== undefined && 'channel' in this.#place && this.#place.channel === channel;
  }
}

customElements.define('call-view', CallView);
