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

/** @param {Date} at */
function daysAgo(at) {
  const midnight = (/** @type {Date} */ date) => new Date(date).setHours(0, 0, 0, 0);
  return Math.round((midnight(new Date()) - midnight(at)) / 86_400_000);
}
