/**
 * The keys that do something in a call. Chat wants every letter, so none of them is one alone.
 *
 * @typedef {'microphone' | 'camera' | 'hand' | 'chat' | 'people' | 'view'} Shortcut
 */

/** @type {Readonly<Record<Shortcut, string>>} */
export const KEYS = Object.freeze({
  microphone: 'Ctrl+D',
  camera: 'Ctrl+E',
  hand: 'Ctrl+Alt+H',
  chat: 'Ctrl+Alt+C',
  people: 'Ctrl+Alt+P',
  view: 'Ctrl+Alt+V',
});

/**
 * What a key is for, if it is for a call.
 *
 * @param {KeyboardEvent} event
 * @returns {Shortcut | undefined}
 */
export function shortcut({ code, ctrlKey, metaKey, altKey, shiftKey, repeat }) {
  if (repeat || shiftKey || !(ctrlKey || metaKey)) return undefined;
  // By its place: with Alt, a key writes something else on many keyboards.
  const pressed = `Ctrl+${altKey ? 'Alt+' : ''}${code.replace('Key', '')}`;
  return /** @type {Shortcut[]} */ (Object.keys(KEYS)).find((name) => KEYS[name] === pressed);
}
