import { Keep } from './protocol/keep.js';
import { Shelf } from './protocol/shelf.js';
import { App } from './state/app.js';
import { ChatApp } from './ui/chat-app/chat-app.js';
import { followTheme } from './ui/theme.js';

const browserBox = () => localStorage;
const windowBox = () => sessionStorage;
const shelf = await Shelf.claim(navigator.locks, browserBox, windowBox);
if (shelf.others().length > 0) {
  // Fetched only where there is something to take up: the first visit stays small. If it fails, that waits for another window.
  const adopted = import('./state/adoption.js').then(({ adopt }) => adopt(shelf, new Keep(browserBox, 'identity').read()?.userUUID));
  await adopted.catch(reportError);
}

const app = new App(location.origin.replace(/^http/, 'ws') + '/ws', browserBox, windowBox, shelf);
followTheme(app.preferences);
document.body.append(new ChatApp(app));
app.start();
