import { Awake } from '../../rtc/awake.js';
import { Sound } from '../../rtc/sound.js';
import { obstacleWords } from '../../state/call-words.js';
import { CallBanner } from '../call-banner/call-banner.js';
import { CallControls } from '../call-controls/call-controls.js';
import { shortcut } from '../call-controls/call-keys.js';
import { callIcon } from '../call-icons.js';
import { CallPeople } from '../call-people/call-people.js';
import { CallStage } from '../call-stage/call-stage.js';
import { element, painter } from '../dom.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';
import { CallMode } from './call-mode.js';
import { CallNewsLine } from './call-news-line.js';
import { DeviceDialog } from './device-dialog.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../../state/call.js').Call<MediaStreamTrack>} Call */

lateStyle('call-room.css', import.meta.url);

/** What is to be heard. */
const AUDIBLE = Object.freeze(/** @type {const} */ (['microphone', 'screenAudio']));

/** Being in a call: everybody, the buttons, and what is beside them. */
export class CallRoom extends HTMLElement {
  #app;
  #call;
  #own;
  #does;
  #sound = new Sound();
  #awake = new Awake();
  #count = element('span', { class: 'count' });
  #mode = new CallMode();
  #alone = element('div', { class: 'alone', hidden: true });
  #stage;
  #banner = new CallBanner(() => this.#sound.unlock());
  #controls;
  #people = new CallPeople(() => this.#toggle('people'));
  #news = new CallNewsLine();
  #devices;
  /** What is beside the pictures. @type {'chat' | 'people' | undefined} */
  #side;
  #paintSoon = painter(() => this.#paint());
  /** @type {(() => unknown)[]} */
  #stops = [];

  /**
   * @param {App} app
   * @param {Call} call
   * @param {import('../call-view/own-media.js').OwnMedia} own
   * @param {object} page
   * @param {string} page.title
   * @param {() => void} page.minimise
   * @param {() => void} page.copyLink
   * @param {(side: 'chat' | 'people' | undefined) => void} page.beside What is beside the pictures now.
   */
  constructor(app, call, own, page) {
    super();
    this.#app = app;
    this.#call = call;
    this.#own = own;
    this.#does = page;
    this.#stage = new CallStage(call);
    this.#devices = new DeviceDialog(own);
    const { place } = call;
    this.#controls = new CallControls(
      {
        microphone: () => own.toggle('microphone'),
        camera: () => own.toggle('camera'),
        screen: () => own.toggleScreen(),
        hand: () => call.raiseHand(!call.hand),
        react: (reaction) => call.react(reaction),
        chat: () => this.#toggle('chat'),
        people: () => this.#toggle('people'),
        view: () => this.#turn(),
        devices: () => this.#devices.open(),
        leave: () => call.leave(),
      },
      { chat: 'channel' in place },
    );
    const link = 'room' in place;
    this.append(
      element(
        'header',
        {},
        element('button', { class: 'icon-button', type: 'button', 'aria-label': 'Back to the channels; the call goes on', title: 'Back to the channels; the call goes on', onclick: () => page.minimise() }, icon('back')),
        element('div', { class: 'titles' }, element('h1', { tabindex: -1 }, page.title), this.#count, this.#mode.button, this.#mode.words),
        link ? element('button', { class: 'button copy', type: 'button', onclick: () => page.copyLink() }, callIcon('link'), element('span', {}, 'Copy link')) : undefined,
      ),
      element('div', { class: 'scene' }, this.#stage, this.#alone, this.#banner, this.#news.node),
      this.#people,
      this.#controls,
      this.#devices.node,
    );
    this.#people.hidden = true;
    this.#alone.append(
      element('p', {}, 'You are the only one here.'),
      link
        ? element('button', { class: 'button primary', type: 'button', onclick: () => page.copyLink() }, 'Copy the link for others')
        : element('p', { class: 'muted' }, 'Whoever opens the channel sees that there is a call.'),
    );
  }

