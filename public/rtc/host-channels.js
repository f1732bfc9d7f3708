import { Emitter } from '../protocol/emitter.js';
import { Signaled } from './signaled.js';

/** A guest whose channel broke tries again after so long, in milliseconds. */
const AGAIN = 1_000;

/** @typedef {{ signaled: Signaled, channel: RTCDataChannel }} Link */

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
    // What was offered while it was away has not reached it; and it may be a page that was loaded again.
    lobby.on('host', ({ is }) => is === 'back' && this.#links.get(undefined)?.channel.readyState !== 'open' && this.#offer());
    lobby.on('offer', ({ client, signal }) => this.#answer(client, signal).catch(() => this.#drop(client)));
    lobby.on('answer', ({ signal }) => this.#links.get(undefined)?.signaled.take(signal).catch(() => this.#drop(undefined)));
    lobby.on('candidate', ({ client, signal }) => this.#links.get(lobby.isHost ? client : undefined)?.signaled.candidate(signal));
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
    const signaled = new Signaled(
      { iceServers: this.#iceServers },
      { candidate: (candidate) => candidate && this.#lobby.candidate(candidate, client), failed: () => this.#drop(client, link) },
    );
    const channel = signaled.connection.createDataChannel('game', { negotiated: true, id: 0 });
    const link = { signaled, channel };
    this.#links.set(client, link);
    channel.onopen = () => this.emit('open', client);
    channel.onclose = () => this.#drop(client, link);
    channel.onmessage = ({ data }) => this.emit('message', { client, text: String(data) });
    return link;
  }

  #offer() {
    const offered = this.#link(undefined).signaled.offer().then((offer) => this.#lobby.offer(offer));
    offered.catch(() => this.#drop(undefined));
  }

  /**
   * @param {string} client
   * @param {unknown} offer
   */
  async #answer(client, offer) {
    if (!this.#lobby.isHost) return;
    this.#lobby.answer(client, await this.#link(client).signaled.take(offer));
  }

  /**
   * @param {string | undefined} client
   * @param {Link} [only] Unless it has been replaced.
   */
  #drop(client, only) {
    const link = this.#links.get(client);
    if (!link || (only && link !== only)) return;
    this.#links.delete(client);
    link.channel.onclose = null;
    link.signaled.close();
    this.emit('closed', client);
    if (client === undefined && !this.#lobby.isHost) {
      this.#again = setTimeout(() => !this.#lobby.isHost && this.#lobby.code && this.#offer(), AGAIN);
    }
  }
}
