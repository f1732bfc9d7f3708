import { Disconnected } from '../../protocol/types.js';
import { words } from '../../state/problem.js';
import { dialog, dialogHead } from '../dialog.js';
import { element } from '../dom.js';
import { field, form, nameInput, passwordInput } from '../form.js';
import { icon } from '../icons.js';
import { blockedPeople } from './blocked-people.js';
import { saveAs } from './save-as.js';

/** @typedef {import('../../state/app.js').App} App */
/** @typedef {import('../icons.js').IconName} IconName */
/** @typedef {'home' | 'signIn' | 'signUp' | 'name' | 'password' | 'blocked' | 'remove'} View */

const SIGNED_OUT = 'You are signed out.';
const GUEST = 'You are a guest. With a password the account stays yours, on every device; without one it is lost when you sign out.';
const REMOVAL = 'The account goes for good, on every device. What you wrote stays where it is, under your name.';

/** Everything about the user's own account: coming in, keeping a guest's name, changing it, and going. */
export class AccountDialog extends HTMLElement {
  #app;
  #dialog = dialog('account-title');
  /** For whom it shows what it shows; nobody while they are signed out. @type {string | undefined} */
  #user;

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  connectedCallback() {
    this.append(this.#dialog);
    this.#dialog.addEventListener('close', () => this.#closed());
    this.#app.on('identity', () => this.#changed());
  }

  /** @param {View} [view] */
  open(view = 'home') {
    // With an account the server ends its connection.
    if (this.#app.connection.status.phase === 'ended') this.#app.connection.connect();
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#show(view);
  }

  /** Perhaps by another window. Who was asked to come in and did so there is not asked any more. */
  #changed() {
    if (!this.#dialog.open || this.#dialog.querySelector('[aria-busy=true]')) return;
    const user = this.#app.identity?.userUUID;
    // What the same user has typed half stays, whatever they are called now.
    if (user === this.#user) return;
    if (this.#user === undefined) this.#dialog.close();
    else this.#show('home');
  }

  /** Nobody is left standing at the door: whoever does not sign in is a guest. */
  #closed() {
    // Told late: it may be open again.
    if (this.#dialog.open) return;
    const { identity, client } = this.#app;
    this.#dialog.replaceChildren();
    if (identity) return;
    // Where the connection is only being made, the visitor comes in when it is.
    this.#attempt(() =>
      client.session.signInAsGuest().catch((error) => {
        if (!(error instanceof Disconnected)) throw error;
      }),
    );
  }

  /** @param {View} view */
  #show(view) {
    const { identity } = this.#app;
    this.#user = identity?.userUUID;
    const views = {
      home: () => (!identity ? this.#away() : identity.guest ? this.#guest() : this.#member()),
      signIn: () => this.#signIn(),
      signUp: () => this.#signUp(),
      name: () => this.#rename(),
      password: () => this.#setPassword(),
      blocked: () => this.#blocked(),
      remove: () => this.#remove(),
    };
    views[view]();
    const focus = this.#dialog.querySelector('input') ?? this.#dialog.querySelector('.menu button, .blocked button') ?? this.#dialog.querySelector('button');
    if (focus instanceof HTMLElement) focus.focus();
  }

  #away() {
    this.#fill('Sign in', undefined, SIGNED_OUT, this.#signInForm(), this.#link('Create an account', 'signUp'), this.#asGuest());
  }

  #guest() {
    const [name, password] = [nameInput(this.#app.identity?.username ?? ''), passwordInput('new-password')];
    const keep = () => this.#done(this.#app.account.change({ username: name.value, password: password.value }), 'The account is yours now.');
    this.#fill(
      this.#name,
      undefined,
      GUEST,
      form('Keep this account', [field('Name', name), field('Password', password)], keep),
      this.#menu(['person', 'I have an account', 'signIn'], ...this.#common()),
    );
  }

  #member() {
    this.#fill(
      this.#name,
      undefined,
      '',
      this.#menu(['write', 'Change name', 'name'], ['key', 'Change password', 'password'], ['person', 'Sign in as somebody else', 'signIn'], ...this.#common()),
    );
  }

