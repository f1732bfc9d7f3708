import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fold, isEmoji, mentions, parse, written } from '../../public/state/markup.js';

const people = new Map([['ana', 'other'], ['ana maria', 'other'], ['me', 'own'], ['a.b', 'other']]);
const names = (name) => people.get(name.toLowerCase());

/** What was recognised, as `kind(text)`, without the plain text. */
const found = (text) =>
  parse(text, names).flatMap(function name(part) {
    if (part.kind === 'text' || part.kind === 'mark') return [];
    const inner = part.parts?.flatMap(name) ?? [];
    return [`${part.kind}${part.own ? ' own' : ''}(${written(part)})`, ...inner];
  });

const cases = {
  'see https://a.example/b?c=d#e.': ['link(https://a.example/b?c=d#e)'],
  '(https://a.example/x_(y)) and https://a.example/z)': ['link(https://a.example/x_(y))', 'link(https://a.example/z)'],
  'javascript:alert(1) data:text/html,x ftp://a.example file:///etc': [],
  'https://a.example/_a_ and https://a.example_ and https://a.example/**b**': ['link(https://a.example/_a_)', 'link(https://a.example)', 'link(https://a.example/**b)'],
  'https://a.example/\u202eright': ['link(https://a.example/)'],
  'https://': [],
  'https://bank.example@evil.example https://u:p@evil.example/ https://@evil.example https:///evil https:/\\evil https://\\evil': [],
  'run `rm -rf *` now': ['code(`rm -rf *`)'],
  'one ` tick, `` two': [],
  'this is **bold** and _slanted_.': ['strong(**bold**)', 'emphasis(_slanted_)'],
  '**see https://a.example and @me**': ['strong(**see https://a.example and @me**)', 'link(https://a.example)', 'mention own(@me)'],
  'snake_case_names, 2*3*4, 2**3**4, **kwargs, **options, __init__, _private': [],
  '**/*.js,**/*.ts * not bold * ** nor this **': [],
  'path/_x_/y and a_b_ and _ a _': [],
  '@ana @Ana Maria, @me! @nobody x@me.example @mexico (@a.b)': ['mention(@ana)', 'mention(@Ana Maria)', 'mention own(@me)', 'mention(@a.b)'],
  '```\nlet a = "<b>";\n```\nafter': ['block(```\nlet a = "<b>";\n```\n)'],
  '```js\nopen to the end **x**': ['block(```js\nopen to the end **x**)'],
  'not ```a``` block': [],
  '```\n```': [],
  '> said\n> twice `x`\nanswer': ['quote(> said\n> twice `x`\n)', 'code(`x`)'],
  '1 > 2': [],
};

for (const [text, expected] of Object.entries(cases)) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(found(text), expected));
}

test('the pieces are the message as it was written, whatever it is', () => {
  const pieces = ['`', '``', '```', '\n', '\r\n', '> ', '**', '*', '_', '@', 'ana', 'me', ' ', 'https://x.example', '(', ')', '.', '\u202e', '\ud83d', '😀', 'e\u0301'];
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 3_000; round += 1) {
    const text = Array.from({ length: random(24) }, () => pieces[random(pieces.length)]).join('');
    assert.equal(parse(text, names).map(written).join(''), text);
  }
});

const SLOW = ['W', ' **a', '_a ', '"_', '**', '`', '`a', '@', '@!', '@a ', '@\ufdfa', 'https://', 'https://a.example/)', 'http://a ', ').', '.,', '.', '> ', '> @!\n', '```\n', '```a\n', '```\n \n', '((((', '\u0301', '👩‍👩‍👧‍👦', '\n', ' '];

for (const piece of SLOW) {
  test(`a text full of ${JSON.stringify(piece)} does not take long to read`, () => {
    for (const beginning of ['', 'http://a', ' **', '```\n']) {
      const took = (length) => quickest(9, () => {
        const text = (beginning + piece.repeat(Math.ceil(length / piece.length))).slice(0, length);
        const begun = process.cpuUsage();
        parse(text, names);
        fold(text);
        isEmoji(text);
        return process.cpuUsage(begun).user / 1_000;
      });
      const [short, long] = [took(4_000), took(32_000)];
      // Less than a millisecond is too little to compare with.
      assert.ok(long < 16 * Math.max(1, short), `${short} ms, eight times as much ${long} ms`);
      assert.ok(short < 30, `${short} ms`);
    }
  });
}

/** What else the machine does can only make it longer. @param {number} times @param {() => number} measure */
function quickest(times, measure) {
  return Math.min(...Array.from({ length: times }, measure));
}

test('where a link leads is told if that is not what is written', () => {
  const hosts = (text) => parse(text).filter(({ kind }) => kind === 'link').map(({ host }) => host);
  assert.deepEqual(hosts('https://Plain.example:443/x http://[::1]:80/'), [undefined, undefined]);
  assert.deepEqual(hosts('https://\u0430pple.com/ http://0x7f000001/ https://bank.example\u3002evil.example'), ['xn--pple-43d.com', '127.0.0.1', 'bank.example.evil.example']);
  assert.deepEqual(hosts('https://bank.example\\@evil.example'), [undefined], 'a backslash is a slash, and the bank is where it leads');
});

test('an arrival changes the messages that call who arrived', () => {
  const before = mentions('@ana and @ben', names);
  assert.equal(mentions('@ana and @ben', (name) => (name === 'carol' ? 'other' : names(name))), before);
  assert.notEqual(mentions('@ana and @ben', (name) => (name === 'ben' ? 'other' : names(name))), before);
});

test('a few emoji alone are told from other texts', () => {
  for (const text of ['👍', '❤️ 😂', '👩‍👩‍👧‍👦', '🇩🇪🇫🇷', '👋🏽', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿']) assert.ok(isEmoji(text), text);
  for (const text of ['', 'a 👍', '12', '#', '*', '👍'.repeat(13), 'Z\u0301']) assert.ok(!isEmoji(text), text);
});

test('long messages are folded between words and whole characters', () => {
  assert.equal(fold('short'), undefined);
  assert.equal(fold(Array(20).fill('x').join('\n')), undefined);
  assert.equal(fold(Array(21).fill('x').join('\n')), Array(20).fill('x').join('\n'));
  const words = 'word '.repeat(400);
  assert.ok(words.startsWith(fold(words)) && fold(words).endsWith('word') && fold(words).length <= 1_500);
  assert.equal(fold('W'.repeat(2_000)).length, 1_500);
  assert.equal(fold(`${'W'.repeat(1_499)}😀${'W'.repeat(500)}`).length, 1_499);
});
