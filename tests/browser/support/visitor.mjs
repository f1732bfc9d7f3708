import { observe } from './call.mjs';
import { until } from './cluster.mjs';

/** A page that speaks the stage protocol as its original client does: one RTCPeerConnection for good, which only ever answers. */
export class Visitor {
  /** @param {import('./server.mjs').Server} node Where it comes to. */
  static async open(test, browser, node) {
    const visitor = new Visitor();
    visitor.page = await browser.newPage();
    test.after(() => visitor.page.close());
    await visitor.page.addInitScript(observe, { width: 320, height: 180 });
    // Of the node's own origin, and with nothing else on it.
    await visitor.page.goto(new URL('healthz', node.url).href);
    visitor.address = new URL('stage/ws', node.url.replace('http', 'ws')).href;
    return visitor;
  }

  /** A new room, in which nobody is. */
  async room() {
    const { event, data } = await this.page.evaluate((url) => new Promise((resolve) => (new WebSocket(url).onmessage = (message) => resolve(JSON.parse(message.data).data))), this.address);
    if (event !== 'created_room') throw new Error(`a room was wanted, ${event} came`);
    return data;
  }

  /**
   * Enters a room once more.
   *
   * @param {string} room
   * @param {{ publishes?: boolean }} [wish] Otherwise it only looks.
   */
  enter(room, { publishes = true } = {}) {
    return this.page.evaluate(visit, [this.address, room, publishes]);
  }

  /** The name of the stream that is published, and of those that came. */
  streams() {
    return this.page.evaluate(() => globalThis.visits.map(({ stream, players }) => ({ own: stream, others: [...new Set(players.map((player) => player.stream))] })));
  }

  /** Waits until pictures and sound of so many go on from now. */
  async goesOn(count = 1) {
    const before = await this.page.evaluate(received);
    await until(async () => {
      const now = await this.page.evaluate(received);
      return now.every((visit, index) => {
        const grown = (kind, least) => visit.filter((entry) => entry.kind === kind && entry.figure > (before[index].find(({ ssrc }) => ssrc === entry.ssrc)?.figure ?? 0) + least).length;
        return grown('video', 5) === count && grown('audio', 0) === count;
      });
    });
  }

  /** What the connections say of themselves. */
  statistics(type) {
    return this.page.evaluate((kind) => globalThis.statistics(kind), type);
  }

  /** As of a `Caller`. */
  ways() {
    return this.page.evaluate(() => globalThis.ways());
  }
}

/** Runs in a page: speaks the protocol, and keeps what came. */
async function visit([address, room, publishes]) {
  const stream = publishes ? await navigator.mediaDevices.getUserMedia({ audio: true, video: true }) : undefined;
  const connection = new RTCPeerConnection();
  for (const track of stream?.getTracks() ?? []) connection.addTrack(track, stream);
  const socket = new WebSocket(`${address}?room=${room}`);
  const order = (name, details) => socket.send(JSON.stringify({ order: name, details }));
  const askForMedia = () => order('media_request', { audio: publishes, video: publishes });
  const players = [];
  globalThis.visits ??= [];
  globalThis.visits.push({ connection, stream: stream?.id, players });
  // Of a stream whose lines were taken anew, the last player is the one that plays.
  const pictured = () => globalThis.visits.flatMap((one, number) => one.players.filter(({ localName }) => localName === 'video').map((player) => ({ number, player })));
  globalThis.pictures = () => Object.fromEntries(pictured().map(({ number, player }, id) => [`${number} ${player.stream}`, { id, frames: player.getVideoPlaybackQuality().totalVideoFrames }]));
  connection.addEventListener('track', ({ track, streams: [first] }) => {
    // What nobody plays is not decoded.
    const player = Object.assign(document.createElement(track.kind), { srcObject: new MediaStream([track]), stream: first.id });
    players.push(player);
    player.play();
  });
  connection.addEventListener('icecandidate', ({ candidate }) => candidate && order('candidate', JSON.stringify(candidate)));
  let last = Promise.resolve();
  const inTurn = (act) => (last = last.then(act));
  socket.addEventListener('message', ({ data }) => {
    const { type, data: { event, ask, data: payload } } = JSON.parse(data);
    if (type === 'question' && ask === 'access_token') order('validate_access_token', '');
    if (event === 'user_logged_in') askForMedia();
    // No media node was there in time, on a busy machine.
    if (event === 'error' && payload.status_code === 503) setTimeout(askForMedia, 500);
    if (event === 'candidate') inTurn(() => connection.addIceCandidate(JSON.parse(payload)));
    if (event === 'offer') {
      inTurn(async () => {
        await connection.setRemoteDescription(JSON.parse(payload));
        await connection.setLocalDescription(await connection.createAnswer());
        order('answer', JSON.stringify(connection.localDescription));
      });
    }
  });
}

/** Runs in a page: frames and sound that came in on each visit. */
function received() {
  const figure = ({ kind, framesDecoded = 0, totalAudioEnergy = 0 }) => (kind === 'video' ? framesDecoded : totalAudioEnergy);
  return Promise.all(
    globalThis.visits.map(async ({ connection }) => {
      const entries = [...(await connection.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
      return entries.map((entry) => ({ kind: entry.kind, ssrc: entry.ssrc, figure: figure(entry) }));
    }),
  );
}
