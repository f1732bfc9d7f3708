import { element } from './dom.js';

const LINK = /https?:\/\/[^\s<>"'`\p{Cf}]+/giu;
/** Punctuation that ends a sentence rather than an address. */
const TAIL = /[.,;:!?)\]}]+$/;

/**
 * A message's text as nodes: links can be followed, everything else is as written.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function richText(text) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TAIL, '');
    if (!URL.canParse(address)) continue;
    parts.push(text.slice(end, match.index), link(address));
    end = match.index + address.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** @param {string} address */
function link(address) {
  return element('a', { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, address);
}
