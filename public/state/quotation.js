/** As much of a message is quoted. */
const LINES = 3;
const CHARACTERS = 200;

const QUOTED = /^> ?/;
const FENCE = /^```/;

/**
 * How a message begins, as a quote to be answered below. What it quotes itself is left out, unless it says nothing else.
 *
 * @param {string} name Who said it.
 * @param {string} text
 */
export function quotation(name, text) {
  const lines = text.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '' && !FENCE.test(line));
  const answer = lines.filter((line) => !QUOTED.test(line));
  const said = answer.length > 0 ? answer : lines.map((line) => line.replace(QUOTED, ''));
  const beginning = [...said.slice(0, LINES).join('\n')];
  const cut = said.length > LINES || beginning.length > CHARACTERS;
  const words = beginning.slice(0, CHARACTERS).join('').trimEnd() + (cut ? '…' : '');
  return `${name}: ${words}\n`.replaceAll(/^(?=.)/gm, '> ');
}
