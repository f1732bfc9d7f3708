/**
 * A piece of a message. The texts of all pieces, one after the other, are the message exactly as it was written: what only
 * steers the look is a `mark`, which is there but not shown, so that copying gives back what was typed.
 *
 * @typedef {{ kind: 'text' | 'mark', text: string } |
 *   { kind: 'link', text: string, address: string, host?: string } |
 *   { kind: 'mention', text: string, own: boolean } |
 *   { kind: 'code' | 'block' | 'strong' | 'emphasis' | 'quote', parts: Part[] }} Part
 *
 * @typedef {(name: string) => 'own' | 'other' | undefined} Names Whether there is somebody of this name.
 * @typedef {(text: string, at: number) => Part | undefined} Calls Who is called by an @ at this place.
 */

const FENCE = /^```[\w+#.-]*[ \t]*$/;
const QUOTE = /^> ?/;
/** Punctuation that ends a sentence rather than an address. */
const TAIL = new Set(".,;:!?'*");
const BRACKETS = Object.freeze({ ')': '(', ']': '[', '}': '{' });
const LONGEST_NAME = 32;
const LONGEST_ADDRESS = 2_048;

/** No more than so many people are called in one message: to look for a name costs more than to write an @. */
const MOST_MENTIONS = 50;

/** Where something may begin inside a line. */
const SIGN = /[`*_@]|https?:\/\//gi;
/**
 * What begins there. Stars and underscores count only around whole words, so that `snake_case`, `2*3*4` and `**kwargs` stay what
 * they are. None of these looks further than to the next sign of its kind, or a text full of signs would be read over and over.
 */
