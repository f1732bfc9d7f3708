import { Disconnected, Refused } from '../protocol/types.js';
import { words } from '../state/problem.js';
import { element } from './dom.js';

const UNFORESEEN = 'That did not work. Try again, or load the page anew.';

/**
 * A form that does one thing: while it does, its button waits; what goes wrong is said above it.
 *
 * @param {string} label What its button says.
 * @param {HTMLLabelElement[]} fields
 * @param {() => Promise<unknown>} action
 * @param {{ dangerous?: boolean }} [kind]
 */
export function form(label, fields, action, { dangerous = false } = {}) {
  const error = element('p', { class: 'error', role: 'alert' });
  const button = element('button', { class: dangerous ? 'button danger' : 'button primary', type: 'submit' }, label);
  const made = element('form', {}, ...fields, error, button);
  made.addEventListener('submit', async (event) => {
    event.preventDefault();
    error.textContent = '';
    button.disabled = true;
    made.setAttribute('aria-busy', 'true');
    try {
      await action();
    } catch (problem) {
      const foreseen = problem instanceof Refused || problem instanceof Disconnected;
      error.textContent = foreseen ? words(problem) : UNFORESEEN;
      if (!foreseen) reportError(problem);
    } finally {
      button.disabled = false;
      made.removeAttribute('aria-busy');
    }
  });
  return made;
}

/** @param {string} value */
export function nameInput(value) {
  return element('input', { name: 'username', autocomplete: 'username', required: true, maxlength: 32, value, spellcheck: 'false', autocapitalize: 'none' });
}

/** @param {'current-password' | 'new-password'} kind */
export function passwordInput(kind) {
  return element('input', { name: 'password', type: 'password', autocomplete: kind, required: true, maxlength: 72 });
}

/**
 * @param {string} label
 * @param {HTMLInputElement} input
 */
export function field(label, input) {
  return element('label', { class: 'field' }, label, input);
}
