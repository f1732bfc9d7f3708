import { App } from './state/app.js';
import { ChatApp } from './ui/chat-app/chat-app.js';
import { followTheme } from './ui/theme.js';

const app = new App(location.origin.replace(/^http/, 'ws') + '/ws', () => localStorage, () => sessionStorage);
followTheme(app.preferences);
document.body.append(new ChatApp(app));
app.start();
