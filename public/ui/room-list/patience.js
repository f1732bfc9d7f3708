import { element } from '../dom.js';

const TICK = 250;

/** Says how long there is still to wait, and counts down. What it says is to be looked at, not read out every second. */
export class Patience {
  node = element('p', { class: 'patience', role: 'timer', hidden: true });

  #over;
  #until = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /** @param {() => void} over Enough was waited. */
  constructor(over) {
    this.#over = over;
  }

  get isNeeded() {
    return this.#ticking !== undefined;
  }

  /** @param {number} until In milliseconds since 1970; what is past needs no waiting. */
  begin(until) {
    if (until === this.#until) return;
    this.end();
    this.#until = until;
    if (until <= Date.now()) return;
    this.#ticking = setInterval(() => this.#tick(), TICK);
    this.#show();
  }

  end() {
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#until = 0;
    this.node.hidden = true;
  }

  #tick() {
    if (Date.now() < this.#until) return this.#show();
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.node.hidden = true;
    this.#over();
  }

  #show() {
    const seconds = Math.ceil((this.#until - Date.now()) / 1000);
    const [minutes, rest] = [Math.floor(seconds / 60), String(seconds % 60).padStart(2, '0')];
    const text = minutes > 0 ? `Try again in ${minutes}:${rest} minutes.` : `Try again in ${seconds} s.`;
    if (this.node.textContent !== text) this.node.textContent = text;
    this.node.hidden = false;
  }
}
