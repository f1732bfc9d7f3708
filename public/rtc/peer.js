import { Emitter } from '../protocol/emitter.js';
import { limit } from './encodings.js';

/** @typedef {import('../protocol/calls.js').Source} Source */
/** @typedef {import('../protocol/calls.js').PublishLine} PublishLine */

/**
 * One connection with a media node, which alone offers. What we publish goes onto the lines that the offer has for it: a browser
 * pairs none of its own making with a line on which several layers are asked for.
 *
 * @extends {Emitter<{ state: RTCPeerConnectionState, tracks: undefined }>} `tracks`: others come in than before.
 */
export class Peer extends Emitter {
  #connection;
  /** @type {Map<Source, RTCRtpTransceiver>} */
  #publishing = new Map();
  // Sound and picture of one stream are kept in step.
  #streams = { person: new MediaStream(), screen: new MediaStream() };

  /** @param {RTCIceServer[]} iceServers */
  constructor(iceServers) {
    super();
    const connection = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
    connection.addEventListener('connectionstatechange', () => this.emit('state', connection.connectionState));
    this.#connection = connection;
  }

  /** Where the connection stands. */
  get state() {
    return this.#connection.connectionState;
  }

  /**
   * @param {string} offer
   * @param {PublishLine[]} lines Where what is published.
   * @param {(source: Source) => MediaStreamTrack | undefined} trackOf
   * @returns {Promise<string>} The answer.
   */
  async answer(offer, lines, trackOf) {
    const connection = this.#connection;
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    const named = new Map(connection.getTransceivers().map((transceiver) => [transceiver.mid, transceiver]));
    const before = this.#publishing;
    this.#publishing = new Map();
    for (const { mid, source } of lines) {
      const transceiver = named.get(mid);
      if (!transceiver) continue;
      this.#publishing.set(source, transceiver);
      transceiver.sender.setStreams(source.startsWith('screen') ? this.#streams.screen : this.#streams.person);
      transceiver.direction = 'sendonly';
      await transceiver.sender.replaceTrack(trackOf(source) ?? null);
    }
    const kept = new Set(this.#publishing.values());
    for (const transceiver of before.values()) if (!kept.has(transceiver)) await transceiver.sender.replaceTrack(null);
    await connection.setLocalDescription();
    // What each encoding may take can be said once the browser has answered.
    for (const [source, { sender }] of this.#publishing) await limit(sender, source);
    this.emit('tracks', undefined);
    return connection.localDescription?.sdp ?? '';
  }

  /**
   * Sends another track in place of one, or nothing for a while: nobody has to agree to that.
   *
   * @param {Source} source
   * @param {MediaStreamTrack | undefined} track
   */
  async replace(source, track) {
    const sender = this.#publishing.get(source)?.sender;
    await sender?.replaceTrack(track ?? null);
    if (sender && track) await limit(sender, source);
  }

  /**
   * What comes in on a line.
   *
   * @param {string} mid
   */
  trackOn(mid) {
    return this.#receiver(mid)?.track;
  }

  /**
   * Whether anything has come in on a line lately.
   *
   * @param {string} mid
   */
  flows(mid) {
    return (this.#receiver(mid)?.getSynchronizationSources().length ?? 0) > 0;
  }

  close() {
    this.#connection.close();
  }

  /** @param {string} mid */
  #receiver(mid) {
    return this.#connection.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
  }
}
