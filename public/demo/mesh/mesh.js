import { MeshChannels } from '../../rtc/mesh-channels.js';
import { element } from '../../ui/dom.js';

/** Messages that are kept on the page. */
const KEPT = 500;

const log = /** @type {HTMLElement} */ (document.querySelector('.log'));
const standing = /** @type {HTMLElement} */ (document.querySelector('.standing'));
const form = /** @type {HTMLFormElement} */ (document.querySelector('.say'));
const input = /** @type {HTMLInputElement} */ (form.querySelector('input'));

const room = new URLSearchParams(location.search).get('room') ?? 'demo';
const another = /** @type {HTMLAnchorElement} */ (document.querySelector('.another'));
another.href = `?room=${encodeURIComponent(room)}`;

const channels = new MeshChannels(`${location.origin.replace(/^http/, 'ws')}/mesh/ws`, { room: `demo:${room}` });
let isConnected = false;

channels.on('status', ({ phase }) => {
  isConnected = phase === 'open';
  paint();
});
channels.on('open', (peer) => {
  note(`${name(peer)} is here.`);
  paint();
});
channels.on('closed', (peer) => {
  note(`${name(peer)} is gone.`);
  paint();
});
channels.on('message', ({ peer, text }) => add('', element('span', { class: 'from' }, name(peer)), text));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (text === '') return;
  channels.send(text);
  add('own', element('span', { class: 'from' }, 'You'), text);
  input.value = '';
});
addEventListener('pagehide', () => channels.close());
addEventListener('pageshow', ({ persisted }) => persisted && channels.connect());
channels.connect();
paint();

function paint() {
  const open = channels.open;
  const words = !isConnected
    ? 'Connecting…'
    : open.length === 0
      ? 'Nobody else is here. Open another window.'
      : `Connected to ${open.length} ${open.length === 1 ? 'window' : 'windows'}:`;
  standing.replaceChildren(words, ...open.map((peer) => element('span', { class: 'chip' }, name(peer))));
}

/** @param {string} peer */
function name(peer) {
  return `Window ${peer.slice(0, 4)}`;
}

/** @param {string} text */
function note(text) {
  add('news', text);
}

/**
 * @param {string} kind
 * @param {(Node | string)[]} content
 */
function add(kind, ...content) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  log.append(element('p', { class: kind || undefined }, ...content));
  while (log.children.length > KEPT) log.firstElementChild?.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}
