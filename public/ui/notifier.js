import { GENERAL } from '../protocol/types.js';
import { wantsAttention } from '../state/attention.js';
import { playTone } from './tone.js';

/** @typedef {import('../state/app.js').App} App */
/** @typedef {import('../protocol/types.js').Message} Message */
/** @typedef {{ channel: string, tag: string, title: string, body: string, isOver: () => boolean }} Told A notification, and whether it has had its time. */

const WORKER = '/service-worker.js';
/** How long other windows leave a message to the one that shows it already, in milliseconds. */
const PRECEDENCE = 300;
/** How long a window stands for a message that it took upon itself: longer than any other hears of it later. */
const CLAIM = 20_000;
/** How long a notification takes to the screen at most after the browser has said that it is shown, in milliseconds. */
const DISPLAY = 1_000;
/** How long others wait for a browser that does not say what became of a notification, in milliseconds. */
const TURN = 5_000 + DISPLAY;
const LONGEST = 200;

/**
 * Draws the user's attention to messages that are for them and not before their eyes: by a notification, by a sound, as they wish.
 * Of several windows one does it, and none where one shows the message.
 */
export class Notifier {
  #app;
  #open;
  /** Notifications of ours, and whether they have had their time. @type {Map<string, () => boolean>} */
  #told = new Map();

  /**
   * @param {App} app
   * @param {(channel: string) => void} open For a notification that was clicked.
   */
  constructor(app, open) {
    this.#app = app;
    this.#open = open;
  }

  start() {
    const { preferences, client, channels, calls } = this.#app;
    let sound = preferences.sound;
    preferences.on('change', ({ here }) => {
      if (here && preferences.notifications) this.#permit();
      if (here && preferences.sound && !sound) playTone();
      sound = preferences.sound;
    });
    client.on('message', ({ channel, message }) => this.#heard(channel, message));
    channels.on('change', () => this.#withdraw());
    calls.on('change', () => this.#withdraw());
    calls.on('begun', ({ channel, by }) => this.#rings(channel, by));
    if (!('serviceWorker' in navigator)) return;
    navigator.serviceWorker.addEventListener('message', ({ data }) => this.#open(data.open));
    navigator.serviceWorker.startMessages();
  }

  /** Why there can be no notifications. @returns {string | undefined} */
  get obstacle() {
    if (!('Notification' in globalThis) || !('serviceWorker' in navigator)) return 'This browser shows none for this address.';
    if (Notification.permission === 'denied') return 'Blocked in this browser. Allow them in its settings for this site.';
    return undefined;
  }

  /** The browser only asks on the user's own action, which this follows. */
  async #permit() {
    const { preferences } = this.#app;
    try {
      if (this.obstacle === undefined && (await Notification.requestPermission()) === 'granted') {
        await navigator.serviceWorker.register(WORKER);
        return;
      }
      this.#app.emit('notice', this.obstacle ? `No notifications. ${this.obstacle}` : 'No notifications, then.');
    } catch (error) {
      this.#app.emit('notice', `No notifications: ${error instanceof Error ? error.message : error}`);
    }
    preferences.set('notifications', false);
  }

  /**
   * @param {string} channel
   * @param {Message} message
   */
  async #heard(channel, message) {
    const { identity, channels } = this.#app;
    if (!identity || !wantsAttention(message, channel, identity)) return;
    const { Sender, Message } = message;
    await this.#call(message.UUID, () => this.#isShown(channel), {
      channel,
      tag: channel,
      title: channel === GENERAL ? `${Sender.Username} in General` : Sender.Username,
      body: Message.length > LONGEST ? `${Message.slice(0, LONGEST)}…` : Message,
      isOver: () => !channels.find(channel)?.unread,
    });
  }

  /**
   * Somebody wants to talk to this user.
   *
   * @param {string} channel
   * @param {import('../protocol/types.js').User} by
   */
  async #rings(channel, by) {
    const { calls } = this.#app;
    this.#app.emit('notice', `${by.Username} is calling.`);
    const isOver = () => calls.in(channel).length === 0;
    await this.#call(`call ${channel}`, () => !document.hidden, { channel, tag: `call ${channel}`, title: by.Username, body: 'is calling', isOver });
  }

  /**
   * By sound and by notification, as the user wishes, unless a window shows it.
   *
   * @param {string} about
   * @param {() => boolean} isShown
   * @param {Told} told
   */
  async #call(about, isShown, told) {
    const { preferences } = this.#app;
    if (!preferences.notifications && !preferences.sound) return;
    const shown = isShown();
    if (!shown) await pause(PRECEDENCE);
    await claim(about, async () => {
      if (shown || isShown()) return;
      if (preferences.sound) playTone();
      if (preferences.notifications && this.obstacle === undefined && Notification.permission === 'granted') await this.#tell(told);
    });
  }

  /** @param {string} channel */
  #isShown(channel) {
    return channel === this.#app.channel && this.#app.reading.attentive;
  }

  /** @param {Told} told */
  async #tell({ channel, tag, title, body, isOver }) {
    const worker = await navigator.serviceWorker.register(WORKER);
    // The sound is ours to make, or not to make.
    await inTurn('shared', async () => {
      await worker.showNotification(title, { body, tag, icon: '/icons/icon-192.png', data: { channel }, silent: true });
      await pause(DISPLAY);
    });
    this.#told.set(tag, isOver);
    // It may have been read meanwhile.
    await this.#withdraw();
  }

  /** What was read needs no notification any more. */
  async #withdraw() {
    for (const [tag, isOver] of this.#told) {
      if (!isOver()) continue;
      this.#told.delete(tag);
      const worker = await navigator.serviceWorker.getRegistration();
      await inTurn('exclusive', async () => {
        for (const notification of (await worker?.getNotifications({ tag })) ?? []) notification.close();
      });
    }
  }
}

/**
 * Acts unless another window of this browser does, or did a moment ago.
 *
 * @param {string} message
 * @param {() => Promise<void>} act
 */
async function claim(message, act) {
  if (!navigator.locks) return act();
  await navigator.locks.request(`rialto.call.${message}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    await act();
    await pause(CLAIM);
  });
}

/**
 * Shows notifications, which all windows of this browser may do at once, or looks at them, alone: Chromium forgets a notification that is
 * still on its way to the screen when somebody asks which there are, and then nobody can take it away.
 *
 * @param {LockMode} mode
 * @param {() => Promise<void>} act
 */
async function inTurn(mode, act) {
  if (!navigator.locks) return act();
  await navigator.locks.request('rialto.notifications', { mode }, () => Promise.race([act(), pause(TURN)]));
}

/** @param {number} duration */
function pause(duration) {
  return new Promise((done) => setTimeout(done, duration));
}
