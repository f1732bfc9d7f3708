/**
 * How a call stands. `offline`: the server is out of reach. `moving`: another media node takes over. `waiting`: there is no media node. `slowed`: too much was asked of the server.
 * `interrupted`: our connection to it, or to the others, is. `blocked`: no connection could be made, time and again. `over`: for good, and why.
 *
 * @typedef {'joining' | 'on' | 'offline' | 'moving' | 'waiting' | 'slowed' | 'interrupted' | 'blocked' | 'over'} Standing
 */
/** @typedef {Extract<Standing, 'offline' | 'moving' | 'waiting' | 'slowed'>} Trouble What the server told, or that it cannot. */

/**
 * @param {object} call
 * @param {boolean} call.over
 * @param {Trouble | undefined} call.trouble
 * @param {boolean} call.joined
 * @param {Pick<import('./call-media.js').CallMedia<unknown>, 'connected' | 'isCarried' | 'hopeless' | 'proven'>} call.media
 * @returns {Standing}
 */
export function standingOf({ over, trouble, joined, media }) {
  if (over) return 'over';
  // Nothing is to be noticed of a move as long as everybody is seen and heard without what it moves to.
  if (trouble && !(trouble === 'moving' && media.isCarried)) return trouble;
  if (!joined) return 'joining';
  if (media.connected || media.isCarried) return 'on';
  if (media.hopeless) return 'blocked';
  return media.proven ? 'interrupted' : 'joining';
}
