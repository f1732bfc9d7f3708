import { count, person } from './arguments.js';
import { command } from './command.js';

/** @type {import('./command.js').Group} */
export const people = {
  title: 'People',
  commands: [
    command('block', 'Hear no more from somebody', [person()], async ({ app }, { UUID, Username }) => {
      await app.account.block(UUID, true);
      return `${Username} is blocked.`;
    }),
    command('unblock', 'Hear from somebody again', [person()], async ({ app }, { UUID, Username }) => {
      await app.account.block(UUID, false);
      return `${Username} is no longer blocked.`;
    }),
    command('kick', 'Close somebody’s sessions (moderators)', [person()], async ({ app }, { UUID, Username }) => {
      await app.client.request('kick', { userUUID: UUID });
      return `${Username} was sent away.`;
    }),
    command('ban', 'Keep somebody out for some minutes; 0 lets them in (moderators)', [person(), count('MINUTES')], async ({ app }, { UUID, Username }, minutes) => {
      await app.client.request('ban', { userUUID: UUID, minutes });
      return minutes === 0 ? `${Username} may come back.` : `${Username} is kept out for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
    }),
  ],
};
