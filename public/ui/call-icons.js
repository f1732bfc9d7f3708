import { drawing } from './icons.js';

const CAMERA = 'M4.5 6.5h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2M15.5 11l6-3.5v9l-6-3.5';
const MICROPHONE = 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3M5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7';
const OFF = 'M3.5 3.5l17 17';

/** Strokes on a field of 24 by 24, as in icons.js; these are fetched with the calls. */
const STROKES = Object.freeze({
  camera: CAMERA,
  cameraOff: CAMERA + OFF,
  chat: 'M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-8.5L7 21v-4H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1',
  grid: 'M4 4h6.5v6.5H4zM13.5 4H20v6.5h-6.5zM4 13.5h6.5V20H4zM13.5 13.5H20V20h-6.5z',
  hand: 'M7 13V6.5a1.5 1.5 0 0 1 3 0V11M10 10.5V4.5a1.5 1.5 0 0 1 3 0v6M13 10.5v-5a1.5 1.5 0 0 1 3 0V12M16 11V8.5a1.5 1.5 0 0 1 3 0V14a7 7 0 0 1-7 7c-3 0-4.6-1.4-6-4l-2.2-4a1.5 1.5 0 0 1 2.5-1.6L7 13',
  hangUp: 'M3 14.5c0-5.5 18-5.5 18 0v2a1 1 0 0 1-1 1h-3.5a1 1 0 0 1-1-1V14c-2.3-.8-4.7-.8-7 0v2.5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17',
  microphone: MICROPHONE,
  microphoneOff: MICROPHONE + OFF,
  next: 'M9 5l7 7-7 7',
  people: 'M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7M2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M16 5.3a3.5 3.5 0 0 1 0 6.4M18.5 15c2 .8 3 2.5 3 5',
  pin: 'M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v6',
  screen: 'M4 4.5h16A1.5 1.5 0 0 1 21.5 6v9a1.5 1.5 0 0 1-1.5 1.5H4A1.5 1.5 0 0 1 2.5 15V6A1.5 1.5 0 0 1 4 4.5M8 20.5h8M12 13.5v-5M9.5 10.5L12 8l2.5 2.5',
  sound: 'M4 9.5h3.5L12 5.5v13l-4.5-4H4zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  speaker: 'M3 4h18v10H3zM3 17.5h5V20H3zM9.5 17.5h5V20h-5zM16 17.5h5V20h-5z',
});

/** @typedef {keyof typeof STROKES} CallIconName */

/** @param {CallIconName} name */
export function callIcon(name) {
  return drawing(STROKES[name]);
}
