/** Keeps the screen of a phone from going dark, as long as this page is looked at. Not every browser can. */
export class Awake {
  #wanted = false;
  /** @type {WakeLockSentinel | undefined} */
  #lock;
  #again = () => this.#take();

  begin() {
    this.#wanted = true;
    // It ends whenever the page is hidden.
    document.addEventListener('visibilitychange', this.#again);
    this.#take();
  }

  end() {
    this.#wanted = false;
    document.removeEventListener('visibilitychange', this.#again);
    this.#lock?.release().catch(() => {});
  }

  async #take() {
    if (document.hidden || !('wakeLock' in navigator)) return;
    // A battery that is nearly empty is a reason not to.
    const lock = await navigator.wakeLock.request('screen').catch(() => undefined);
    if (this.#wanted) this.#lock = lock;
    else lock?.release().catch(() => {});
  }
}
