import { Emitter } from '../protocol/emitter.js';
import { Mesh } from '../protocol/mesh.js';
import { Signaled } from './signaled.js';

/** Whoever offered a link that broke offers another after so long, in milliseconds. */
const AGAIN = 1_000;

/** @typedef {{ signaled: Signaled, channel: RTCDataChannel, isOffered: boolean }} Link `isOffered`: by us. */

/**
 * Data channels with everybody in a mesh, without a server on their way. The newcomer offers; so of two only one ever does.
 *
 * @extends {Emitter<{ open: string, closed: string, message: { peer: string, text: string }, status: import('../protocol/connection.js').Status }>}
 */
export class MeshChannels extends Emitter {
  #mesh;
  /** @type {Map<string, Link>} */
  #links = new Map();
  /** Those to whom another link will be offered. @type {Map<string, ReturnType<typeof setTimeout>>} */
  #again = new Map();
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
      this.#dropAll();
      for (const peer of peers) this.#offer(peer).catch(() => this.#broke(peer));
    });
    mesh.on('offer', ({ peer, offer }) => this.#answer(peer, offer).catch(() => this.#broke(peer)));
    mesh.on('answer', ({ peer, answer }) => this.#settle(peer, answer).catch(() => this.#broke(peer)));
    mesh.on('candidate', ({ peer, candidate }) => this.#links.get(peer)?.signaled.candidate(candidate));
    mesh.on('left', (peer) => this.#drop(peer));
    mesh.on('unreachable', (peer) => this.#drop(peer));
    mesh.on('failed', (peer) => this.#broke(peer));
  }

  connect() {
    this.#mesh.connect();
  }

  close() {
    this.#mesh.close();
    this.#dropAll();
  }

  /** Whom a message reaches now. */
  get open() {
    return [...this.#links].filter(([, { channel }]) => channel.readyState === 'open').map(([peer]) => peer);
  }

  /** @param {string} text To everybody. */
  send(text) {
    for (const { channel } of this.#links.values()) if (channel.readyState === 'open') channel.send(text);
  }

  /**
   * @param {string} peer
   * @param {boolean} isOffered
   */
  #link(peer, isOffered) {
    this.#drop(peer);
    const signaled = new Signaled(
      { iceServers: this.#iceServers },
      { candidate: (candidate) => this.#mesh.candidate(peer, candidate), failed: () => this.#broke(peer, link) },
    );
    // Agreed on beforehand: neither end has to wait for the other to open it.
    const channel = signaled.connection.createDataChannel('messages', { negotiated: true, id: 0 });
    const link = { signaled, channel, isOffered };
    this.#links.set(peer, link);
    channel.onopen = () => this.emit('open', peer);
    channel.onclose = () => this.#broke(peer, link);
    channel.onmessage = ({ data }) => this.emit('message', { peer, text: String(data) });
    return link;
  }

  /** @param {string} peer */
  async #offer(peer) {
    this.#mesh.offer(peer, await this.#link(peer, true).signaled.offer());
  }

  /**
   * @param {string} peer
   * @param {unknown} offer
   */
  async #answer(peer, offer) {
    this.#mesh.answer(peer, await this.#link(peer, false).signaled.take(offer));
  }

  /**
   * @param {string} peer
   * @param {unknown} answer
   */
  async #settle(peer, answer) {
    await this.#links.get(peer)?.signaled.take(answer);
  }

  /**
   * The peer may be there all the same: who is gone, the server says.
   *
   * @param {string} peer
   * @param {Link} [only] Unless it has been replaced.
   */
  #broke(peer, only) {
    const link = this.#links.get(peer);
    if (!link || (only && link !== only)) return;
    this.#drop(peer);
    if (link.isOffered) this.#again.set(peer, setTimeout(() => this.#offer(peer).catch(() => this.#broke(peer)), AGAIN));
  }

  #dropAll() {
    for (const peer of [...this.#links.keys(), ...this.#again.keys()]) this.#drop(peer);
  }

  /** @param {string} peer Who has nothing more of us. */
  #drop(peer) {
    clearTimeout(this.#again.get(peer));
    this.#again.delete(peer);
    const link = this.#links.get(peer);
    if (!link) return;
    this.#links.delete(peer);
    const wasOpen = link.channel.readyState !== 'connecting';
    link.channel.onclose = null;
    link.signaled.close();
    if (wasOpen) this.emit('closed', peer);
  }
}
