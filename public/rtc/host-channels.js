import { Emitter } from '../protocol/emitter.js';

/** A guest whose channel broke tries again after so long, in milliseconds. */
const AGAIN = 1_000;

/** @typedef {{ connection: RTCPeerConnection, channel: RTCDataChannel, early: RTCIceCandidateInit[] }} Link */

/**
 * Data channels between the host of a lobby's room and each of its guests, whoever is host at the time. Guests offer.
 *
 * @extends {Emitter<{ open: string | undefined, closed: string | undefined, message: { client: string | undefined, text: string } }>} The
 *   client is the guest, at the host; nobody's name, at a guest: it is the host.
 */
export class HostChannels extends Emitter {
  #lobby;
  #iceServers;
  /** @type {Map<string | undefined, Link>} */
  #links = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;

  /**
   * @param {import('../protocol/lobby.js').Lobby} lobby
   * @param {RTCIceServer[]} [iceServers]
   */
  constructor(lobby, iceServers = []) {
    super();
    this.#lobby = lobby;
    this.#iceServers = iceServers;
    lobby.on('role', ({ isHost, reconnected }) => {
      // Channels outlive a server: who comes back as what they were has them still.
      if (reconnected && this.#links.size > 0) return;
      this.close();
      if (!isHost) this.#offer();
    });
    lobby.on('offer', ({ client, signal }) => this.#answer(client, signal).catch(() => this.#drop(client)));
    lobby.on('answer', ({ signal }) => this.#settle(signal).catch(() => this.#drop(undefined)));
    lobby.on('candidate', ({ client, signal }) => this.#candidate(client, signal));
    lobby.on('guest', ({ client, is }) => is === 'gone' && this.#drop(client));
    lobby.on('closed', () => this.close());
  }

  /**
   * @param {string} text
   * @param {string} [client] One guest; else everybody at the other ends.
   */
  send(text, client) {
    const links = client === undefined ? [...this.#links.values()] : [this.#links.get(client)];
    for (const link of links) if (link?.channel.readyState === 'open') link.channel.send(text);
  }

  close() {
    clearTimeout(this.#again);
    for (const client of [...this.#links.keys()]) this.#drop(client);
    clearTimeout(this.#again);
  }

  /** @param {string | undefined} client */
  #link(client) {
    this.#drop(client);
    clearTimeout(this.#again);
    const connection = new RTCPeerConnection({ iceServers: this.#iceServers });
    const channel = connection.createDataChannel('game', { negotiated: true, id: 0 });
    const link = { connection, channel, early: [] };
    this.#links.set(client, link);
    connection.onicecandidate = ({ candidate }) => candidate && this.#lobby.candidate(candidate.toJSON(), client);
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed') this.#drop(client, link);
    };
    channel.onopen = () => this.emit('open', client);
    channel.onclose = () => this.#drop(client, link);
    channel.onmessage = ({ data }) => this.emit('message', { client, text: String(data) });
    return link;
  }

  #offer() {
    const { connection } = this.#link(undefined);
    const offered = connection.setLocalDescription().then(() => this.#lobby.offer(connection.localDescription?.toJSON()));
    offered.catch(() => this.#drop(undefined));
  }

  /**
   * @param {string} client
   * @param {unknown} offer
   */
  async #answer(client, offer) {
    if (!this.#lobby.isHost) return;
    const link = this.#link(client);
    await link.connection.setRemoteDescription(/** @type {RTCSessionDescriptionInit} */ (offer));
    await this.#take(link);
    await link.connection.setLocalDescription();
    this.#lobby.answer(client, link.connection.localDescription?.toJSON());
  }

  /** @param {unknown} answer */
  async #settle(answer) {
    const link = this.#links.get(undefined);
    if (!link) return;
    await link.connection.setRemoteDescription(/** @type {RTCSessionDescriptionInit} */ (answer));
    await this.#take(link);
  }

  /**
   * @param {string | undefined} client
   * @param {unknown} candidate
   */
  #candidate(client, candidate) {
    const link = this.#links.get(this.#lobby.isHost ? client : undefined);
    if (!link || !candidate) return;
    const init = /** @type {RTCIceCandidateInit} */ (candidate);
    if (!link.connection.remoteDescription) return void link.early.push(init);
    // One that cannot be used is one way less.
    link.connection.addIceCandidate(init).catch(() => {});
  }

  /** @param {Link} link */
  async #take(link) {
    for (const candidate of link.early.splice(0)) await link.connection.addIceCandidate(candidate).catch(() => {});
  }

  /**
   * @param {string | undefined} client
   * @param {Link} [only] Unless it has been replaced.
   */
  #drop(client, only) {
    const link = this.#links.get(client);
    if (!link || (only && link !== only)) return;
    this.#links.delete(client);
    link.channel.onclose = link.connection.onconnectionstatechange = null;
    link.connection.close();
    this.emit('closed', client);
    if (client === undefined && !this.#lobby.isHost) {
      this.#again = setTimeout(() => !this.#lobby.isHost && this.#lobby.code && this.#offer(), AGAIN);
    }
  }
}
