import { Emitter } from '../../protocol/emitter.js';
import { begin, claim, next, read } from './board.js';

/** @typedef {import('./board.js').State} State */

/**
 * The game as everybody sees it. The host decides; the others ask it, and show what it says. Each state that the host has made is kept by
 * the server too, so that whoever is host next goes on from it.
 *
 * @extends {Emitter<{ change: undefined }>}
 */
export class Game extends Emitter {
  state = begin();
  #lobby;
  #channels;

  /**
   * @param {import('../../protocol/lobby.js').Lobby} lobby
   * @param {import('../../rtc/host-channels.js').HostChannels} channels
   */
  constructor(lobby, channels) {
    super();
    this.#lobby = lobby;
    this.#channels = channels;
    lobby.on('snapshot', ({ state }) => this.#take(read(state)));
    channels.on('open', (guest) => lobby.isHost && guest !== undefined && channels.send(JSON.stringify({ state: this.state }), guest));
    channels.on('message', ({ client, text }) => this.#heard(client, text));
  }

  /** @param {number} cell */
  claim(cell) {
    this.#ask({ claim: cell });
  }

  /** The next round. */
  next() {
    this.#ask({ next: true });
  }

  /** @param {Record<string, unknown>} wish */
  #ask(wish) {
    if (this.#lobby.isHost) this.#decide(this.#lobby.id, wish);
    else this.#channels.send(JSON.stringify(wish));
  }

  /**
   * @param {string | undefined} client
   * @param {string} text
   */
  #heard(client, text) {
    let said;
    try {
      said = JSON.parse(text);
    } catch {
      return;
    }
    if (client !== undefined && this.#lobby.isHost) this.#decide(client, said);
    else if (client === undefined) this.#take(read(said?.state));
  }

  /**
   * @param {string | undefined} player
   * @param {any} wish
   */
  #decide(player, wish) {
    if (player === undefined) return;
    const state = wish?.next === true ? next(this.state) : claim(this.state, player, wish?.claim);
    if (state === this.state) return;
    this.state = state;
    this.#channels.send(JSON.stringify({ state }));
    this.#lobby.saveSnapshot(state.version, state);
    this.emit('change', undefined);
  }

  /** @param {State | undefined} state What was decided later is known better. */
  #take(state) {
    if (!state || state.version < this.state.version) return;
    this.state = state;
    if (this.#lobby.isHost) this.#channels.send(JSON.stringify({ state }));
    this.emit('change', undefined);
  }
}
