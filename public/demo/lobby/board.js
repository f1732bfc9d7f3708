/** Cells of a board. */
export const SIZE = 6;

/**
 * The game: everybody claims free cells, one at a time; who has most when the board is full has won the round.
 *
 * @typedef {{ version: number, round: number, cells: (string | null)[], wins: Record<string, number> }} State
 */

/** @returns {State} */
export function begin() {
  return { version: 1, round: 1, cells: Array(SIZE * SIZE).fill(null), wins: {} };
}

/**
 * What becomes of the board when a player claims a cell; the same board, if that cannot be.
 *
 * @param {State} state
 * @param {string} player
 * @param {unknown} cell
 * @returns {State}
 */
export function claim(state, player, cell) {
  if (typeof cell !== 'number' || state.cells[cell] !== null) return state;
  const cells = state.cells.with(cell, player);
  const version = state.version + 1;
  if (cells.includes(null)) return { ...state, version, cells };
  return { ...state, version, cells, wins: leaders(cells).reduce((wins, winner) => ({ ...wins, [winner]: (wins[winner] ?? 0) + 1 }), state.wins) };
}

/** @param {State} state @returns {State} The next round, where this one is over. */
export function next(state) {
  if (state.cells.includes(null)) return state;
  return { ...state, version: state.version + 1, round: state.round + 1, cells: Array(SIZE * SIZE).fill(null) };
}

/**
 * Who has most cells; several, where they have as many.
 *
 * @param {(string | null)[]} cells
 */
export function leaders(cells) {
  const counts = count(cells);
  const most = Math.max(0, ...counts.values());
  return [...counts].filter(([, cells]) => cells === most).map(([player]) => player);
}

/**
 * How many cells each player has.
 *
 * @param {(string | null)[]} cells
 */
export function count(cells) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const player of cells) if (player !== null) counts.set(player, (counts.get(player) ?? 0) + 1);
  return counts;
}

/**
 * A state that came from elsewhere, if it is one.
 *
 * @param {any} value
 * @returns {State | undefined}
 */
export function read(value) {
  const isState =
    Number.isSafeInteger(value?.version) &&
    Number.isSafeInteger(value?.round) &&
    Array.isArray(value?.cells) &&
    value.cells.length === SIZE * SIZE &&
    value.cells.every((/** @type {unknown} */ cell) => cell === null || typeof cell === 'string') &&
    typeof value?.wins === 'object' &&
    value.wins !== null;
  return isState ? value : undefined;
}