const CODE = /(?<!`)`(?!`)[^`\n]+`(?!`)/y;
const STRONG = spanned('\\*\\*', '*');
const EMPHASIS = spanned('_', '_');
const LINK = /https?:\/\/[^\s<>"`\p{Cf}]+/iuy;
const MENTION = /(?<![\p{L}\p{N}_@.])@(?=[^\s@])/uy;
const WORD = /[\p{L}\p{N}_]/u;

/**
 * Words between two marks that stand outside them.
 *
 * @param {string} mark
 * @param {string} sign What the mark is made of.
 */
function spanned(mark, sign) {
  return new RegExp(`(?<=^|[\\s(["'“‘])${mark}(?=[^\\s${sign}])[^${sign}\\n]*?(?<=[^\\s${sign}])${mark}(?=$|[\\s.,;:!?)\\]"'”’])`, 'uy');
}

/**
 * Reads a message's text: links, `code`, blocks between lines of three backticks, **strong**, _emphasis_, > quotes and @names.
 *
 * @param {string} text
 * @param {Names} [names]
 * @returns {Part[]}
 */
export function parse(text, names = () => undefined) {
  const calls = mentioning(names);
  /** @type {Part[]} */
  const parts = [];
  const lines = text.split(/(?<=\n)/);
  let at = 0;
  while (at < lines.length) {
    const taken = block(lines, at) ?? quote(lines, at, calls);
    if (taken) parts.push(taken.part);
    let end = taken?.end ?? at;
    if (!taken) {
      do end += 1;
      while (end < lines.length && !opens(lines, end));
      parts.push(...inline(lines.slice(at, end).join(''), calls));
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
 * @param {Calls} calls
 * @returns {{ part: Part, end: number } | undefined}
 */
function quote(lines, at, calls) {
  /** @type {Part[]} */
  const parts = [];
  let end = at;
  for (let line = lines[end]; line !== undefined && QUOTE.test(line); line = lines[++end]) {
    const [mark = ''] = QUOTE.exec(line) ?? [];
    parts.push({ kind: 'mark', text: mark }, ...inline(line.slice(mark.length), calls));
  }
  return end > at ? { part: { kind: 'quote', parts }, end } : undefined;
}

/**
 * @param {string} text
 * @param {Calls} calls
 * @returns {Part[]}
 */
function inline(text, calls) {
  /** @type {Part[]} */
  const parts = [];
  let end = 0;
  SIGN.lastIndex = 0;
  for (let sign = SIGN.exec(text); sign; sign = SIGN.exec(text)) {
    const { index } = sign;
    const { part, length } = read(sign[0], text, index, calls);
    if (part) {
      if (index > end) parts.push({ kind: 'text', text: text.slice(end, index) });
      parts.push(part);
      end = index + length;
    }
    // Set anew, because what stands inside strong or emphasised text is searched with this expression too.
    SIGN.lastIndex = index + length;
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) });
  return parts;
}

/**
 * What a sign begins, if anything, and how much of the text is read with it.
 *
 * @param {string} sign
 * @param {string} text
 * @param {number} index Where the sign is.
 * @param {Calls} calls
 * @returns {{ part: Part | undefined, length: number }}
 */
function read(sign, text, index, calls) {
  /** @type {Part | undefined} */
  let part;
  let length = 1;
  if (sign === '@') part = calls(text, index);
  else if (sign === '`') part = span('code', CODE, text, index, 1, (inner) => [{ kind: 'text', text: inner }]);
  else if (sign === '*') part = span('strong', STRONG, text, index, 2, (inner) => inline(inner, calls));
  else if (sign === '_') part = span('emphasis', EMPHASIS, text, index, 1, (inner) => inline(inner, calls));
  else {
    const found = match(LINK, text, index);
    part = address(found);
    length = Math.max(found.length, sign.length);
  }
  return { part, length: part ? written(part).length : length };
}

/**
 * What an expression finds at just this place.
 *
 * @param {RegExp} expression
 * @param {string} text
 * @param {number} index
 */
function match(expression, text, index) {
  expression.lastIndex = index;
  return expression.exec(text)?.[0] ?? '';
}

/**
 * @param {'code' | 'strong' | 'emphasis'} kind
 * @param {RegExp} expression
 * @param {string} text
 * @param {number} index
 * @param {number} width Of each mark.
 * @param {(inner: string) => Part[]} inside
 * @returns {Part | undefined}
 */
function span(kind, expression, text, index, width, inside) {
  const found = match(expression, text, index);
  return found === '' ? undefined : { kind, parts: wrapped(found, width, inside) };
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
 * An address without what belongs to the sentence around it; a closing bracket stays where its opening one is inside, and an
 * underscore where there is another. Where it leads has to be what it says: nothing that is written may pass for the host.
 *
 * @param {string} found
 * @returns {Part | undefined}
 */
function address(found) {
  if (found.length > LONGEST_ADDRESS) return undefined;
  const text = found.slice(0, addressEnd(found));
  if (!URL.canParse(text)) return undefined;
  const { hostname } = new URL(text);
  const [, said = ''] = /^https?:\/\/([^/?#\\]*)/i.exec(text) ?? [];
  if (said === '' || said.includes('@')) return undefined;
  const same = said.replace(/:\d*$/, '').toLowerCase() === hostname;
  return { kind: 'link', text, address: text, ...(same ? {} : { host: hostname }) };
}

/** @param {string} found */
function addressEnd(found) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const sign of found) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  const count = (/** @type {string} */ sign) => counts.get(sign) ?? 0;
  for (let end = found.length; end > 0; end -= 1) {
    const last = found.charAt(end - 1);
    const open = BRACKETS[/** @type {keyof typeof BRACKETS} */ (last)];
    const alone = open ? count(last) > count(open) : last === '_' && count('_') % 2 === 1;
    if (!alone && !TAIL.has(last)) return end;
    counts.set(last, count(last) - 1);
  }
  return 0;
}

/** @param {Names} names @returns {Calls} For one message. */
function mentioning(names) {
  let left = MOST_MENTIONS;
  return (text, at) => (match(MENTION, text, at) !== '' && left-- > 0 ? mention(text, at, names) : undefined);
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
  const inWord = letters.map((letter) => WORD.test(letter));
  for (let length = Math.min(letters.length, LONGEST_NAME); length > 0; length -= 1) {
    if (inWord[length] && inWord[length - 1]) continue;
    const name = letters.slice(0, length).join('');
    const who = names(name);
    if (who) return { kind: 'mention', text: `@${name}`, own: who === 'own' };
  }
  return undefined;
}

/**
 * Tells whether names that became known make a message look different.
 *
 * @param {string} text
 * @param {Names} names
 * @returns {string} The same as before if not.
 */
export function mentions(text, names) {
  const calls = mentioning(names);
  const found = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) found.push(calls(text, at) ?? 0);
  return JSON.stringify(found);
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
