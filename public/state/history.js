import { Emitter } from '../protocol/emitter.js';
import { Refused, ignoreRefusal } from '../protocol/types.js';
import { Timeline } from './timeline.js';

/** Of a channel that is not open as many messages stay at hand, about. */
const AT_HAND = 50;
/** Of as many channels, those opened last. */
const CHANNELS_AT_HAND = 20;
/** As many messages are fetched at once. */
const PAGE = 100;

/**
 * The messages of the channels that were opened here. How many of the open one are held is the timeline's own affair; of the
 * others it is a page around what was read, so that a page that stays open for weeks does not grow.
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
      if (timeline && channel !== client.channel && timeline.messages.length > 2 * AT_HAND) timeline.shorten(AT_HAND);
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
      else timeline.shorten(AT_HAND);
      surplus -= 1;
    }
    // The map is in the order in which channels were opened last.
    this.#timelines.set(channel, opened);
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
   * Fetches messages from before those that are held.
   *
   * @param {string} channel
   */
  async loadOlder(channel) {
    const timeline = this.of(channel);
    const before = timeline.messages[0]?.Seq;
    if (!timeline.hasOlder || before === undefined) return;
    await this.#load(timeline, async () => {
      const { messages, more } = await this.#client.history(channel, before, PAGE);
      timeline.prepend(messages, more !== false);
      return messages;
    });
  }

  /**
   * Fetches messages from after those that are held.
   *
   * @param {string} channel
   */
  async loadNewer(channel) {
    const timeline = this.of(channel);
    if (!timeline.hasNewer) return;
    const { newest } = timeline;
    await this.#load(timeline, async () => {
      const { messages } = await this.#client.history(channel, newest + PAGE + 1, PAGE);
      timeline.add(messages);
      // What would go on from here is kept by the server no longer.
      if (timeline.newest === newest) timeline.jump(messages);
      return messages;
    });
  }

  /**
   * Leaves out what lies between what is held and the newest messages.
   *
   * @param {string} channel
   */
  async loadNewest(channel) {
    const timeline = this.of(channel);
    if (!timeline.hasNewer) return;
    await this.#load(timeline, async () => {
      const { messages } = await this.#client.history(channel, undefined, PAGE);
      timeline.jump(messages);
      return messages;
    });
  }

  /**
   * @param {Timeline} timeline
   * @param {() => Promise<import('../protocol/types.js').Message[]>} fetch
   */
  async #load(timeline, fetch) {
    if (timeline.loading || !this.#client.ready) return;
    timeline.loading = true;
    this.emit('change', undefined);
    try {
      this.#people.mention((await fetch()).map(({ Sender }) => Sender));
    } catch (error) {
      if (error instanceof Refused) this.emit('notice', error.message);
      else ignoreRefusal(error);
    } finally {
      timeline.loading = false;
      this.emit('change', undefined);
    }
  }
}
