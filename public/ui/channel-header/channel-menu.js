import { GENERAL } from '../../protocol/types.js';
import { menuButton } from '../menu.js';
import { personChoices } from '../person-menu.js';

/** @typedef {import('../../state/app.js').App} App */

/**
 * What can be done about the person at the far end of the open channel.
 *
 * @param {App} app
 */
export function channelMenu(app) {
  const { button, menu } = menuButton('more', () => {
    const { channel } = app;
    const leave = () => {
      app.open(GENERAL);
      app.channels.hide(channel);
    };
    return [{ label: 'Close this conversation', picture: 'close', act: leave }, ...personChoices(app, channel, (text) => app.emit('notice', text))];
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
