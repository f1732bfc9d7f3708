import { element } from '../dom.js';
import { menuButton } from '../menu.js';
import { personChoices } from '../person-menu.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/** Somebody in the list of people: a button that leads to them, and a menu of what else there is to do. */
export class PersonLine {
  #avatar = new UserAvatar();
  #name = element('bdi', { class: 'name' });
  #state = element('span', { class: 'presence' });
  #more;
  item;

  /**
   * @param {import('../../state/app.js').App} app
   * @param {string} uuid
   * @param {{ choose: () => void, tell: (text: string) => void }} does
   */
  constructor(app, uuid, { choose, tell }) {
    const { button, menu } = menuButton('more', () => personChoices(app, uuid, tell));
    button.tabIndex = -1;
    this.#more = button;
    const person = element('button', { class: 'person', type: 'button', tabindex: -1, onclick: choose }, this.#avatar, this.#name, this.#state);
    this.item = element('li', {}, person, button, menu);
  }

  /**
   * @param {import('../../protocol/types.js').User} user
   * @param {{ own: boolean, blocked: boolean }} standing
   */
  show({ UUID, Username, OnLine }, { own, blocked }) {
    this.#avatar.show(UUID, Username, OnLine);
    this.#name.textContent = Username;
    if (own) this.#state.textContent = 'You, for notes';
    else if (blocked) this.#state.textContent = 'Blocked';
    else this.#state.textContent = OnLine ? 'Online' : 'Offline';
    this.#more.hidden = own;
    this.#more.setAttribute('aria-label', `About ${Username}`);
  }
}
