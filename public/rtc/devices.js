import { Emitter } from '../protocol/emitter.js';
import { generalObstacle, obstacle } from './obstacle.js';

/** @typedef {import('./obstacle.js').Obstacle} Obstacle */
/** @typedef {'microphone' | 'camera' | 'speaker'} Kind */
/** @typedef {'microphone' | 'camera'} Input */
/** @typedef {{ track?: MediaStreamTrack, obstacle?: Obstacle }} Got */
/** @typedef {import('../protocol/calls.js').DeviceChoices} Choices */

/** @type {Record<Kind, MediaDeviceKind>} */
const KINDS = { microphone: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' };
const SOUND = Object.freeze({ echoCancellation: true, noiseSuppression: true, autoGainControl: true });
const PICTURE = Object.freeze({ width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } });

/**
 * Cameras, microphones and speakers: which there are, which were chosen, and what comes out of them.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Devices extends Emitter {
  #keep;
  /** @type {MediaDeviceInfo[]} */
  #known = [];

  /** @param {import('../protocol/keep.js').Keep<Choices>} keep */
  constructor(keep) {
    super();
    this.#keep = keep;
    navigator.mediaDevices?.addEventListener('devicechange', () => this.refresh());
  }

  /** @param {Kind} kind */
  list(kind) {
    // Before anything was granted a browser tells that there is one, and nothing more of it.
    return this.#known.filter((device) => device.kind === KINDS[kind] && device.deviceId !== '');
  }

  /**
   * Which device was chosen, if it is there.
   *
   * @param {Kind} kind
   */
  chosen(kind) {
    const id = this.#keep.read()?.[kind];
    return this.list(kind).find(({ deviceId }) => deviceId === id)?.deviceId;
  }

  /**
   * @param {Kind} kind
   * @param {string} deviceId
   */
  choose(kind, deviceId) {
    this.#keep.write({ ...this.#keep.read(), [kind]: deviceId });
    this.emit('change', undefined);
  }

  /** @param {Input} input */
  isWanted(input) {
    return this.#keep.read()?.off?.includes(input) !== true;
  }

  /**
   * @param {Input} input
   * @param {boolean} on
   */
  want(input, on) {
    const others = (this.#keep.read()?.off ?? []).filter((other) => other !== input);
    this.#keep.write({ ...this.#keep.read(), off: on ? others : [...others, input] });
  }

  async refresh() {
    this.#known = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    this.emit('change', undefined);
  }

  /**
   * Opens several at once, so that the user is asked once. Where not all can be had, each is tried alone.
   *
   * @param {Input[]} inputs
   * @returns {Promise<Record<Input, Got>>}
   */
  async open(inputs) {
    /** @type {Record<Input, Got>} */
    const got = { microphone: {}, camera: {} };
    const general = generalObstacle();
    if (general) {
      for (const input of inputs) got[input] = { obstacle: general };
      return got;
    }
    try {
      const stream = inputs.length > 0 ? await this.#stream(inputs) : undefined;
      for (const track of stream?.getTracks() ?? []) got[track.kind === 'audio' ? 'microphone' : 'camera'] = { track };
    } catch (error) {
      const reason = obstacle(error);
      for (const input of inputs) {
        const alone = inputs.length > 1 && (reason !== 'denied' || (await isGranted(input)));
        got[input] = alone ? (await this.open([input]))[input] : { obstacle: reason };
      }
    }
    await this.refresh();
    return got;
  }

  /**
   * A screen, a window or a tab, with its sound where there is any; which one, the browser asks.
   *
   * @returns {Promise<{ screen?: MediaStreamTrack, screenAudio?: MediaStreamTrack, obstacle?: Obstacle }>}
   */
  async openScreen() {
    if (!Devices.canShareScreen) return { obstacle: generalObstacle() ?? 'unsupported' };
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: true });
      const [[screen], [screenAudio]] = [stream.getVideoTracks(), stream.getAudioTracks()];
      // Letters matter more than motion.
      if (screen) screen.contentHint = 'detail';
      return { ...(screen && { screen }), ...(screenAudio && { screenAudio }) };
    } catch (error) {
      return { obstacle: obstacle(error) };
    }
  }

  static get canShareScreen() {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  static get canChooseSpeaker() {
    return 'setSinkId' in HTMLMediaElement.prototype;
  }

  /**
   * What was chosen; where that was unplugged, whatever there is.
   *
   * @param {Input[]} inputs
   */
  async #stream(inputs) {
    try {
      return await navigator.mediaDevices.getUserMedia(this.#constraints(inputs, true));
    } catch (error) {
      if (!(error instanceof OverconstrainedError)) throw error;
      return navigator.mediaDevices.getUserMedia(this.#constraints(inputs, false));
    }
  }

  /**
   * @param {Input[]} inputs
   * @param {boolean} choosy
   * @returns {MediaStreamConstraints}
   */
  #constraints(inputs, choosy) {
    const device = (/** @type {Kind} */ kind) => {
      const deviceId = choosy ? this.#keep.read()?.[kind] : undefined;
      return deviceId ? { deviceId: { exact: deviceId } } : {};
    };
    return {
      audio: inputs.includes('microphone') && { ...SOUND, ...device('microphone') },
      video: inputs.includes('camera') && { ...PICTURE, ...device('camera') },
    };
  }
}

/** @param {Input} input */
async function isGranted(input) {
  const name = /** @type {PermissionName} */ (input);
  const status = await navigator.permissions?.query({ name }).catch(() => undefined);
  return status?.state === 'granted';
}
