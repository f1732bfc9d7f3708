import { Emitter } from '../../protocol/emitter.js';
import { Devices } from '../../rtc/devices.js';

/** @typedef {import('../../rtc/devices.js').Input} Input */
/** @typedef {import('../../rtc/devices.js').Kind} Kind */
/** @typedef {import('../../rtc/obstacle.js').Obstacle} Obstacle */
/** @typedef {import('../../state/call.js').Call<MediaStreamTrack>} Call */

/** @type {readonly Input[]} */
const INPUTS = Object.freeze(['microphone', 'camera']);

/**
 * Our own microphone, camera and screen: before a call, where they are tried, and in it, where they are sent.
 *
 * @extends {Emitter<{ change: undefined, obstacle: { wanted: Input | 'screen', obstacle: Obstacle } }>}
 */
export class OwnMedia extends Emitter {
  devices;
  /** Why something cannot be had. @type {Partial<Record<Input, Obstacle | undefined>>} */
  obstacles = {};
  /** The user is being asked. */
  asking = false;

  /** @type {Partial<Record<Input, MediaStreamTrack>>} */
  #tracks = {};
  /** @type {Call | undefined} */
  #call;
  #closed = false;

  /** @param {import('../../protocol/keep.js').Keep<import('../../protocol/calls.js').DeviceChoices>} keep */
  constructor(keep) {
    super();
    this.devices = new Devices(keep);
    this.devices.on('change', () => this.#plugged());
  }

  /** Opens what was on when last used. */
  async open() {
    await this.#get(INPUTS.filter((input) => this.devices.isWanted(input) && !this.track(input)));
  }

  /**
   * Sends what is open.
   *
   * @param {Call} call
   */
  async enter(call) {
    const tracks = this.#tracks;
    this.#call = call;
    this.#tracks = {};
    call.on('change', () => this.emit('change', undefined));
    await call.enter(tracks);
  }

  /** @param {Input} input */
  track(input) {
    return this.#call ? this.#call.own(input) : this.#tracks[input];
  }

  /** @param {Input} input */
  isOn(input) {
    return this.#call ? this.#call.isOn(input) : this.#tracks[input]?.enabled === true;
  }

  /** @param {Input} input */
  async toggle(input) {
    const on = !this.isOn(input);
    this.devices.want(input, on);
    if (!on) this.#rest(input);
    else if (input === 'microphone' && this.track(input)) this.#unmute();
    else await this.#get([input]);
    this.emit('change', undefined);
  }

  /**
   * Uses another device from now on.
   *
   * @param {Kind} kind
   * @param {string} deviceId
   */
  async use(kind, deviceId) {
    this.devices.choose(kind, deviceId);
    if (kind === 'speaker' || !this.isOn(kind)) {
      // It is opened when it is wanted: the one that is silent now would else be used then.
      if (kind === 'microphone' && this.track(kind)) await this.#get([kind], false);
      return;
    }
    await this.#get([kind]);
  }

  get isSharing() {
    return this.#call?.isOn('screen') === true;
  }

  async toggleScreen() {
    const call = this.#call;
    if (!call) return;
    if (call.isOn('screen')) return void (await this.#stopScreen(call));
    const { screen, screenAudio, obstacle } = await this.devices.openScreen();
    if (obstacle || !screen) return this.emit('obstacle', { wanted: 'screen', obstacle: obstacle ?? 'missing' });
    // The browser has a button of its own that ends it.
    screen.addEventListener('ended', () => this.#stopScreen(call));
    await call.send('screen', screen);
    if (screenAudio) await call.send('screenAudio', screenAudio);
  }

  /** Every light is off. */
  close() {
    this.#closed = true;
    for (const track of Object.values(this.#tracks)) track.stop();
    this.#tracks = {};
  }

  /** @param {Call} call */
  async #stopScreen(call) {
    await Promise.all([call.suspend('screen'), call.suspend('screenAudio')]);
  }

  /** @param {Input} input */
  #rest(input) {
    const track = this.track(input);
    if (this.#call) return void (input === 'camera' ? this.#call.suspend(input) : this.#call.mute(input, true));
    if (input === 'microphone' && track) track.enabled = false;
    else {
      track?.stop();
      delete this.#tracks[input];
    }
  }

  #unmute() {
    const track = this.track('microphone');
    if (this.#call) this.#call.mute('microphone', false);
    else if (track) track.enabled = true;
  }

  /**
   * @param {Input[]} inputs
   * @param {boolean} enabled
   */
  async #get(inputs, enabled = true) {
    if (inputs.length === 0) return void (await this.devices.refresh());
    this.asking = true;
    this.emit('change', undefined);
    const got = await this.devices.open(inputs);
    this.asking = false;
    for (const input of inputs) {
      const { track, obstacle } = got[input];
      this.obstacles[input] = obstacle;
      if (obstacle) this.emit('obstacle', { wanted: input, obstacle });
      if (track) await this.#take(input, track, enabled);
    }
    this.emit('change', undefined);
  }

  /**
   * @param {Input} input
   * @param {MediaStreamTrack} track
   * @param {boolean} enabled
   */
  async #take(input, track, enabled) {
    // The user went away while they were asked.
    if (this.#closed || (this.#call && this.#call.ending !== undefined)) return track.stop();
    track.addEventListener('ended', () => this.#unplugged(input, track));
    if (this.#call) {
      await this.#call.send(input, track);
      if (!enabled) this.#call.mute(input, true);
      return;
    }
    this.#tracks[input]?.stop();
    track.enabled = enabled;
    this.#tracks[input] = track;
  }

  /**
   * The device is gone, or was taken away.
   *
   * @param {Input} input
   * @param {MediaStreamTrack} track
   */
  #unplugged(input, track) {
    if (this.track(input) !== track) return;
    this.obstacles[input] = 'missing';
    if (this.#call) this.#call.suspend(input);
    else delete this.#tracks[input];
    this.emit('obstacle', { wanted: input, obstacle: 'missing' });
    this.emit('change', undefined);
  }

  #plugged() {
    for (const input of INPUTS) if (this.obstacles[input] === 'missing' && this.devices.list(input).length > 0 && !this.asking) delete this.obstacles[input];
    this.emit('change', undefined);
  }
}
