import { element } from '../dom.js';

/** The server's limit, in characters. */
const LONGEST = 4_000;

/**
 * Stands where a message stood while it is written anew. Enter saves, Escape leaves it as it was.
 *
 * @param {string} text
 * @param {(text: string) => Promise<boolean>} save Whether it worked; if not, what was typed stays.
 * @param {() => void} done
 */
export function messageEditor(text, save, done) {
  const field = element('textarea', { rows: 1, 'aria-label': 'Edit message' });
  const submit = element('button', { class: 'link-button', type: 'submit' }, 'Save');
  const form = element(
    'form',
    { class: 'editor' },
    field,
    element(
      'div',
      { class: 'editor-foot' },
      element('span', {}, 'Enter saves, Escape cancels'),
      element('button', { class: 'link-button', type: 'button', onclick: done }, 'Cancel'),
      submit,
    ),
  );
  const changed = () => {
    const length = [...field.value.trim()].length;
    submit.disabled = length === 0 || length > LONGEST;
  };
  field.value = text;
  field.addEventListener('input', changed);
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') done();
    else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) form.requestSubmit(submit.disabled ? null : submit);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const wanted = field.value.trim().toWellFormed();
    if (submit.disabled) return;
    if (wanted === text || (await save(wanted))) done();
  });
  return {
    form,
    focus: () => {
      field.focus();
      field.setSelectionRange(field.value.length, field.value.length);
    },
  };
}
