import { element } from '../dom.js';

/** As much of a message is read out. */
const LONGEST = 300;
/** As many messages at once; of more, only how many. */
const SINGLY = 3;

/**
 * Tells a screen reader what is said while it is listening. The list itself cannot: its rows come and go with the view.
 */
export class Announcer {
  node = element('div', { class: 'visually-hidden', 'aria-live': 'polite', 'aria-atomic': 'false' });
  #newest = 0;

  /**
   * Begins anew: what is there now is history.
   *
   * @param {number} newest
   */
  listen(newest) {
    this.#newest = newest;
    this.node.replaceChildren();
  }

  /**
   * @param {import('../../protocol/types.js').Message[]} messages
   * @param {string | undefined} own The reader.
   * @param {(uuid: string) => string} nameOf
   */
  tell(messages, own, nameOf) {
    const news = [];
    for (let at = messages.length - 1; at >= 0; at -= 1) {
      const message = messages[at];
      if (!message || message.Seq <= this.#newest) break;
      if (message.SenderUUID !== own) news.unshift(message);
    }
    this.#newest = Math.max(this.#newest, messages.at(-1)?.Seq ?? 0);
    if (news.length === 0) return;
    const lines =
      news.length > SINGLY
        ? [`${news.length} new messages`]
        : news.map(({ SenderUUID, Message }) => `${nameOf(SenderUUID)}: ${Message.slice(0, LONGEST)}`);
    this.node.replaceChildren(...lines.map((line) => element('p', {}, line)));
  }
}
