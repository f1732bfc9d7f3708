import { GENERAL } from '../../protocol/types.js';
import { tooLong } from '../length.js';
import { person, place, search, text } from './arguments.js';
import { command, Complaint } from './command.js';

/** @type {import('./command.js').Group} */
export const channels = {
  title: 'Getting around',
  commands: [
    command('help', 'All commands and keys', [], ({ page }) => page.help()),
    command('join', 'Open the conversation with somebody, or general', [place()], ({ app }, channel) => app.open(channel)),
    command('leave', 'Back to General; a conversation leaves the list', [], ({ app }) => {
      const { channel } = app;
      if (channel === GENERAL) throw new Complaint('This is General, where everybody is. There is nothing to leave.');
      app.open(GENERAL);
      app.channels.hide(channel);
    }),
    command('msg', 'Write to somebody without leaving this conversation', [person(), text()], ({ app }, { UUID, Username }, said) => {
      const excess = tooLong(said);
      if (excess) throw new Complaint(excess);
      if (!app.identity) throw new Complaint('Sign in first.');
      app.channels.add(UUID);
      app.client.outbox.add(app.identity.userUUID, UUID, said);
      return `To ${Username}: ${said}`;
    }),
    command('who', 'See who is here, or look for somebody', [search()], ({ page }, name) => page.people(name ?? '')),
  ],
};
