/**
 * What is kept may have been written by another version, or by another hand: here is how each thing must look to be taken for
 * what it is. What looks otherwise is as if it were not there; of a list, each entry.
 */

/** @typedef {(value: any) => boolean} Shape */

/** @type {Shape} */
const text = (value) => typeof value === 'string';
/** @type {Shape} */
const number = (value) => Number.isFinite(value);
/** @type {Shape} */
const flag = (value) => typeof value === 'boolean';
/** @type {(shape: Shape) => Shape} */
const perhaps = (shape) => (value) => value === undefined || shape(value);
/** @type {(shapes: Record<string, Shape>) => Shape} */
const record = (shapes) => (value) => isRecord(value) && Object.entries(shapes).every(([name, shape]) => shape(value[name]));
/** @type {Shape} */
const texts = (value) => isRecord(value) && Object.values(value).every(text);

/** @type {Map<string, Shape>} */
const WHOLE = new Map([
  ['identity', record({ userUUID: text, accessKey: text, username: text, guest: flag })],
  ['channel', record({ author: text, channel: text })],
  ['drafts', record({ author: perhaps(text), at: number, texts })],
  ['blocked', record({ owner: text, blocked: (value) => Array.isArray(value) && value.every(text) })],
  ['preferences', isRecord],
  ['devices', record({ camera: perhaps(text), microphone: perhaps(text), speaker: perhaps(text), off: perhaps((value) => Array.isArray(value) && value.every(text)) })],
  ['window', text],
]);

/** @type {Map<string, Shape>} */
const ENTRIES = new Map([
  [
    'unsent',
    record({
      clientID: text,
      author: text,
      channel: text,
      text,
      createdAt: number,
      triedAt: perhaps(number),
      confirmedAt: perhaps(number),
      failure: perhaps(text),
    }),
  ],
  ['hidden', record({ id: text, upTo: number })],
  ['recall', text],
]);

/**
 * @param {string} name Under which it is kept.
 * @param {any} value
 */
export function wellFormed(name, value) {
  const entry = ENTRIES.get(name);
  if (entry) return Array.isArray(value) ? value.filter(entry) : undefined;
  const whole = WHOLE.get(name);
  return !whole || whole(value) ? value : undefined;
}

/** @param {any} value */
function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
