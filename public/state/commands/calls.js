import { isRoom, newRoom } from '../call-address.js';
import { room } from './arguments.js';
import { command, Complaint } from './command.js';

/** @type {import('./command.js').Group} */
export const calls = {
  title: 'Calls',
  commands: [
    command('call', 'Call in this channel, with picture or without', [], ({ app, page }) => page.call({ channel: app.channel })),
    command('room', 'A room with a link, for whoever has it; or the one of a name', [room()], ({ page }, name = newRoom()) => {
      if (!isRoom(name)) throw new Complaint('A room’s name has at most 64 letters, digits, hyphens and underscores.');
      page.call({ room: name });
    }),
    command('rooms', 'Rooms for everybody, and rooms with a password', [], ({ page }) => page.rooms()),
  ],
};
