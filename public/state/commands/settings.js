import { THEMES } from '../preferences.js';
import { choice } from './arguments.js';
import { command } from './command.js';

const SWITCH = /** @type {const} */ (['on', 'off']);

/** @type {import('./command.js').Group} */
export const settings = {
  title: 'This page',
  commands: [
    command('theme', 'Light, dark, or as the system has it', [choice(THEMES)], ({ app }, theme) => {
      app.preferences.set('theme', theme);
      return theme === 'system' ? 'The theme follows the system.' : `The theme is ${theme}.`;
    }),
    command('notifications', 'Desktop notifications', [choice(SWITCH)], ({ app }, state) => {
      app.preferences.set('notifications', state === 'on');
      return state === 'on' ? 'Notifications are on, if this browser lets them.' : 'Notifications are off.';
    }),
    command('sound', 'A soft tone for what is written to you', [choice(SWITCH)], ({ app }, state) => {
      app.preferences.set('sound', state === 'on');
      return `Sound is ${state}.`;
    }),
  ],
};
