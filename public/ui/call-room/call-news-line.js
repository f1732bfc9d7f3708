import { summary } from '../../state/call-news.js';
import { element } from '../dom.js';

/** @typedef {import('../../state/call-roster.js').News} News */

/** What happens within this time is told together, in milliseconds. */
const TOGETHER = 1_000;
/** How long it stands to be read, in milliseconds. */
const STANDS = 5_000;

/** Who came, left or wants to speak: seen in a corner and read out, not more often than can be listened to. */
export class CallNewsLine {
  node = element('p', { class: 'news', role: 'status' });
  /** @type {News[]} */
  #waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {News[]} news */
  tell(news) {
    if (news.length === 0) return;
    this.#waiting.push(...news);
    this.#timer ??= setTimeout(() => this.#say(), TOGETHER);
  }

  /** Something that is not about others. @param {string} words */
  say(words) {
    this.close();
    this.node.textContent = words;
    this.#timer = setTimeout(() => this.#rest(), STANDS);
  }

  close() {
    clearTimeout(this.#timer);
  }

  #say() {
    const words = summary(this.#waiting.splice(0));
    if (words) this.node.textContent = words;
    this.#timer = setTimeout(() => this.#rest(), STANDS);
  }

  #rest() {
    this.#timer = undefined;
    if (this.#waiting.length > 0) this.#say();
    else this.node.textContent = '';
  }
}
