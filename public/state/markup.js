/**
 * A piece of a message. The texts of all pieces, one after the other, are the message exactly as it was written: what only
 * steers the look is a `mark`, which is there but not shown, so that copying gives back what was typed.
 *
 * @typedef {{ kind: 'text' | 'mark', text: string } |
 *   { kind: 'link', text: string, address: string } |
 *   { kind: 'mention', text: string, own: boolean } |
 *   { kind: 'code' | 'block' | 'strong' | 'emphasis' | 'quote', parts: Part[] }} Part
 *
 * @typedef {(name: string) => 'own' | 'other' | undefined} Names Whether there is somebody of this name.
 */

const FENCE = /^```[\w+#.-]*[ \t]*$/;
const QUOTE = /^> ?/;
/** Punctuation that ends a sentence rather than an address. */
const TAIL = /[.,;:!?'*_]+$/;
const BRACKETS = Object.freeze({ ')': '(', ']': '[', '}': '{' });
const LONGEST_NAME = 32;
const LONGEST_ADDRESS = 2_048;

/**
 * What can begin inside a line. Stars and underscores count only around whole words, so that `snake_case`, `2*3*4` and `**kwargs`
 * stay what they are.
 */
const INLINE = new RegExp(
  [
    '(?<code>(?<!`)`(?!`)[^`\\n]+`(?!`))',
    '(?<link>https?:\\/\\/[^\\s<>"`\\p{Cf}]+)',
    spanned('strong', '\\*\\*', '*'),
    spanned('emphasis', '_', '_'),
    '(?<![\\p{L}\\p{N}_@.])(?<mention>@)(?=[^\\s@])',
  ].join('|'),
  'giu',
);

/**
 * Words between two marks that stand outside them.
 *
 * @param {string} name
 * @param {string} mark
 * @param {string} sign What the mark is made of.
 */
function spanned(name, mark, sign) {
  return `(?<=^|[\\s(["'“‘])(?<${name}>${mark}(?=[^\\s${sign}])[^${sign}\\n]*?(?<=[^\\s${sign}])${mark})(?=$|[\\s.,;:!?)\\]"'”’])`;
}

/**
 * Reads a message's text: links, `code`, blocks between lines of three backticks, **strong**, _emphasis_, > quotes and @names.
 *
 * @param {string} text
 * @param {Names} [names]
 * @returns {Part[]}
 */
export function parse(text, names = () => undefined) {
  /** @type {Part[]} */
  const parts = [];
  const lines = text.split(/(?<=\n)/);
  let at = 0;
  while (at < lines.length) {
    const taken = block(lines, at) ?? quote(lines, at, names);
    if (taken) parts.push(taken.part);
    let end = taken?.end ?? at;
    if (!taken) {
      do end += 1;
      while (end < lines.length && !opens(lines, end));
      parts.push(...inline(lines.slice(at, end).join(''), names));
    }
    at = end;
  }
  return parts;
}

/** @param {string[]} lines @param {number} at */
function opens(lines, at) {
  const line = bare(lines[at]);
  return FENCE.test(line) || QUOTE.test(line);
}

/** @param {string | undefined} line */
function bare(line = '') {
  return line.replace(/\r?\n$/, '');
}

/**
 * A block of code ends with its fence, or where the message does.
 *
 * @param {string[]} lines
 * @param {number} at
 * @returns {{ part: Part, end: number } | undefined}
 */
function block(lines, at) {
  const [open, first] = [lines[at] ?? '', lines[at + 1]];
  if (!FENCE.test(bare(open)) || first === undefined) return undefined;
  let end = at + 1;
  while (end < lines.length && bare(lines[end]) !== '```') end += 1;
  const code = lines.slice(at + 1, end).join('');
  if (code.trim() === '') return undefined;
  const close = lines[end];
  // The last line's break is not part of what is shown.
  const shown = code.replace(/\r?\n$/, '');
  /** @type {Part[]} */
  const parts = [
    { kind: 'mark', text: open },
    { kind: 'text', text: shown },
    { kind: 'mark', text: code.slice(shown.length) + (close ?? '') },
  ];
  return { part: { kind: 'block', parts: parts.filter((part) => !('text' in part) || part.text !== '') }, end: close === undefined ? end : end + 1 };
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {Names} names
 * @returns {{ part: Part, end: number } | undefined}
 */
function quote(lines, at, names) {
  /** @type {Part[]} */
  const parts = [];
  let end = at;
  for (let line = lines[end]; line !== undefined && QUOTE.test(line); line = lines[++end]) {
    const [mark = ''] = QUOTE.exec(line) ?? [];
    parts.push({ kind: 'mark', text: mark }, ...inline(line.slice(mark.length), names));
  }
  return end > at ? { part: { kind: 'quote', parts }, end } : undefined;
}

/**
 * @param {string} text
 * @param {Names} names
 * @returns {Part[]}
 */
function inline(text, names) {
  /** @type {Part[]} */
  const parts = [];
  let end = 0;
  INLINE.lastIndex = 0;
  for (let found = INLINE.exec(text); found; found = INLINE.exec(text)) {
    const part = read(found, text, names);
    if (!part) {
      INLINE.lastIndex = found.index + found[0].length;
      continue;
    }
    const { index } = found;
    if (index > end) parts.push({ kind: 'text', text: text.slice(end, index) });
    parts.push(part);
    end = index + written(part).length;
    // Set anew, because what stands inside strong or emphasised text is searched with this expression too.
    INLINE.lastIndex = end;
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) });
  return parts;
}

