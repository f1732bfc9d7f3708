import { words } from '../../state/problem.js';
import { element } from '../dom.js';
import { UserAvatar } from '../user-avatar/user-avatar.js';

/**
 * Whom the user blocked, each with a way back.
 *
 * @param {import('../../state/app.js').App} app
 */
export function blockedPeople(app) {
  const none = element('p', { class: 'none', role: 'status' }, 'Looking…');
  const list = element('ul', { class: 'blocked' });

  const paint = () => {
    const { blocked } = app.account;
    none.textContent = blocked.length === 0 ? 'Nobody.' : '';
    list.replaceChildren(
      ...blocked.map((uuid) => {
        const name = app.people.find(uuid)?.Username ?? 'Somebody who is not here';
        const unblock = () => app.account.block(uuid, false).then(paint, fail);
        return element(
          'li',
          {},
          new UserAvatar().show(uuid, name),
          element('bdi', { class: 'name' }, name),
          element('button', { class: 'button', type: 'button', 'aria-label': `Unblock ${name}`, onclick: unblock }, 'Unblock'),
        );
      }),
    );
  };
  const fail = (/** @type {unknown} */ error) => {
    none.textContent = words(error);
  };

  app.account.export().then(paint, fail);
  return element('div', {}, none, list);
}
