/** What can be done in the account's dialog. */
export class Account {
  constructor(window) {
    this.page = window.page;
    this.dialog = window.page.locator('account-dialog dialog');
  }

  async open() {
    await this.page.locator('.account').click();
    await this.dialog.waitFor();
  }

  press(name) {
    return this.dialog.getByRole('button', { name, exact: true }).click();
  }

  async fill(fields) {
    for (const [label, text] of Object.entries(fields)) await this.dialog.getByLabel(label, { exact: true }).fill(text);
  }

  closed() {
    return this.dialog.waitFor({ state: 'hidden' });
  }

  async keep(name, password) {
    await this.open();
    await this.fill({ Name: name, Password: password });
    await this.press('Keep this account');
    await this.closed();
    await this.called(name);
  }

  /** Waits until this is the user's name. */
  called(name) {
    return this.page.locator('.account .name', { hasText: name }).waitFor();
  }

  async signOut() {
    await this.open();
    await this.press('Sign out');
    await this.asked();
  }

  /** Waits until whoever is signed out is asked to come in. */
  asked() {
    return this.dialog.locator('h2', { hasText: 'Sign in' }).waitFor();
  }

  /** Comes in by the dialog, which asks for it already or is opened by a guest. */
  async signIn(name, password) {
    if (!(await this.dialog.isVisible())) {
      await this.open();
      await this.press('I have an account');
    }
    await this.fill({ Name: name, Password: password });
    await this.press('Sign in');
  }
}