/**
 * @param {RegExpExecArray} found
 * @param {string} text
 * @param {Names} names
 * @returns {Part | undefined}
 */
function read({ groups = {}, index }, text, names) {
  const { code, link, strong, emphasis } = groups;
  if (code) return { kind: 'code', parts: wrapped(code, 1, (inner) => [{ kind: 'text', text: inner }]) };
  if (strong) return { kind: 'strong', parts: wrapped(strong, 2, (inner) => inline(inner, names)) };
  if (emphasis) return { kind: 'emphasis', parts: wrapped(emphasis, 1, (inner) => inline(inner, names)) };
  if (link) return address(link);
  return mention(text, index, names);
}

/**
 * @param {string} text
 * @param {number} width
 * @param {(inner: string) => Part[]} inside
 * @returns {Part[]}
 */
function wrapped(text, width, inside) {
  return [
    { kind: 'mark', text: text.slice(0, width) },
    ...inside(text.slice(width, -width)),
    { kind: 'mark', text: text.slice(-width) },
  ];
}

/**
 * An address without what belongs to the sentence around it; a closing bracket stays where its opening one is inside.
 *
 * @param {string} found
 * @returns {Part | undefined}
 */
function address(found) {
  if (found.length > LONGEST_ADDRESS) return undefined;
  let text = found;
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(TAIL, '');
    const open = BRACKETS[/** @type {keyof typeof BRACKETS} */ (text.at(-1))];
    if (open && text.split(open).length < text.split(text.at(-1) ?? '').length) text = text.slice(0, -1);
  }
  return URL.canParse(text) ? { kind: 'link', text, address: text } : undefined;
}

/**
 * The longest known name after an @, as long as no word goes on behind it.
 *
 * @param {string} text
 * @param {number} at
 * @param {Names} names
 * @returns {Part | undefined}
 */
function mention(text, at, names) {
  const letters = [...text.slice(at + 1, at + 1 + 2 * LONGEST_NAME)].slice(0, LONGEST_NAME + 1);
  for (let length = Math.min(letters.length, LONGEST_NAME); length > 0; length -= 1) {
    if (/[\p{L}\p{N}_]/u.test(letters[length] ?? '') && /[\p{L}\p{N}_]/u.test(letters[length - 1] ?? '')) continue;
    const name = letters.slice(0, length).join('');
    const who = names(name);
    if (who) return { kind: 'mention', text: `@${name}`, own: who === 'own' };
  }
  return undefined;
}

/** What was typed. @param {Part} part @returns {string} */
export function written(part) {
  return 'text' in part ? part.text : part.parts.map(written).join('');
}

const EMOJI = /^(?:(?:\p{Regional_Indicator}{2}|[#*0-9]\ufe0f?\u20e3|\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]*[\u{e0020}-\u{e007f}]*)\u200d?\s*){1,12}$/u;

/**
 * Whether a message is nothing but a few emoji.
 *
 * @param {string} text
 */
export function isEmoji(text) {
  return text.length <= 120 && EMOJI.test(text);
}

/** A message of more than this is folded. */
const LINES = 20;
const CHARACTERS = 1_500;

/**
 * The beginning of a message that is too long to be shown at once, or nothing. It ends between words, if there are any.
 *
 * @param {string} text
 */
export function fold(text) {
  if (text.length <= CHARACTERS && count(text) <= LINES) return undefined;
  let end = nthLine(text, LINES);
  if (end > CHARACTERS) end = CHARACTERS;
  const gap = text.slice(0, end).search(/\s\S*$/);
  if (end === CHARACTERS && gap > CHARACTERS / 2) end = gap;
  // Not through the middle of a character.
  if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** @param {string} text */
function count(text) {
  return text.split('\n', LINES + 2).length;
}

/**
 * Where so many lines end.
 *
 * @param {string} text
 * @param {number} lines
 */
function nthLine(text, lines) {
  let end = -1;
  for (let line = 0; line < lines; line += 1) {
    end = text.indexOf('\n', end + 1);
    if (end < 0) return text.length;
  }
  return end;
}