  connectedCallback() {
    const key = (/** @type {KeyboardEvent} */ event) => this.#key(event);
    const hide = () => this.#call.subscriptions.hide(document.hidden);
    addEventListener('keydown', key);
    document.addEventListener('visibilitychange', hide);
    this.#stops = [
      () => removeEventListener('keydown', key),
      () => document.removeEventListener('visibilitychange', hide),
      this.#call.on('change', () => (this.#play(), this.#paintSoon())),
      this.#call.on('news', (news) => this.#news.tell(news)),
      this.#call.on('notice', (words) => this.#news.say(words)),
      this.#own.on('change', this.#paintSoon),
      this.#own.on('obstacle', ({ wanted, obstacle }) => this.#news.say(obstacleWords(wanted, obstacle))),
      this.#own.devices.on('change', () => this.#route()),
      this.#sound.on('change', this.#paintSoon),
      this.#app.channels.on('change', this.#paintSoon),
    ];
    this.#awake.begin();
    this.#route();
    this.#play();
    this.#paint();
    this.querySelector('h1')?.focus();
  }

  disconnectedCallback() {
    for (const stop of this.#stops) stop();
    this.#awake.end();
    this.#sound.play(new Map());
    this.#news.close();
  }

  /** How many are there, in words. */
  get crowd() {
    const { length } = this.#call.roster.people;
    return length === 1 ? 'only you' : `${length} people`;
  }

  #paint() {
    const call = this.#call;
    if (call.ending !== undefined) return;
    const { place, people } = call;
    this.#count.textContent = people.length > 0 ? String(people.length) : '';
    this.#count.title = this.crowd;
    this.#mode.show(call.media.mode);
    this.#alone.hidden = !(call.standing === 'on' && people.length === 1);
    this.#banner.show(call.standing, this.#sound.blocked);
    if (!this.#people.hidden) this.#people.show(people);
    this.#controls.show({
      microphone: this.#own.isOn('microphone'),
      camera: this.#own.isOn('camera'),
      screen: this.#own.isSharing,
      hand: call.hand,
      chat: this.#side === 'chat',
      people: this.#side === 'people',
      speaker: this.#stage.view === 'speaker',
      unread: 'channel' in place ? (this.#app.channels.find(place.channel)?.unread ?? 0) : 0,
      obstacles: this.#own.obstacles,
    });
    this.dataset['standing'] = call.standing;
  }

  /** Everything that comes in and is to be heard. */
  #play() {
    const call = this.#call;
    /** @type {Map<string, MediaStreamTrack>} */
    const tracks = new Map();
    for (const { participant, own } of call.people) {
      for (const source of own ? [] : AUDIBLE) {
        const track = call.media.trackOf(participant, source);
        if (track) tracks.set(`${participant} ${source}`, track);
      }
    }
    this.#sound.play(tracks);
  }

  #route() {
    this.#sound.useSpeaker(this.#own.devices.chosen('speaker') ?? '');
  }

  /** @param {'chat' | 'people'} side */
  #toggle(side) {
    this.#side = this.#side === side ? undefined : side;
    this.#people.hidden = this.#side !== 'people';
    this.#does.beside(this.#side);
    this.#paint();
  }

  #turn() {
    this.#stage.view = this.#stage.view === 'grid' ? 'speaker' : 'grid';
    this.#paint();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const meant = shortcut(event);
    if (!meant) return;
    event.preventDefault();
    if (meant === 'microphone' || meant === 'camera') this.#own.toggle(meant);
    else if (meant === 'hand') this.#call.raiseHand(!this.#call.hand);
    else if (!this.checkVisibility()) return;
    else if (meant === 'view') this.#turn();
    else if (meant === 'people' || 'channel' in this.#call.place) this.#toggle(meant);
  }
}

customElements.define('call-room', CallRoom);
