import { GENERAL } from '../../protocol/types.js';
import { words } from '../form.js';
import { menuButton } from '../menu.js';

/** @typedef {import('../../state/app.js').App} App */

/**
 * What can be done about the person at the far end of the open channel.
 *
 * @param {App} app
 */
export function channelMenu(app) {
  const { button, menu } = menuButton('more', () => {
    const { channel } = app;
    const name = app.nameOf(channel);
    const blocked = app.account.blocked.includes(channel);
    const block = () => attempt(app, () => app.account.block(channel, !blocked), blocked ? `${name} can write to you again.` : `${name} is blocked.`);
    return [blocked ? { label: 'Unblock', picture: 'block', act: block } : { label: 'Block', picture: 'block', dangerous: true, act: block }];
  });
  return {
    button,
    menu,
    /** There is nobody at the far end of General, nor of one's own notes. */
    paint() {
      button.hidden = app.channel === GENERAL || app.channel === app.identity?.userUUID;
      button.setAttribute('aria-label', `About ${app.nameOf(app.channel)}`);
    },
  };
}

/**
 * @param {App} app
 * @param {() => Promise<unknown>} work
 * @param {string} done
 */
async function attempt(app, work, done) {
  try {
    await work();
    app.emit('notice', done);
  } catch (error) {
    app.emit('notice', words(error));
  }
}
