import { Emitter } from '../protocol/emitter.js';
import { Disconnected, Refused } from '../protocol/types.js';
import { Timeline } from './timeline.js';

/** Of a channel that is not open as many messages stay at hand, about. */
const AT_HAND = 50;
/** Of as many channels, those opened last. */
const CHANNELS_AT_HAND = 20;

/**
 * The messages of the channels that were opened here. How many of the open one are held is the timeline's own affair; of the
 * others it is the last page, so that a page that stays open for weeks does not grow.
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
      if (timeline && channel !== client.channel && timeline.messages.length > 2 * AT_HAND) this.#shorten(channel, timeline);
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

  /**
   * The reader turns to a channel, and away from the others.
   *
   * @param {string} channel
   */
  opening(channel) {
    const opened = this.of(channel);
    this.#timelines.delete(channel);
    let surplus = this.#timelines.size + 1 - CHANNELS_AT_HAND;
    for (const [id, timeline] of [...this.#timelines]) {
      if (surplus > 0) this.#drop(id);
      else this.#shorten(id, timeline);
      surplus -= 1;
    }
    // The map is in the order in which channels were opened last.
    this.#timelines.set(channel, opened);
  }

  /**
   * @param {string} channel
   * @param {Timeline} timeline
   */
  #shorten(channel, timeline) {
    if (timeline.loaded) timeline.replace(timeline.messages.slice(-AT_HAND));
  }

  /** @param {string} channel */
  #drop(channel) {
    this.#timelines.delete(channel);
    this.#client.forget(channel);
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
