/** @typedef {import('../../protocol/rooms.js').ListedRoom} ListedRoom */

/**
 * How many are in a room, and how many could be.
 *
 * @param {ListedRoom} room
 */
export function guests({ guests: count, guest_limit: limit }) {
  if (limit > 0) return count >= limit ? `Full: ${count} of ${limit} guests` : `${count} of ${limit} guests`;
  if (count === 0) return 'Nobody is there';
  return count === 1 ? '1 guest' : `${count} guests`;
}

/**
 * When somebody last did something in it.
 *
 * @param {ListedRoom} room
 */
export function lastUsed({ minutes_idle: minutes }) {
  if (minutes === 0) return 'active now';
  return minutes === 1 ? 'active a minute ago' : `active ${minutes} minutes ago`;
}
