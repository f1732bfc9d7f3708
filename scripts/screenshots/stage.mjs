import { Room } from '../../public/protocol/rooms.js';
import { draw } from './camera.mjs';
import { Cast } from './cast.mjs';
import { AWAY, CALLERS, DIRECT, GENERAL, PEOPLE, ROOMS, VIEWER } from './conversation.mjs';

export const PASSWORD = 'a bridge over the canal';
/** The hour at which all pictures are taken. */
const NOW = at([0, '10:24']);

/** A server with a history, people who are there, and windows in which the first of them looks at it. */
export class Stage {
  #browser;
  /** When each thing was said, by its text. */
  #times = new Map();
  /** The newest number of each of the viewer's channels. @type {Map<string, number>} */
  #newest = new Map();
  /** The windows of those who are in a call. @type {Promise<any[]> | undefined} */
  #calling;
  /** @type {Map<string, string>} */
  uuids = new Map();
  server;
  cast;

  static async set(browser, server) {
    const stage = new Stage();
    stage.#browser = browser;
    stage.server = server;
    stage.cast = await Cast.gather(browser, server.url);
    for (const name of PEOPLE) stage.uuids.set(name, await stage.cast.enter(name, PASSWORD));
    for (const said of GENERAL) await stage.#say(said, () => '');
    for (const { with: peer, messages } of DIRECT) {
      for (const said of messages) await stage.#say(said, (by) => stage.uuids.get(by === VIEWER ? peer : VIEWER));
    }
    for (const channel of ['', ...DIRECT.filter(({ unread }) => !unread).map(({ with: peer }) => stage.uuids.get(peer))]) {
      await stage.cast.ask(VIEWER, 'read', { recipientUUID: channel, seq: stage.#newest.get(channel) });
    }
    for (const room of ROOMS) await Room.make(server.url, { ...room, public: true });
    for (const name of [VIEWER, ...AWAY]) await stage.cast.leave(name);
    return stage;
  }

  /**
   * @param {{ by: string, at: [number, string], text: string, reactions?: Record<string, number> }} said
   * @param {(by: string) => string} channelOf A channel as this person names it.
   */
  async #say({ by, at: when, text, reactions = {} }, channelOf) {
    this.#times.set(text, at(when).toISOString());
    const ask = (who, type, payload) => this.cast.ask(who, type, { recipientUUID: channelOf(who), ...payload });
    const { Seq } = await ask(by, 'channelMessage', { message: text });
    this.#newest.set(channelOf(VIEWER), Seq);
    const others = channelOf(by) === '' ? PEOPLE.filter((name) => name !== by) : [by];
    for (const [emoji, count] of Object.entries(reactions)) {
      for (const name of others.slice(0, count)) await ask(name, 'react', { seq: Seq, emoji, on: true });
    }
  }

  /** A window with the viewer signed in, in which everything was said when the conversation says it was. */
  async window({ viewport, colorScheme, touch }) {
    const context = await this.#browser.newContext({ viewport, colorScheme, hasTouch: touch, isMobile: touch, deviceScaleFactor: touch ? 2 : 1, locale: 'en-GB', reducedMotion: 'reduce' });
    const page = await context.newPage();
    await page.addInitScript(draw, 200);
    await page.clock.install({ time: NOW });
    const sockets = new Set();
    let isCut = false;
    await page.routeWebSocket(/\/ws$/, (socket) => {
      if (isCut) return socket.close({ code: 1011 });
      sockets.add(socket);
      const server = socket.connectToServer();
      server.onMessage((data) => socket.send(this.#shift(data)));
    });
    const cut = () => {
      isCut = true;
      return Promise.all([...sockets].map((socket) => socket.close({ code: 1011 })));
    };
    await page.goto(this.server.url);
    await page.waitForSelector('.account .dot.online', { state: 'attached' });
    return { context, page, cut };
  }

  /** Some of those who are there go into the call of General. */
  async call() {
    this.#calling ??= Promise.all(CALLERS.map((name, index) => this.#callBy(name, 20 + index * 110)));
    await this.#calling;
  }

  /**
   * @param {string} name
   * @param {number} hue
   */
  async #callBy(name, hue) {
    const context = await this.#browser.newContext({ viewport: { width: 900, height: 600 }, locale: 'en-GB' });
    const page = await context.newPage();
    await page.addInitScript((identity) => localStorage.setItem('rialto.identity', JSON.stringify(identity)), await this.cast.identity(name));
    await page.addInitScript(draw, hue);
    await page.goto(this.server.url);
    await page.waitForSelector('.account .dot.online');
    await page.locator('channel-header .call').click();
    await page.waitForSelector('call-lobby.pictured');
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await page.waitForSelector('call-room[data-standing="on"]');
    if (name === CALLERS[1]) await page.getByRole('button', { name: 'Raise hand' }).click();
    return page;
  }

  /** Somebody shows a screen, or not any more. @param {boolean} on */
  async share(on) {
    const [page] = (await this.#calling) ?? [];
    const button = page.getByRole('button', { name: 'Share screen' });
    if (((await button.getAttribute('aria-pressed')) === 'true') !== on) await button.click();
  }

  /** @param {string} data */
  #shift(data) {
    return JSON.stringify(
      JSON.parse(data, (_, value) => (this.#times.has(value?.Message) ? { ...value, CreatedAt: this.#times.get(value.Message) } : value)),
    );
  }
}

/** @param {[number, string]} when */
function at([daysAgo, time]) {
  const [hours, minutes] = time.split(':').map(Number);
  const date = new Date();
  date.setDate(date.getDate() - daysAgo);
  date.setHours(hours, minutes, 0, 0);
  return date;
}
