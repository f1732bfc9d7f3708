import { App } from './state/app.js';
import { ChatApp } from './ui/chat-app/chat-app.js';

const app = new App(location.origin.replace(/^http/, 'ws') + '/ws', () => localStorage, () => sessionStorage);
document.body.append(new ChatApp(app));
app.start();
