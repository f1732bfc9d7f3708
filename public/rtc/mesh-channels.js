import { Emitter } from '../protocol/emitter.js';
import { Mesh } from '../protocol/mesh.js';
import { Signaled } from './signaled.js';

/** @typedef {{ signaled: Signaled, channel: RTCDataChannel }} Link */

/**
 * Data channels with everybody in a mesh, without a server on their way. The newcomer offers; so of two only one ever does.
 *
 * @extends {Emitter<{ open: string, closed: string, message: { peer: string, text: string }, status: import('../protocol/connection.js').Status }>}
 */
export class MeshChannels extends Emitter {
  #mesh;
  /** @type {Map<string, Link>} */
  #links = new Map();
  /** @type {RTCIceServer[]} */
  #iceServers = [];

  /**
   * @param {string} url
   * @param {{ room?: string }} [options]
   */
  constructor(url, options) {
    super();
    const mesh = new Mesh(url, options);
    this.#mesh = mesh;
    mesh.on('status', (status) => this.emit('status', status));
    mesh.on('iceServers', (iceServers) => {
      this.#iceServers = /** @type {RTCIceServer[]} */ (iceServers);
    });
    mesh.on('peers', (peers) => {
      // Another connection with the server is another peer to everybody.
      for (const peer of this.#links.keys()) this.#drop(peer);
      for (const peer of peers) this.#offer(peer).catch(() => this.#drop(peer));
    });
    mesh.on('offer', ({ peer, offer }) => this.#answer(peer, offer).catch(() => this.#drop(peer)));
    mesh.on('answer', ({ peer, answer }) => this.#settle(peer, answer).catch(() => this.#drop(peer)));
    mesh.on('candidate', ({ peer, candidate }) => this.#links.get(peer)?.signaled.candidate(candidate));
    mesh.on('left', (peer) => this.#drop(peer));
    mesh.on('unreachable', (peer) => this.#drop(peer));
  }

  connect() {
    this.#mesh.connect();
  }

  close() {
    this.#mesh.close();
    for (const peer of this.#links.keys()) this.#drop(peer);
  }

  /** Whom a message reaches now. */
  get open() {
    return [...this.#links].filter(([, { channel }]) => channel.readyState === 'open').map(([peer]) => peer);
  }

  /** @param {string} text To everybody. */
  send(text) {
    for (const { channel } of this.#links.values()) if (channel.readyState === 'open') channel.send(text);
  }

  /** @param {string} peer */
  #link(peer) {
    this.#drop(peer);
    const signaled = new Signaled(
      { iceServers: this.#iceServers },
      { candidate: (candidate) => this.#mesh.candidate(peer, candidate), failed: () => this.#drop(peer, link) },
    );
    // Agreed on beforehand: neither end has to wait for the other to open it.
    const channel = signaled.connection.createDataChannel('messages', { negotiated: true, id: 0 });
    const link = { signaled, channel };
    this.#links.set(peer, link);
    channel.onopen = () => this.emit('open', peer);
    channel.onclose = () => this.#drop(peer, link);
    channel.onmessage = ({ data }) => this.emit('message', { peer, text: String(data) });
    return link;
  }

  /** @param {string} peer */
  async #offer(peer) {
    this.#mesh.offer(peer, await this.#link(peer).signaled.offer());
  }

  /**
   * @param {string} peer
   * @param {unknown} offer
   */
  async #answer(peer, offer) {
    this.#mesh.answer(peer, await this.#link(peer).signaled.take(offer));
  }

  /**
   * @param {string} peer
   * @param {unknown} answer
   */
  async #settle(peer, answer) {
    await this.#links.get(peer)?.signaled.take(answer);
  }

  /**
   * @param {string} peer
   * @param {Link} [only] Unless it has been replaced.
   */
  #drop(peer, only) {
    const link = this.#links.get(peer);
    if (!link || (only && link !== only)) return;
    this.#links.delete(peer);
    const wasOpen = link.channel.readyState !== 'connecting';
    link.channel.onclose = null;
    link.signaled.close();
    if (wasOpen) this.emit('closed', peer);
  }
}
