const ruler = document.createElement('canvas').getContext('2d');

/**
 * Whether the caret is in the first row of a field, so that there is nowhere to go up to.
 *
 * @param {HTMLTextAreaElement} field
 */
export function isInFirstRow(field) {
  const { selectionStart: caret, selectionEnd, value } = field;
  if (caret !== selectionEnd) return false;
  const [line = ''] = value.split('\n', 1);
  return caret === 0 || (caret <= line.length && fits(field, line));
}

/**
 * Whether the caret is in the last row.
 *
 * @param {HTMLTextAreaElement} field
 */
export function isInLastRow(field) {
  const { selectionStart: caret, selectionEnd, value } = field;
  if (caret !== selectionEnd) return false;
  const line = value.slice(value.lastIndexOf('\n') + 1);
  return caret === value.length || (caret >= value.length - line.length && fits(field, line));
}

/**
 * Whether a line is one row: it is not wrapped.
 *
 * @param {HTMLTextAreaElement} field
 * @param {string} line
 */
function fits(field, line) {
  const { font, paddingLeft, paddingRight } = getComputedStyle(field);
  if (!ruler) return false;
  ruler.font = font;
  return ruler.measureText(line).width < field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}
