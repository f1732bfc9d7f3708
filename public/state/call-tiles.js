/** @typedef {import('./call-roster.js').Person} Person */
/** @typedef {'grid' | 'speaker'} View */

/**
 * A picture of somebody, or their screen.
 *
 * @typedef {{ key: string, person: Person, source: 'camera' | 'screen' }} Tile
 */

/**
 * Everything that there is to be seen: everybody, and the screens that they share.
 *
 * @param {Person[]} people
 * @returns {Tile[]}
 */
export function tilesOf(people) {
  return people.flatMap((person) => [tile(person, 'camera'), ...(person.screen ? [tile(person, 'screen')] : [])]);
}

/**
 * Which tile is to be large, if one is: what the user pinned, else a screen, else who speaks.
 *
 * @param {Tile[]} tiles
 * @param {{ view: View, pinned: string | undefined, active: string | undefined }} wish
 */
export function leading(tiles, { view, pinned, active }) {
  const byKey = (/** @type {string | undefined} */ key) => tiles.find((one) => one.key === key);
  // Of several screens, the last one that was begun; one's own one knows, and it would show itself.
  const screen = tiles.filter(({ source, person }) => source === 'screen' && !person.own).at(-1);
  const chosen = byKey(pinned) ?? screen;
  if (chosen || view === 'grid') return chosen?.key;
  const others = tiles.filter(({ person }) => !person.own);
  const speaker = others.find(({ person }) => person.participant === active) ?? others[0];
  return speaker?.key;
}

/**
 * @param {Person} person
 * @param {'camera' | 'screen'} source
 * @returns {Tile}
 */
function tile(person, source) {
  return { key: `${person.participant}/${source}`, person, source };
}
