import { Emitter } from '../protocol/emitter.js';
import { Disconnected, Refused } from '../protocol/types.js';
import { Timeline } from './timeline.js';

/**
 * The messages of every channel that was opened here.
 *
 * @extends {Emitter<{ change: undefined, notice: string }>}
 */
export class History extends Emitter {
  #client;
  #people;
  /** @type {Map<string, Timeline>} */
  #timelines = new Map();

  /**
   * @param {import('../protocol/client.js').ChatClient} client
   * @param {import('./people.js').People} people
   */
  constructor(client, people) {
    super();
    this.#client = client;
    this.#people = people;
    client.on('page', ({ channel, messages, replace }) => {
      if (replace) this.of(channel).replace(messages);
      else this.of(channel).add(messages);
      this.emit('change', undefined);
    });
    client.on('message', ({ channel, message }) => {
      const timeline = this.#timelines.get(channel);
      if (timeline?.loaded) timeline.add([message]);
      this.emit('change', undefined);
    });
    client.on('changed', ({ channel, message }) => {
      this.#timelines.get(channel)?.change(message);
      this.emit('change', undefined);
    });
    client.on('reacted', (reacted) => {
      this.#timelines.get(reacted.channel)?.react(reacted);
      this.emit('change', undefined);
    });
  }

  /** @param {string} channel */
  of(channel) {
    const timeline = this.#timelines.get(channel) ?? new Timeline();
    this.#timelines.set(channel, timeline);
    return timeline;
  }

  /** Another user reads other messages. */
  clear() {
    this.#timelines.clear();
  }

  /**
   * Fetches messages from before those that are known.
   *
   * @param {string} channel
   */
  async loadOlder(channel) {
    const timeline = this.of(channel);
    const before = timeline.messages[0]?.Seq;
    if (timeline.loading || !timeline.hasOlder || before === undefined || !this.#client.ready) return;
    timeline.loading = true;
    this.emit('change', undefined);
    try {
      const { messages, more } = await this.#client.history(channel, before);
      this.#people.mention(messages.map(({ Sender }) => Sender));
      timeline.prepend(messages, more !== false);
    } catch (error) {
      if (error instanceof Refused) this.emit('notice', error.message);
      else if (!(error instanceof Disconnected)) throw error;
    } finally {
      timeline.loading = false;
      this.emit('change', undefined);
    }
  }
}
