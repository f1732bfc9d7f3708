import { Disconnected, Refused } from '../../protocol/types.js';
import { element } from '../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {'away' | 'guest' | 'member' | 'signIn' | 'signUp'} View */

/** Sign in, sign up, keep a guest's name, sign out. */
export class AccountDialog extends HTMLElement {
  #app;
  #dialog = element('dialog', { 'aria-labelledby': 'account-title' });

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  connectedCallback() {
    this.append(this.#dialog);
    this.#dialog.addEventListener('close', () => this.#closed());
    this.#app.on('identity', () => this.#dialog.open && !this.#dialog.querySelector('[aria-busy=true]') && this.#show(this.#home()));
  }

  open() {
    this.#show(this.#home());
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** @returns {View} */
  #home() {
    const { identity } = this.#app;
    if (!identity) return 'away';
    return identity.guest ? 'guest' : 'member';
  }

  /** Nobody is left standing at the door: whoever does not sign in is a guest. */
  #closed() {
    const { identity, client } = this.#app;
    if (!identity) client.session.signInAsGuest().catch((error) => this.#app.emit('notice', words(error)));
  }

  /** @param {View} view */
  #show(view) {
    const { client, identity } = this.#app;
    const name = identity?.username ?? '';
    const back = identity ? this.#link('Back', this.#home()) : undefined;
    switch (view) {
      case 'away':
        return this.#fill(
          'Sign in',
          'You are signed out.',
          this.#form('Sign in', 'current-password', '', (username, password) => client.session.signIn(username, password)),
          this.#link('Create an account', 'signUp'),
          this.#button('Continue as a guest', () => this.#dialog.close()),
        );
      case 'guest':
        return this.#fill(
          name || 'Guest',
          'You are a guest here. With a password the account stays yours, on every device; without one it is lost when you sign out.',
          this.#form('Keep this account', 'new-password', name, (username, password) => client.session.change({ username, password })),
          this.#link('I have an account', 'signIn'),
          this.#button('Sign out', () => this.#signOut()),
        );
      case 'member':
        return this.#fill(
          name,
          'You are signed in.',
          this.#link('Sign in as somebody else', 'signIn'),
          this.#button('Sign out', () => this.#signOut()),
        );
      case 'signIn':
        return this.#fill(
          'Sign in',
          '',
          this.#form('Sign in', 'current-password', '', (username, password) => client.session.signIn(username, password)),
          this.#link('Create an account', 'signUp'),
          back,
        );
      case 'signUp':
        return this.#fill(
          'Create an account',
          '',
          this.#form('Create account', 'new-password', '', (username, password) => client.session.signUp(username, password)),
          this.#link('I have an account', identity ? 'signIn' : 'away'),
          back,
        );
    }
  }

  /**
   * @param {string} title
   * @param {string} text
   * @param {(Node | undefined)[]} content
   */
  #fill(title, text, ...content) {
    const close = () => this.#dialog.close();
    this.#dialog.replaceChildren(
      element(
        'div',
        { class: 'dialog-head' },
        element('h2', { id: 'account-title' }, title),
        element('button', { class: 'icon-button', type: 'button', 'aria-label': 'Close', onclick: close }, icon('close')),
      ),
      ...(text ? [element('p', { class: 'text' }, text)] : []),
      ...content.filter((node) => node !== undefined),
    );
    this.#dialog.querySelector('input')?.focus();
  }

  /**
   * @param {string} label
   * @param {'current-password' | 'new-password'} kind
   * @param {string} name
   * @param {(username: string, password: string) => Promise<void>} action
   */
  #form(label, kind, name, action) {
    const username = element('input', { name: 'username', autocomplete: 'username', required: true, maxlength: 32, value: name, spellcheck: 'false', autocapitalize: 'none' });
    const password = element('input', { name: 'password', type: 'password', autocomplete: kind, required: true, maxlength: 72 });
    const error = element('p', { class: 'error', role: 'alert' });
    const button = element('button', { class: 'button primary', type: 'submit' }, label);
    const form = element(
      'form',
      {},
      element('label', { class: 'field' }, 'Name', username),
      element('label', { class: 'field' }, 'Password', password),
      error,
      button,
    );
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      error.textContent = '';
      button.disabled = true;
      form.setAttribute('aria-busy', 'true');
      try {
        await action(username.value, password.value);
        this.#dialog.close();
      } catch (problem) {
        error.textContent = words(problem);
      } finally {
        button.disabled = false;
        form.removeAttribute('aria-busy');
      }
    });
    return form;
  }

  /**
   * @param {string} label
   * @param {View} view
   */
  #link(label, view) {
    return element('button', { class: 'link-button', type: 'button', onclick: () => this.#show(view) }, label);
  }

  /**
   * @param {string} label
   * @param {() => void} action
   */
  #button(label, action) {
    return element('button', { class: 'button', type: 'button', onclick: action }, label);
  }

  async #signOut() {
    try {
      await this.#app.client.session.signOut();
    } catch (error) {
      this.#app.emit('notice', words(error));
    }
  }
}

customElements.define('account-dialog', AccountDialog);

/** @param {unknown} error */
function words(error) {
  if (error instanceof Refused) return error.message;
  if (error instanceof Disconnected) return 'There is no connection. Try again in a moment.';
  throw error;
}
