/** @typedef {import('../protocol/shelf.js').Shelf} Shelf */
/** @typedef {import('../protocol/outbox.js').Pending} Pending */
/** @typedef {import('./drafts.js').Kept} Kept */
/**
 * @template T
 * @typedef {import('../protocol/keep.js').Keep<T>} Keep
 */

/** What nobody has taken up for this long, in milliseconds, nobody will: a month. */
const LOST = 30 * 24 * 3_600_000;

/**
 * Takes up what windows that are gone have left behind: their author's unsent messages, and drafts for channels for which this
 * window has none. The rest stays for another window. To be done before this window's own are read.
 *
 * @param {Shelf} shelf
 * @param {string | undefined} author Who uses this browser.
 */
export async function adopt(shelf, author, now = Date.now()) {
  const [unsent, drafts] = [shelf.keep('unsent'), shelf.keep('drafts')];
  const places = shelf.others().map((place) => ({ place, unsent: place.keep('unsent'), drafts: place.keep('drafts') }));
  // Of two drafts for one channel it is the newer that is gone on with.
  places.sort((one, other) => writtenAt(other.drafts) - writtenAt(one.drafts));
  for (const { place, ...left } of places) {
    await shelf.ifGone(place, () => {
      adoptUnsent(left.unsent, unsent, author, now);
      adoptDrafts(left.drafts, drafts, author, now);
    });
  }
}

/**
 * @param {Keep<Pending[]>} left
 * @param {Keep<Pending[]>} own
 * @param {string | undefined} author
 * @param {number} now
 */
function adoptUnsent(left, own, author, now) {
  const [before, entries] = [own.read() ?? [], left.read() ?? []];
  const known = new Set(before.map(({ clientID }) => clientID));
  const found = entries.filter((entry) => entry.author === author);
  // The order in which they were written is the one in which they are sent.
  const all = [...before, ...found.filter(({ clientID }) => !known.has(clientID))].sort((one, other) => one.createdAt - other.createdAt);
  const taken = replace(own, all);
  // What does not fit in waits where it is.
  if (!taken) return void replace(own, before);
  replace(left, entries.filter((entry) => entry.author !== author && now - entry.createdAt < LOST));
}

/**
 * @param {Keep<Kept>} left
 * @param {Keep<Kept>} own
 * @param {string | undefined} author
 * @param {number} now
 */
function adoptDrafts(left, own, author, now) {
  const [before, found] = [own.read(), left.read()];
  if (!found) return;
  const strange = found.author !== undefined && found.author !== author;
  const rest = strange ? found.texts : Object.fromEntries(Object.entries(found.texts).filter(([channel]) => before && Object.hasOwn(before.texts, channel)));
  if (!strange) {
    const taken = own.write({ author, at: now, texts: { ...found.texts, ...before?.texts } });
    if (!taken) return void own.write(before);
  }
  const kept = Object.keys(rest).length > 0 && now - found.at < LOST;
  left.write(kept ? { ...found, texts: rest } : undefined);
}

/** @param {Keep<Kept>} drafts */
function writtenAt(drafts) {
  return drafts.read()?.at ?? 0;
}

/**
 * @param {Keep<Pending[]>} unsent
 * @param {Pending[]} entries
 */
function replace(unsent, entries) {
  return unsent.write(entries.length > 0 ? entries : undefined);
}
