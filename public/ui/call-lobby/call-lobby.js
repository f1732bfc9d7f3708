import { Level } from '../../rtc/level.js';
import { obstaclesWords } from '../../state/call-words.js';
import { KEYS } from '../call-controls/call-keys.js';
import { Toggle } from '../call-controls/toggle.js';
import { CallPickers } from '../call-pickers/call-pickers.js';
import { MovingPicture } from '../call-tile/moving-picture.js';
import { element } from '../dom.js';
import { enumeration } from '../format.js';
import { icon } from '../icons.js';
import { lateStyle } from '../late-style.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** @typedef {import('../../state/app.js').App} App */

lateStyle('call-lobby.css', import.meta.url);

/** How often the loudness is drawn, in milliseconds. */
const METER = 80;
/** So many of those who are in the call are named. */
const NAMED = 3;

/** Before a call: how one will be seen and heard, and what is used for it. */
export class CallLobby extends HTMLElement {
  #app;
  #own;
  #place;
  #does;
  #avatar = new UserAvatar();
  #picture = new MovingPicture(() => this.#paint());
  #hint = element('p', { class: 'hint' });
  #meter = element('span', { class: 'meter', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'), element('i'), element('i'));
  #obstacle = element('p', { class: 'obstacle', role: 'alert' });
  #again = element('button', { class: 'button', type: 'button', hidden: true }, 'Try again');
  #who = element('p', { class: 'who' });
  #name = element('bdi');
  #peers = element('input', { id: 'peer-to-peer', type: 'checkbox', role: 'switch', 'aria-describedby': 'peer-to-peer-hint' });
  #way = element(
    'div',
    { class: 'way' },
    element('label', { for: 'peer-to-peer' }, 'Peer to peer'),
    this.#peers,
    element('p', { id: 'peer-to-peer-hint' }, 'Straight to each other, without a media server: for up to 4 people. The others can find out your IP address. Whoever opens a call chooses.'),
  );
  #title = element('h1', { tabindex: -1 });
  #join = element('button', { class: 'button primary join', type: 'button' }, 'Join');
  #microphone;
  #camera;
  /** @type {Level | undefined} */
  #level;
  /** @type {MediaStreamTrack | undefined} */
  #heard;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #metering;
  /** @type {(() => unknown)[]} */
  #stops = [];

  /**
   * @param {App} app
   * @param {import('../call-view/own-media.js').OwnMedia} own
   * @param {{ place: import('../../state/call-address.js').Place, title: string }} call
   * @param {{ join: (mode: 'p2p' | undefined) => void, leave: () => void, copyLink: () => void }} does
   */
  constructor(app, own, { place, title }, does) {
    super();
    this.#title.textContent = title;
    this.#app = app;
    this.#own = own;
    this.#place = place;
    this.#does = does;
    this.#microphone = new Toggle({ name: 'Microphone', pictures: ['microphone', 'microphoneOff'], words: ['Mute', 'Unmute'], keys: KEYS.microphone, look: 'device' }, () => own.toggle('microphone'));
    this.#camera = new Toggle({ name: 'Camera', pictures: ['camera', 'cameraOff'], words: ['Turn the camera off', 'Turn the camera on'], keys: KEYS.camera, look: 'device' }, () => own.toggle('camera'));
    this.append(
      element(
        'div',
        { class: 'preview' },
        this.#avatar,
        this.#picture.node,
        this.#hint,
        element('div', { class: 'buttons' }, this.#microphone.node, this.#camera.node, this.#meter),
      ),
      element(
        'div',
        { class: 'entrance' },
        this.#title,
        this.#who,
        element('p', { class: 'as' }, 'You come in as ', element('strong', {}, this.#name), '.'),
        this.#obstacle,
        this.#again,
        new CallPickers(own),
        element(
          'div',
          { class: 'choices' },
          this.#join,
          element('button', { class: 'button', type: 'button', onclick: () => does.leave() }, 'Not now'),
          'room' in place ? element('button', { class: 'button link', type: 'button', onclick: () => does.copyLink() }, icon('copy'), 'Copy link') : undefined,
        ),
        this.#way,
      ),
    );
  }

  connectedCallback() {
    this.#join.addEventListener('click', () => this.#does.join(this.#peers.checked && !this.#way.hidden ? 'p2p' : undefined));
    this.#again.addEventListener('click', () => this.#own.open());
    this.#stops = [
      this.#own.on('change', () => this.#paint()),
      this.#app.calls.on('change', () => this.#paint()),
      this.#app.on('identity', () => this.#paint()),
      this.#app.on('connection', () => this.#paint()),
    ];
    if ('room' in this.#place && this.#place.visit) this.#stops.push(this.#place.visit.on('change', () => this.#paint()));
    this.#metering = setInterval(() => this.#measure(), METER);
    this.#paint();
    this.#own.open().catch(reportError);
    this.#title.focus({ preventScroll: true });
  }

  disconnectedCallback() {
    clearInterval(this.#metering);
    for (const stop of this.#stops) stop();
    this.#level?.close();
    this.#picture.clear();
  }

  #paint() {
    const { identity, client } = this.#app;
    const own = this.#own;
    const camera = own.isOn('camera') ? own.track('camera') : undefined;
    if (camera) this.#picture.show(camera);
    else this.#picture.clear();
    this.classList.toggle('pictured', this.#picture.isThere);
    this.#avatar.show(identity?.userUUID ?? '', identity?.username ?? '');
    this.#name.textContent = identity?.username ?? '…';
    this.#microphone.show(own.isOn('microphone'), Boolean(own.obstacles.microphone));
    this.#camera.show(own.isOn('camera'), Boolean(own.obstacles.camera));
    const obstacle = obstaclesWords(own.obstacles);
    if (this.#obstacle.textContent !== obstacle) this.#obstacle.textContent = obstacle;
    this.#again.hidden = obstacle === '' || own.asking;
    this.#hint.textContent = own.asking ? 'The browser asks whether this page may use your camera and microphone.' : camera ? '' : 'Your camera is off';
    this.#who.textContent = this.#present();
    // What is going on already is as it is.
    this.#way.hidden = this.#others.length > 0;
    this.#join.disabled = !client.ready || own.asking || own.obstacles.microphone === 'unsupported' || own.obstacles.camera === 'unsupported';
    this.#join.textContent = own.isOn('microphone') || own.isOn('camera') || own.track('microphone') ? 'Join' : 'Join to watch and listen';
    // What has been read out leads on, as soon as it can.
    if (document.activeElement === this.#title) this.#join.focus({ preventScroll: true });
    this.#listen();
  }

  /** Who is there, as far as one can know. */
  get #others() {
    const place = this.#place;
    if ('room' in place) return place.visit?.others.map(({ username }) => username) ?? [];
    return this.#app.calls.in(place.channel).map(({ Username }) => Username);
  }

  #present() {
    const place = this.#place;
    if ('room' in place && !place.visit) return 'Whoever has the link can come in.';
    const visit = 'room' in place ? place.visit : undefined;
    const names = this.#others;
    const where = visit ? 'here' : 'in the call';
    if (names.length === 0) return visit ? 'Nobody else is here yet.' : 'Nobody is in the call yet.';
    return `${enumeration(names.slice(0, NAMED), names.length, NAMED)} ${names.length === 1 ? 'is' : 'are'} ${where}.`;
  }

  #listen() {
    const track = this.#own.isOn('microphone') ? this.#own.track('microphone') : undefined;
    if (track === this.#heard) return;
    this.#heard = track;
    if (track) this.#level ??= new Level();
    this.#level?.listen(track);
  }

  #measure() {
    const bars = [...this.#meter.children];
    const lit = Math.round(Math.sqrt(this.#level?.value ?? 0) * bars.length);
    bars.forEach((bar, index) => bar.classList.toggle('lit', index < lit));
  }
}

customElements.define('call-lobby', CallLobby);
