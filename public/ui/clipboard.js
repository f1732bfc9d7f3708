import { element } from './dom.js';

/**
 * Copies a text. Where the page came unencrypted from another machine, the browser offers only the older way.
 *
 * @param {string} text
 * @returns {Promise<boolean>} Whether it worked.
 */
export async function copyText(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const focused = document.activeElement;
  const field = element('textarea', { class: 'visually-hidden' });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return copied;
}
