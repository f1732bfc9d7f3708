import { Connection } from './connection.js';
import { Emitter } from './emitter.js';

/**
 * `peers`: who was here before, after each connect; whoever reads it offers to all of them, and to nobody else. `offer`, `answer`,
 * `candidate`: what a peer sent. `joined`, `left`: somebody came later, or is gone. `unreachable`: that peer is not connected.
 * `failed`: something for that peer was not forwarded for want of the backend; it may be sent again.
 *
 * @typedef {object} MeshEvents
 * @property {unknown[]} iceServers For `new RTCPeerConnection({ iceServers })`. Comes before `peers`.
 * @property {string[]} peers
 * @property {{ peer: string, offer: unknown }} offer
 * @property {{ peer: string, answer: unknown }} answer
 * @property {{ peer: string, candidate: unknown }} candidate
 * @property {string} joined
 * @property {string} left
 * @property {string} unreachable
 * @property {string} failed
 * @property {import('./connection.js').Status} status
 */

/**
 * A place in a mesh: who else is in it, and letters to each of them (docs/protocols/mesh.md). What is sent may be any JSON, so this
 * runs wherever there is a WebSocket. It connects again by itself, and is another peer then: the others see the old one leave.
 *
 * @extends {Emitter<MeshEvents>}
 */
export class Mesh extends Emitter {
  #connection;

  /**
   * @param {string} url As `wss://rialto.example/mesh/ws`.
   * @param {{ room?: string }} [options] Meshes with different rooms know nothing of each other.
   */
  constructor(url, { room } = {}) {
    super();
    const address = new URL(url);
    address.searchParams.set('ice', '1');
    address.searchParams.set('events', '1');
    if (room !== undefined) address.searchParams.set('room', room);
    this.#connection = new Connection(address.href);
    this.#connection.on('status', (status) => this.emit('status', status));
    this.#connection.on('frame', (frame) => this.#received(frame));
  }

  /** Takes the place. */
  connect() {
    this.#connection.connect();
  }

  /** Gives it up. */
  close() {
    this.#connection.close();
  }

  /**
   * @param {string} peer
   * @param {unknown} offer
   */
  offer(peer, offer) {
    this.#connection.send({ action: 'forward-offer', offer, toPeerId: peer });
  }

  /**
   * @param {string} peer
   * @param {unknown} answer
   */
  answer(peer, answer) {
    this.#connection.send({ action: 'forward-answer', answer, toPeerId: peer });
  }

  /**
   * @param {string} peer
   * @param {unknown} candidate
   */
  candidate(peer, candidate) {
    this.#connection.send({ action: 'forward-icecandidate', candidate, toPeerId: peer });
  }

  /** @param {import('./types.js').Frame} frame */
  #received(frame) {
    const { type, fromPeerId: peer } = frame;
    switch (type) {
      case 'ice-servers':
        return this.emit('iceServers', frame['iceServers']);
      case 'connected-peers':
        this.#connection.proven();
        return this.emit('peers', frame['peerIds']);
      case 'offer':
        return this.emit('offer', { peer, offer: frame['offer'] });
      case 'answer':
        return this.emit('answer', { peer, answer: frame['answer'] });
      case 'icecandidate':
        return this.emit('candidate', { peer, candidate: frame['candidate'] });
      case 'peer-connected':
        return this.emit('joined', frame['peerId']);
      case 'peer-disconnected':
        return this.emit('left', frame['peerId']);
      case 'error':
        if (frame['error'] === 'peer-not-connected') this.emit('unreachable', frame['toPeerId']);
        if (frame['error'] === 'unavailable' && 'toPeerId' in frame) this.emit('failed', frame['toPeerId']);
    }
  }
}