  /** @returns {[IconName, string, View | (() => void)][]} */
  #common() {
    return [
      ['block', 'Blocked people', 'blocked'],
      ['download', 'Export my data', () => this.#export()],
      ['leave', 'Sign out', () => this.#attempt(() => this.#app.client.session.signOut())],
      ['remove', 'Delete account', 'remove'],
    ];
  }

  #signIn() {
    this.#fill('Sign in', 'home', '', this.#signInForm(), this.#link('Create an account', 'signUp'));
  }

  #signInForm() {
    const [name, password] = [nameInput(''), passwordInput('current-password')];
    const enter = () => this.#done(this.#app.client.session.signIn(name.value, password.value));
    return form('Sign in', [field('Name', name), field('Password', password)], enter);
  }

  #signUp() {
    const [name, password] = [nameInput(''), passwordInput('new-password')];
    const enter = () => this.#done(this.#app.client.session.signUp(name.value, password.value));
    this.#fill('Create an account', 'home', '', form('Create account', [field('Name', name), field('Password', password)], enter), this.#link('I have an account', 'signIn'));
  }

  #rename() {
    const name = nameInput(this.#app.identity?.username ?? '');
    const rename = () => this.#done(this.#app.account.change({ username: name.value }), 'The name is changed.');
    this.#fill('Change name', 'home', '', form('Change name', [field('Name', name)], rename));
    name.select();
  }

  #setPassword() {
    const password = passwordInput('new-password');
    const change = () => this.#done(this.#app.account.change({ password: password.value }), 'The password is changed.');
    this.#fill('Change password', 'home', '', form('Change password', [field('New password', password)], change));
  }

  #blocked() {
    this.#fill('Blocked people', 'home', 'Their direct messages do not reach you.', blockedPeople(this.#app));
  }

  #remove() {
    const password = passwordInput('current-password');
    const fields = this.#app.identity?.guest ? [] : [field('Password', password)];
    const remove = () => this.#done(this.#app.account.remove(password.value));
    this.#fill('Delete account', 'home', REMOVAL, form('Delete account', fields, remove, { dangerous: true }));
  }

  get #name() {
    return this.#app.identity?.username || 'Guest';
  }

  /**
   * @param {string} title
   * @param {View | undefined} back
   * @param {string} text
   * @param {Node[]} content
   */
  #fill(title, back, text, ...content) {
    const { identity } = this.#app;
    const head = dialogHead(this.#dialog, title, back && identity ? () => this.#show(back) : undefined);
    this.#dialog.replaceChildren(head, ...(text ? [element('p', { class: 'text' }, text)] : []), ...content);
  }

  /**
   * The dialog is over when this is.
   *
   * @param {Promise<unknown>} work
   * @param {string} [notice]
   */
  async #done(work, notice) {
    await work;
    this.#dialog.close();
    if (notice) this.#app.emit('notice', notice);
  }

  /** @param {() => Promise<unknown>} work */
  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      this.#app.emit('notice', words(error));
    }
  }

  #export() {
    this.#attempt(async () => saveAs(`rialto-${this.#name}.json`, await this.#app.account.export()));
  }

  /**
   * @param {string} label
   * @param {View} view
   */
  #link(label, view) {
    return element('button', { class: 'link-button', type: 'button', onclick: () => this.#show(view) }, label);
  }

  #asGuest() {
    return element('button', { class: 'button', type: 'button', onclick: () => this.#dialog.close() }, 'Continue as a guest');
  }

  /** @param {[IconName, string, View | (() => void)][]} lines */
  #menu(...lines) {
    return element(
      'ul',
      { class: 'menu' },
      ...lines.map(([picture, label, to]) => {
        const go = typeof to === 'string' ? () => this.#show(to) : to;
        return element('li', {}, element('button', { class: to === 'remove' && 'dangerous', type: 'button', onclick: go }, icon(picture), label));
      }),
    );
  }
}

customElements.define('account-dialog', AccountDialog);
