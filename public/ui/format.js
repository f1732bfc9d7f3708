const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const withYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** @param {Date} at */
export function time(at) {
  return clock.format(at);
}

/** @param {Date} at */
export function dateAndTime(at) {
  return full.format(at);
}

/** @param {Date} at */
export function day(at) {
  const ago = daysAgo(at);
  if (ago === 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  return at.getFullYear() === new Date().getFullYear() ? weekday.format(at) : withYear.format(at);
}

/** @param {Date} at */
export function timeOrDay(at) {
  return daysAgo(at) === 0 ? clock.format(at) : short.format(at);
}

/**
 * A name in a text that knows no elements: whichever way it is written, the words around it stay where they are.
 *
 * @param {string} name
 */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

/**
 * "Ana", "Ana and Ben", "Ana, Ben and 12 others".
 *
 * @param {string[]} first Those who come first, or all.
 * @param {number} count How many there are.
 * @param {number} most So many are named if there are no more; else others take the last one's place.
 */
export function enumeration(first, count, most) {
  const named = count <= most ? first.slice(0, -1) : first.slice(0, most - 1);
  const last = count <= most ? first.at(-1) : `${count - named.length} others`;
  return named.length > 0 ? `${named.join(', ')} and ${last}` : `${last}`;
}

/** @param {Date} at */
function daysAgo(at) {
  const midnight = (/** @type {Date} */ date) => new Date(date).setHours(0, 0, 0, 0);
  return Math.round((midnight(new Date()) - midnight(at)) / 86_400_000);
}
