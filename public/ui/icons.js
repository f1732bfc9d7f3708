const SVG = 'http://www.w3.org/2000/svg';

/** Strokes on a field of 24 by 24. They are part of the program, so that they can be drawn without a connection. */
const STROKES = Object.freeze({
  back: 'M15 5l-7 7 7 7',
  block: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M5.7 5.7l12.6 12.6',
  camera: 'M4.5 6.5h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2M15.5 11l6-3.5v9l-6-3.5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  down: 'M12 5v14M6 13l6 6 6-6',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  failed: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7.5v5M12 16.5v0',
  help: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.8v0',
  key: 'M8 11a4 4 0 1 0 0 8a4 4 0 1 0 0-8M11 12l9-8M16.5 7.5l3 3',
  leave: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  more: 'M5 11a1 1 0 1 0 0 2a1 1 0 1 0 0-2M12 11a1 1 0 1 0 0 2a1 1 0 1 0 0-2M19 11a1 1 0 1 0 0 2a1 1 0 1 0 0-2',
  offline: 'M4 4l16 16M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4-2.4M19 12a10 10 0 0 0-5-2.7M12 19v0',
  people: 'M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7M2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M16 5.3a3.5 3.5 0 0 1 0 6.4M18.5 15c2 .8 3 2.5 3 5',
  person: 'M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4.5 20a7.5 6 0 0 1 15 0',
  quote: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  send: 'M12 19V5M6 11l6-6 6 6',
  sending: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M12 8v4l2.5 2',
  settings: 'M4 7h8M18 7h2M4 17h2M12 17h8M15 4a3 3 0 1 0 0 6a3 3 0 1 0 0-6M9 14a3 3 0 1 0 0 6a3 3 0 1 0 0-6',
  sent: 'M5 12.5l4.5 4.5L19 7.5',
  slash: 'M7 4h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3M14 8l-4 8',
  smile: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M8.5 14a4.5 4.5 0 0 0 7 0M9 9.5v0M15 9.5v0',
  write: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
});

/** @typedef {keyof typeof STROKES} IconName */

/**
 * A picture. It says nothing to a screen reader: its button has a name.
 *
 * @param {IconName} name
 */
export function icon(name) {
  return drawing(STROKES[name]);
}

/**
 * A picture of these strokes.
 *
 * @param {string} strokes
 */
export function drawing(strokes) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', strokes);
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(path);
  return svg;
}
