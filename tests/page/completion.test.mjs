import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accept, complete } from '../../public/state/commands/completion.js';
import { addressee } from '../../public/state/commands/kind.js';
import { People } from '../../public/state/people.js';

const people = new People();
people.learn([
  { UUID: 'a', Username: 'Ana', OnLine: false },
  { UUID: 'b', Username: 'Brave Otter', OnLine: true },
  { UUID: 'n', Username: 'Nathan', OnLine: true },
  { UUID: 'me', Username: 'Nora', OnLine: true },
]);
const context = { app: { people, identity: { userUUID: 'me', username: 'Nora' } } };

/** A text with a `|` where the caret is. */
function at(marked) {
  const caret = marked.indexOf('|');
  return complete(marked.replace('|', ''), caret, context);
}

const labels = (marked) => at(marked)?.suggestions.map(({ label }) => label);

/** The text when the first suggestion was taken, with the caret in it. */
function taken(marked) {
  const completion = at(marked);
  const { text, caret } = accept(marked.replace('|', ''), completion, completion.suggestions[0]);
  return `${text.slice(0, caret)}|${text.slice(caret)}`;
}

test('commands are offered while their name is written', () => {
  assert.ok(labels('/|').length > 15);
  assert.deepEqual(labels('/LO|'), ['/login', '/logout']);
  assert.equal(taken('/jo|'), '/join |');
  assert.equal(taken('/he|'), '/help|');
  assert.equal(taken('/set  n|'), '/set name |');
  assert.equal(taken('/join| Ana'), '/join |Ana');
  assert.deepEqual(labels('/nonsense|'), []);
  assert.equal(at('a /jo|'), undefined);
  assert.equal(at('//jo|'), undefined);
});

test('Enter means the first line where that is likely, and never where nothing was begun', () => {
  assert.equal(at('/he|').isLikely, true);
  assert.equal(at('/help|').isLikely, false, 'it is written in full, and needs nothing');
  assert.equal(at('/join|').isLikely, true, 'it is written in full, and needs a name');
  assert.equal(at('/who|').isLikely, false, 'it is written in full, and can do without a name');
  assert.equal(at('/join |').isLikely, false);
  assert.equal(at('/join na|').isLikely, true);
  assert.equal(at('/join ana|').isLikely, false, 'Ana and nobody else is Ana');
  assert.equal(at('/join than|').isLikely, false, 'it is in the middle of a name');
  assert.equal(at('lunch @n|').isLikely, true);
  assert.equal(at('lunch @than|').isLikely, false);
});

test('arguments are offered what they can be, at the caret', () => {
  assert.deepEqual(labels('/theme |'), ['system', 'light', 'dark']);
  assert.deepEqual(labels('/theme D|'), ['dark']);
  assert.deepEqual(labels('/theme dark|'), [], 'that is it');
  assert.deepEqual(labels('/join |'), ['general', 'Brave Otter', 'Nathan', 'Ana'], 'who is here comes first, oneself not at all');
  assert.deepEqual(labels('/join na|'), ['Nathan', 'Ana'], 'a beginning comes before a middle');
  assert.equal(taken('/join br|'), '/join "Brave Otter"|');
  assert.equal(taken('/msg br|'), '/msg "Brave Otter" |');
  assert.equal(taken('/msg br| hello'), '/msg "Brave Otter" |hello');
  assert.equal(taken('/msg @at|'), '/msg Nathan |');
  assert.deepEqual(labels('/msg Ana he|'), []);
  assert.deepEqual(labels('/msg Ana @na|'), [], 'the text is not looked into');
  const { command, argument } = at('/ban Ana |');
  assert.deepEqual([command.name, argument], ['ban', 1]);
  assert.equal(at('/ban A|na 5').argument, 0);
});

test('names are offered behind an @ that begins a word', () => {
  assert.deepEqual(labels('@|'), ['Brave Otter', 'Nathan', 'Ana']);
  assert.deepEqual(labels('Thank you, (@brave o|'), ['Brave Otter']);
  assert.equal(taken('Hi @na|, and you'), 'Hi @Nathan |, and you');
  assert.equal(taken('Hi @na| and you'), 'Hi @Nathan |and you');
  assert.equal(at('me@na|'), undefined);
  assert.equal(at('at @ na|'), undefined);
  assert.deepEqual(labels('@Ana, are you|'), []);
});

test('a name alone addresses somebody', () => {
  assert.equal(addressee('@Ana'), 'Ana');
  assert.equal(addressee(' @Brave Otter  '), 'Brave Otter');
  for (const text of ['@', '@ Ana', 'hi @Ana', '@Ana\nhello', '@Ana @Ben', `@${'x'.repeat(33)}`]) assert.equal(addressee(text), undefined, text);
});
