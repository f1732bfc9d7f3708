import { Emitter } from '../protocol/emitter.js';

/**
 * What is heard: one player for each track that comes in. A browser may want a click before a page may sound.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Sound extends Emitter {
  /** The browser plays nothing until the user asks for it. */
  blocked = false;

  /** @type {Map<string, HTMLAudioElement>} */
  #players = new Map();
  #speaker = '';

  /**
   * Plays these, and nothing else.
   *
   * @param {Map<string, MediaStreamTrack>} tracks
   */
  play(tracks) {
    for (const [key, player] of this.#players) {
      const track = tracks.get(key);
      if (track && playing(player) === track) continue;
      player.srcObject = null;
      if (!track) this.#players.delete(key);
    }
    for (const [key, track] of tracks) {
      const player = this.#players.get(key) ?? new Audio();
      if (playing(player) === track) continue;
      this.#players.set(key, player);
      player.srcObject = new MediaStream([track]);
      this.#route(player);
      this.#start(player);
    }
  }

  /** In answer to a click. */
  unlock() {
    this.blocked = false;
    this.emit('change', undefined);
    return Promise.all([...this.#players.values()].map((player) => this.#start(player)));
  }

  /** @param {string} deviceId The system's choice where it is empty. */
  useSpeaker(deviceId) {
    if (deviceId === this.#speaker) return;
    this.#speaker = deviceId;
    for (const player of this.#players.values()) this.#route(player);
  }

  /** @param {HTMLAudioElement} player */
  async #start(player) {
    try {
      await player.play();
    } catch (error) {
      // A player that got something else to play meanwhile was interrupted, which is as it should be.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      this.blocked = true;
      this.emit('change', undefined);
    }
  }

  /** @param {HTMLAudioElement} player */
  #route(player) {
    // One that is gone is as good as none: the browser goes on with the one it has.
    if (this.#speaker !== '' && 'setSinkId' in player) player.setSinkId(this.#speaker).catch(() => {});
  }
}

/** @param {HTMLAudioElement} player */
function playing({ srcObject }) {
  return srcObject instanceof MediaStream ? srcObject.getAudioTracks()[0] : undefined;
}
