import { ownName, proof, secret } from './arguments.js';
import { command, Complaint } from './command.js';

/** @param {import('./command.js').Context} context */
const hasNoPassword = ({ app }) => app.identity?.guest === true;

/** @type {import('./command.js').Group} */
export const account = {
  title: 'Your account',
  commands: [
    command('login', 'Sign in; a new name makes a new account', [ownName(), secret('current')], async ({ app }, name, password) => {
      await app.client.session.signIn(name, password);
      return `You are signed in as ${app.identity?.username ?? name}.`;
    }),
    command('signup', 'Make a new account', [ownName(), secret('new')], async ({ app }, name, password) => {
      await app.client.session.signUp(name, password);
      return `Welcome, ${app.identity?.username ?? name}. This account is yours, on every device.`;
    }),
    command('logout', 'Sign out, here and wherever this sign-in is used', [], ({ app }) => app.client.session.signOut()),
    command('guest', 'Go on as somebody new, without a password', [], async ({ app }) => {
      if (app.identity?.guest) throw new Complaint(`You are a guest: ${app.identity.username}.`);
      await app.client.session.signInAsGuest();
      return `You are a guest now: ${app.identity?.username ?? ''}.`;
    }),
    command('set name', 'Change your name', [ownName()], async ({ app }, username) => {
      if (app.identity?.guest) throw new Complaint('A name of your own needs a password first: /set password');
      await app.account.change({ username });
      return `You are ${username} now.`;
    }),
    command('set password', 'Set a password, which makes a guest’s account permanent', [secret('new')], async ({ app }, password) => {
      await app.account.change({ password });
      return 'Your password is set.';
    }),
    command('export', 'Download everything that is stored about you', [], async ({ app, page }) => {
      const all = await app.account.export();
      page.save(`rialto-${app.identity?.username ?? 'account'}.json`, all);
      return 'Everything that is stored about you is in your downloads.';
    }),
    command('delete-account', 'End your account for good', [proof(), secret('current', hasNoPassword)], async ({ app }, _name, password) => {
      await app.account.remove(password ?? '');
    }),
  ],
};
