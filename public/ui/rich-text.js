import { parse, written } from '../state/markup.js';
import { copyText } from './clipboard.js';
import { element } from './dom.js';
import { icon } from './icons.js';

/** @typedef {import('../state/markup.js').Part} Part */

/**
 * A message's text as nodes. All of it comes out as text, links that can be followed and the elements made here; the nodes'
 * text is the message as it was written.
 *
 * @param {string} text
 * @param {import('../state/markup.js').Names} [names]
 * @returns {(Node | string)[]}
 */
export function richText(text, names) {
  return parse(text, names).map(draw);
}

/** @param {Part} part @returns {Node | string} */
function draw(part) {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'mark':
      return element('span', { class: 'mark' }, part.text);
    case 'link':
      return element(
        'a',
        { href: part.address, target: '_blank', rel: 'noopener noreferrer nofollow', ...(part.host ? { title: `Leads to ${part.host}` } : {}) },
        part.text,
      );
    case 'mention':
      return element('span', { class: part.own ? 'mention own' : 'mention' }, part.text);
    case 'code':
      return element('code', {}, ...part.parts.map(draw));
    case 'strong':
      return element('strong', {}, ...part.parts.map(draw));
    case 'emphasis':
      return element('em', {}, ...part.parts.map(draw));
    case 'quote':
      return element('blockquote', {}, ...part.parts.map(draw));
    case 'block':
      return block(part.parts);
  }
}

/** @param {Part[]} parts */
function block(parts) {
  const [open, code, close] = parts;
  const source = code ? written(code) : '';
  const copy = element('button', { class: 'copy-code', type: 'button', 'aria-label': 'Copy code', onclick: () => copyFrom(copy, source) }, icon('copy'));
  return element(
    'div',
    { class: 'code-block' },
    ...(open ? [draw(open)] : []),
    element('pre', { tabindex: 0, role: 'region', 'aria-label': 'Code' }, element('code', {}, source)),
    ...(close ? [draw(close)] : []),
    copy,
  );
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} source
 */
async function copyFrom(button, source) {
  if (!(await copyText(source))) return;
  button.replaceChildren(icon('sent'));
  button.setAttribute('aria-label', 'Copied');
}
