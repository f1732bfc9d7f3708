import { Emitter } from '../../protocol/emitter.js';
import { begin, claim, next, read } from './board.js';

/** @typedef {import('./board.js').State} State */
/** @typedef {{ claim?: unknown, next?: unknown }} Wish A cell, or the next round. */

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
   * What this player wants and the host has not decided yet: it may be on its way, or have gone to a host that is no more. By their texts:
   * who clicks again wants the same.
   *
   * @type {Map<string, Wish>}
   */
  #wishes = new Map();

  /**
   * @param {import('../../protocol/lobby.js').Lobby} lobby
   * @param {import('../../rtc/host-channels.js').HostChannels} channels
   */
  constructor(lobby, channels) {
    super();
    this.#lobby = lobby;
    this.#channels = channels;
    lobby.on('snapshot', ({ state }) => this.#take(read(state)));
    lobby.on('closed', () => this.#end());
    channels.on('open', (guest) => this.#opened(guest));
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

  /** @param {Wish} wish */
  #ask(wish) {
    if (this.#lobby.isHost) return this.#decide(this.#lobby.id, wish);
    const text = JSON.stringify(wish);
    this.#wishes.set(text, wish);
    this.#channels.send(text);
  }

  /** @param {string | undefined} guest */
  #opened(guest) {
    if (this.#lobby.isHost && guest !== undefined) this.#channels.send(JSON.stringify({ state: this.state }), guest);
    // The host is another one, or has lost what it was asked on the way.
    if (!this.#lobby.isHost) for (const text of this.#wishes.keys()) this.#channels.send(text);
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
   * @param {Wish} wish
   */
  #decide(player, wish) {
    if (player === undefined) return;
    const state = granted(this.state, player, wish);
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
    for (const [text, wish] of this.#wishes) if (granted(state, '', wish) === state) this.#wishes.delete(text);
    if (this.#lobby.isHost) {
      this.#channels.send(JSON.stringify({ state }));
      const wishes = [...this.#wishes.values()];
      this.#wishes.clear();
      for (const wish of wishes) this.#decide(this.#lobby.id, wish);
    }
    this.emit('change', undefined);
  }

  /** Whatever game is next begins anew. */
  #end() {
    this.state = begin();
    this.#wishes.clear();
    this.emit('change', undefined);
  }
}

/**
 * What becomes of the board by a wish; the same board, if it cannot be granted, or has been.
 *
 * @param {State} state
 * @param {string} player
 * @param {Wish} [wish]
 */
function granted(state, player, wish) {
  return wish?.next === true ? next(state) : claim(state, player, wish?.claim);
}
