import { explain } from '../state/problem.js';

/** @typedef {import('../state/app.js').App} App */
/** @typedef {import('./menu.js').Choice} Choice */

/** In minutes. */
const WHILE = 60;
const MODERATORS = 'For moderators';

/**
 * What can be done about somebody. Whether we may, the server decides.
 *
 * @param {App} app
 * @param {string} uuid
 * @param {(text: string) => void} tell How it went.
 * @returns {Choice[]}
 */
export function personChoices(app, uuid, tell) {
  const name = app.people.find(uuid)?.Username ?? 'This person';
  const blocked = app.account.blocked.includes(uuid);
  /** @param {() => Promise<unknown>} work @param {string} done */
  const act = (work, done) => async () => {
    try {
      await work();
      tell(done);
    } catch (error) {
      tell(explain(error));
    }
  };
  /** @param {number} minutes */
  const ban = (minutes) => app.client.request('ban', { userUUID: uuid, minutes });
  return [
    blocked
      ? { label: 'Unblock', picture: 'block', act: act(() => app.account.block(uuid, false), `${name} can write to you again.`) }
      : { label: 'Block', picture: 'block', dangerous: true, act: act(() => app.account.block(uuid, true), `${name} is blocked.`) },
    { group: MODERATORS, label: 'Send away', picture: 'leave', act: act(() => app.client.request('kick', { userUUID: uuid }), `${name} was sent away.`) },
    { group: MODERATORS, label: 'Keep out for an hour', picture: 'sending', act: act(() => ban(WHILE), `${name} is kept out for an hour.`) },
    { group: MODERATORS, label: 'Let in again', picture: 'person', act: act(() => ban(0), `${name} may come back.`) },
  ];
}
