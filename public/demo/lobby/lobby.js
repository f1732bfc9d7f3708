import { Keep } from '../../protocol/keep.js';
import { Lobby, LobbyError } from '../../protocol/lobby.js';
import { HostChannels } from '../../rtc/host-channels.js';
import { element } from '../../ui/dom.js';
import { SIZE, count, leaders } from './board.js';
import { Game } from './game.js';

/** What is said when a game cannot be joined. @type {Record<string, string>} */
const OBSTACLES = {
  noRoomFound: 'There is no game with this code.',
  roomFull: 'This game is full.',
  hostDisconnected: 'The host of this game is away. Try again in a moment.',
  disconnected: 'The server cannot be reached. Try again.',
};

/** So long a game waits for a player whose connection is lost, the host too, before it goes on without them. */
const GRACE_SECONDS = 2;
/** Who comes while the host is away tries again so often, and for so long in all, in milliseconds. */
const AGAIN = 1_000;
const PATIENCE = 15_000;
/** Who waits for the server is told so after this long, in milliseconds. */
const LATE = 3_000;
/** What is said while the player waits for one or the other. @type {Record<string, string>} */
const WAITS = {
  hostDisconnected: 'The host of this game is away. You are in as soon as it has a host again.',
  disconnected: 'The server cannot be reached. You are in as soon as it can be.',
};
/** Who the player is, for when the page is loaded again. @type {Keep<{ code: string | undefined, token: string | undefined, isHost: boolean }>} */
const note = new Keep(() => sessionStorage, 'lobby');

/** @template {Element} Kind @param {string} selector @param {new () => Kind} kind @returns {Kind} */
function find(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`no ${selector}`);
  return found;
}

const parts = {
  entrance: find('.entrance', HTMLElement),
  form: find('.entrance form', HTMLFormElement),
  code: find('.entrance input', HTMLInputElement),
  error: find('.error', HTMLElement),
  game: find('.game', HTMLElement),
  title: find('.code', HTMLElement),
  role: find('.role', HTMLElement),
  invite: find('.invite', HTMLAnchorElement),
  board: find('.board', HTMLElement),
  result: find('.result', HTMLElement),
  next: find('.next', HTMLButtonElement),
  players: find('.players', HTMLElement),
};

const invited = new URLSearchParams(location.search).get('code');
const before = earlier();
const lobby = new Lobby(`${location.origin.replace(/^http/, 'ws')}/lobby/ws`, before?.token);
const channels = new HostChannels(lobby);
const game = new Game(lobby, channels);
let words = '';
let isConnected = false;
let wasHost = before?.isHost ?? false;
/** How often the player wanted to be in a game. */
let wishes = 0;

const cells = Array.from({ length: SIZE * SIZE }, (_, index) => element('button', { type: 'button', onclick: () => game.claim(index) }));
parts.board.append(...cells);

lobby.on('role', (role) => {
  words = spoken(role, wasHost);
  wasHost = role.isHost;
  note.write({ code: lobby.code, token: lobby.token, isHost: wasHost });
  show();
});
lobby.on('host', ({ is }) => {
  words = is === 'away' ? 'The host is away. If they are not back in a moment, another player becomes host.' : 'The host is back.';
  paint();
});
lobby.on('closed', () => {
  wasHost = false;
  history.replaceState(null, '', location.pathname);
  parts.game.hidden = true;
  parts.entrance.hidden = false;
  parts.error.textContent = 'The game is over: nobody was left to host it.';
});
lobby.on('status', ({ phase }) => {
  isConnected = phase === 'open';
  paint();
});
channels.on('open', paint);
channels.on('closed', paint);
game.on('change', paint);

find('.new', HTMLButtonElement).addEventListener('click', () => enter(() => lobby.create({ graceSeconds: GRACE_SECONDS })));
parts.form.addEventListener('submit', (event) => {
  event.preventDefault();
  wasHost = false;
  enter(() => lobby.join(parts.code.value.trim().toLowerCase()));
});
parts.next.addEventListener('click', () => game.next());

lobby.connect();
if (invited) {
  parts.code.value = invited;
  enter(() => lobby.join(invited));
}

