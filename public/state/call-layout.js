/**
 * Where tiles go, in pixels.
 *
 * @typedef {{ width: number, height: number }} Box
 * @typedef {{ left: number, top: number, width: number, height: number }} Spot
 *
 * @typedef {object} Arrangement
 * @property {Map<string, Spot>} spots Of those that are to be seen.
 * @property {number} pages
 * @property {string | undefined} floating The tile that lies over the others.
 */

/** Between tiles. */
const GAP = 8;
const WIDE = Object.freeze([16 / 9, 4 / 3]);
/** Where there is more height than width, faces may be shown higher than wide. */
const HIGH = Object.freeze([16 / 9, 4 / 3, 1, 3 / 4, 9 / 16]);
/** A face that is smaller than this, in width, is none. */
const LEAST = 152;
/** One's own picture, where it lies over the others: a share of the width, within limits. */
const OWN = Object.freeze({ share: 0.2, least: 96, most: 216 });
/** Pictures that are this much wider than one's own are not hidden by it. */
const COVERING = 1.9;
/** What is beside or below a large picture, in width. */
const STRIP = Object.freeze({ beside: 208, below: 136 });
const RATIO = 16 / 9;

/**
 * @param {object} wish
 * @param {string[]} wish.keys All tiles, in order.
 * @param {string | undefined} wish.own The tile with ourselves.
 * @param {string | undefined} wish.leading The one that is to be large.
 * @param {number} wish.page Of those that do not all fit in, from 0.
 * @param {Box} box
 * @returns {Arrangement}
 */
export function arrange({ keys, own, leading, page }, box) {
  if (box.width < 1 || box.height < 1) return { spots: new Map(), pages: 1, floating: undefined };
  if (leading !== undefined && keys.length > 1) return withStrip(keys, leading, page, box);
  const others = keys.filter((key) => key !== own);
  const small = own !== undefined && others.length > 0 ? corner(box) : undefined;
  // It may lie over a part of somebody, not over all of them.
  if (own !== undefined && small && bestGrid(others.length, box).width > COVERING * small.width) {
    const { spots, pages } = gridOf(others, page, box);
    return { spots: spots.set(own, small), pages, floating: own };
  }
  return { ...gridOf(own === undefined || others.length === 0 ? keys : [...others, own], page, box), floating: undefined };
}

/**
 * The grid in which so many tiles are as large as they can be.
 *
 * @param {number} count
 * @param {Box} box
 */
export function bestGrid(count, { width, height }) {
  let best = { columns: 1, rows: count, width: 0, height: 0 };
  const ratios = height > width ? HIGH : WIDE;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const [most, high] = [(width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows];
    if (most <= 0 || high <= 0) continue;
    for (const ratio of ratios) {
      const fitting = Math.min(most, high * ratio);
      if (fitting * (fitting / ratio) > best.width * best.height) best = { columns, rows, width: fitting, height: fitting / ratio };
    }
  }
  return best;
}

/**
 * @param {string[]} keys
 * @param {number} page
 * @param {Box} box
 */
function gridOf(keys, page, box) {
  const capacity = capacityOf(keys.length, box);
  const pages = Math.max(1, Math.ceil(keys.length / capacity));
  const shown = keys.slice(Math.min(page, pages - 1) * capacity).slice(0, capacity);
  // Each page has the same grid: nothing changes its size from one to the next.
  const grid = bestGrid(pages > 1 ? capacity : shown.length, box);
  const rows = Math.ceil(shown.length / grid.columns);
  const top = (box.height - rows * grid.height - (rows - 1) * GAP) / 2;
  /** @type {Map<string, Spot>} */
  const spots = new Map();
  shown.forEach((key, index) => {
    const row = Math.floor(index / grid.columns);
    const inRow = Math.min(grid.columns, shown.length - row * grid.columns);
    const left = (box.width - inRow * grid.width - (inRow - 1) * GAP) / 2;
    spots.set(key, whole({ left: left + (index % grid.columns) * (grid.width + GAP), top: top + row * (grid.height + GAP), width: grid.width, height: grid.height }));
  });
  return { spots, pages };
}

/**
 * How many tiles are not too small.
 *
 * @param {number} count
 * @param {Box} box
 */
function capacityOf(count, box) {
  let fitting = count;
  while (fitting > 1 && bestGrid(fitting, box).width < Math.min(LEAST, box.width)) fitting -= 1;
  return Math.max(1, fitting);
}

/**
 * One large, the others beside it or, where there is more height than width, below it.
 *
 * @param {string[]} keys
 * @param {string} leading
 * @param {number} page
 * @param {Box} box
 * @returns {Arrangement}
 */
function withStrip(keys, leading, page, { width, height }) {
  const others = keys.filter((key) => key !== leading);
  const beside = width > height;
  const small = beside ? Math.min(STRIP.beside, width / 4) : Math.min(STRIP.below, width / 3);
  const flat = small / RATIO;
  const room = beside ? height : width;
  const length = beside ? flat : small;
  const capacity = Math.max(1, Math.floor((room + GAP) / (length + GAP)));
  const pages = Math.max(1, Math.ceil(others.length / capacity));
  const shown = others.slice(Math.min(page, pages - 1) * capacity).slice(0, capacity);
  const start = (room - shown.length * length - (shown.length - 1) * GAP) / 2;
  /** @type {Map<string, Spot>} */
  const spots = new Map();
  spots.set(leading, whole({ left: 0, top: 0, width: beside ? width - small - GAP : width, height: beside ? height : height - flat - GAP }));
  shown.forEach((key, index) => {
    const along = start + index * (length + GAP);
    spots.set(key, whole(beside ? { left: width - small, top: along, width: small, height: flat } : { left: along, top: height - flat, width: small, height: flat }));
  });
  return { spots, pages, floating: undefined };
}

/**
 * Where one's own picture lies over the others.
 *
 * @param {Box} box
 */
function corner(box) {
  const width = Math.min(OWN.most, Math.max(OWN.least, box.width * OWN.share), box.width / 2);
  const height = Math.min(box.height > box.width ? (width * 4) / 3 : width / RATIO, box.height / 2);
  return whole({ left: box.width - width - GAP, top: box.height - height - GAP, width, height });
}

/**
 * Edges on whole pixels are sharp.
 *
 * @param {Spot} spot
 */
function whole({ left, top, width, height }) {
  return { left: Math.round(left), top: Math.round(top), width: Math.floor(width), height: Math.floor(height) };
}
