const FIRST = 400;
const LONGEST = 20_000;

/**
 * Milliseconds to wait before the next attempt. Doubles, and is spread over half of its length, so that the clients of a
 * node that died do not come back in step.
 *
 * @param {number} attempt 0 for the first.
 * @param {() => number} random In [0, 1).
 */
export function backoff(attempt, random) {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** attempt);
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}

/**
 * The wait that a draining server asks for in the reason of its close frame. It is spread already.
 *
 * @param {string} reason
 * @returns {number | undefined}
 */
export function hint(reason) {
  const found = /reconnect in (\d+) ?ms/i.exec(reason);
  return found ? Math.min(Number(found[1]), 60_000) : undefined;
}
