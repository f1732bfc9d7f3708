/** @typedef {import('./call-roster.js').News} News */

/** Of so many at once, each is named. */
const NAMED = 3;

/** @type {Record<News['what'], { one: string, many: string }>} */
const WORDS = {
  joined: { one: 'joined', many: 'people joined' },
  left: { one: 'left', many: 'people left' },
  hand: { one: 'raised a hand', many: 'people raised a hand' },
  screen: { one: 'shares a screen', many: 'people share a screen' },
};

/**
 * What happened, in one line. Who came and went meanwhile is not worth a word.
 *
 * @param {News[]} news
 */
export function summary(news) {
  const gone = new Set(news.filter(({ what }) => what === 'left').map(({ participant }) => participant));
  const came = new Set(news.filter(({ what }) => what === 'joined').map(({ participant }) => participant));
  const lasting = news.filter(({ participant }) => !(gone.has(participant) && came.has(participant)));
  return /** @type {News['what'][]} */ (Object.keys(WORDS))
    .map((what) => sentence(what, [...new Set(lasting.filter((one) => one.what === what).map(({ name }) => name))]))
    .filter(Boolean)
    .join(' ');
}

/**
 * @param {News['what']} what
 * @param {string[]} names
 */
function sentence(what, names) {
  const { one, many } = WORDS[what];
  if (names.length === 0) return '';
  if (names.length > NAMED) return `${names.length} ${many}.`;
  const last = names.at(-1);
  const list = names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${last}` : last;
  return `${list} ${names.length > 1 && what === 'screen' ? 'share a screen' : one}.`;
}