/** @param {() => Promise<unknown>} come */
async function enter(come) {
  const wish = ++wishes;
  const patience = Date.now() + PATIENCE;
  parts.error.textContent = '';
  for (;;) {
    // Whoever is not let in is disconnected, and connects again.
    await reach();
    // The player wants something else by now.
    if (wish !== wishes) return;
    const refused = await refusal(come);
    if (!refused || wish !== wishes) return;
    const wait = Date.now() < patience ? WAITS[refused.kind] : undefined;
    parts.error.textContent = wait ?? OBSTACLES[refused.kind] ?? refused.message;
    if (!wait) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
    if (wish !== wishes) return;
  }
}

/** Waits for the server, and says so if that takes long. */
async function reach() {
  const late = setTimeout(() => (parts.error.textContent = WAITS['disconnected'] ?? ''), LATE);
  await lobby.connect();
  clearTimeout(late);
}

/** The game instead of the way in, however the player came. */
function show() {
  wishes += 1;
  parts.error.textContent = '';
  const address = `?code=${lobby.code}`;
  history.replaceState(null, '', address);
  parts.invite.href = address;
  parts.title.textContent = lobby.code ?? '';
  parts.entrance.hidden = true;
  parts.game.hidden = false;
  paint();
}

/**
 * @param {() => Promise<unknown>} come
 * @returns {Promise<LobbyError | undefined>} Why the player is not let in.
 */
async function refusal(come) {
  try {
    await come();
  } catch (error) {
    if (error instanceof LobbyError) return error;
    throw error;
  }
  return undefined;
}

/** @returns {{ token: string | undefined, isHost: boolean } | undefined} The player, before the page was loaded again; a copy of a window is somebody else. */
function earlier() {
  const [loading] = performance.getEntriesByType('navigation');
  if (!(loading instanceof PerformanceNavigationTiming) || loading.type !== 'reload') return undefined;
  const noted = note.read();
  return noted?.code === invited ? noted : undefined;
}

/** @param {{ isHost: boolean, migrated: boolean, reconnected: boolean }} role @param {boolean} wasHost */
function spoken({ isHost, migrated, reconnected }, wasHost) {
  if (isHost && migrated) return 'The host has left: you are the host now.';
  if (isHost) return reconnected ? 'You are back, and still the host.' : 'You are the host.';
  if (wasHost) return 'You were away too long: another player is the host now.';
  return migrated ? 'The host has left: another player is the host now.' : 'Another player is the host.';
}

function paint() {
  const { state } = game;
  const isOver = !state.cells.includes(null);
  cells.forEach((cell, index) => {
    const player = state.cells[index] ?? null;
    cell.className = player === null ? '' : player === lobby.id ? 'taken own' : 'taken';
    cell.disabled = player !== null;
    cell.style.setProperty('--hue', player === null ? '' : hue(player));
    cell.setAttribute('aria-label', `Row ${Math.floor(index / SIZE) + 1}, column ${(index % SIZE) + 1}: ${player === null ? 'free' : name(player)}`);
  });
  parts.role.textContent = isConnected ? words : 'The server cannot be reached; the game goes on without it.';
  parts.role.dataset['host'] = String(lobby.isHost);
  parts.result.textContent = isOver ? `Round ${state.round} goes to ${leaders(state.cells).map(name).join(' and ')}.` : `Round ${state.round}: claim free cells.`;
  parts.next.hidden = !isOver;
  const counts = count(state.cells);
  const players = [...new Set([...(lobby.id ? [lobby.id] : []), ...counts.keys(), ...Object.keys(state.wins)])];
  parts.players.replaceChildren(
    ...players.map((player) => {
      const colour = element('i');
      colour.style.setProperty('--hue', hue(player));
      const wins = state.wins[player] ?? 0;
      return element('li', {}, colour, `${name(player)}: ${counts.get(player) ?? 0}${wins > 0 ? `, won ${wins}` : ''}`);
    }),
  );
}

/** @param {string} player */
function name(player) {
  return player === lobby.id ? 'you' : `player ${player.slice(0, 4)}`;
}

/** @param {string} player @returns {string} The same everywhere, in degrees. */
function hue(player) {
  return String([...player].reduce((mixed, character) => (mixed * 31 + (character.codePointAt(0) ?? 0)) % 3_600, 7) / 10);
}
