/**
 * Where a call is: in a channel; in a room that has nothing but a name, which whoever knows it may enter; or in a room with a page of its
 * own, which is being visited.
 *
 * @typedef {{ channel: string } | { room: string, visit?: import('./room-visit.js').RoomVisit }} Place
 */

const SLUG = /^[A-Za-z0-9_-]{1,64}$/;
/** Easily told apart when they are read out. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
/** In groups, so that it can be typed; more than can be guessed. */
const GROUPS = Object.freeze([4, 4, 4]);

/**
 * The room that an address leads to.
 *
 * @param {string} hash
 */
export function roomOf(hash) {
  const slug = new URLSearchParams(hash.replace(/^#/, '')).get('room') ?? '';
  return isRoom(slug) ? slug : undefined;
}

/** @param {string} slug */
export function isRoom(slug) {
  return SLUG.test(slug);
}

/** @param {string} slug */
export function hashOf(slug) {
  return `#room=${slug}`;
}

/** The page with the rooms for everybody. */
export const ROOMS = '/public';
const PAGE = '/room/';

/**
 * The room whose page this is.
 *
 * @param {string} path
 */
export function pageOf(path) {
  return path.startsWith(PAGE) ? path.slice(PAGE.length) : undefined;
}

/** @param {string} slug */
export function pathOf(slug) {
  return PAGE + slug;
}

/** @param {string} path */
export function isAboutRooms(path) {
  return path === ROOMS || path.startsWith(PAGE);
}

const MADE = new RegExp(`^${GROUPS.map((group) => `[${ALPHABET}]{${group}}`).join('-')}$`, 'u');

/**
 * Whether a name is one of {@link newRoom}: nobody calls a room so who wants to be found by its name.
 *
 * @param {string} slug
 */
export function isMade(slug) {
  return MADE.test(slug);
}

/** A name that nobody else has. */
export function newRoom() {
  const length = GROUPS.reduce((sum, group) => sum + group, 0);
  const letters = Array.from(crypto.getRandomValues(new Uint32Array(length)), (value) => ALPHABET[value % ALPHABET.length]);
  return GROUPS.map((group) => letters.splice(0, group).join('')).join('-');
}
