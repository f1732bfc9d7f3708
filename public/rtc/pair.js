import { Emitter } from '../protocol/emitter.js';
import { limit } from './encodings.js';
import { Signaled } from './signaled.js';

/** @typedef {import('../protocol/calls.js').Source} Source */
/** @typedef {import('../protocol/calls.js').PeerSignal} PeerSignal */

/** What has a line from the beginning, for both, so that nothing has to be agreed on when it is turned on. @type {readonly Source[]} */
const ALWAYS = Object.freeze(['microphone', 'camera']);
/** @type {readonly Source[]} */
const SCREEN = Object.freeze(['screen', 'screenAudio']);

/**
 * One connection with one of the others in a peer-to-peer call, by perfect negotiation (WebRTC 1.0, section 10.7): either end offers when
 * it has to, and of two offers at once that of the impolite end counts. Microphones and cameras share a line, there and back; a screen
 * has its own. What a line carries is told with the description.
 *
 * @extends {Emitter<{ state: undefined, tracks: undefined, signal: PeerSignal, broken: unknown }>} `tracks`: others come in than before.
 *   `broken`: the two ends do not understand each other.
 */
export class Pair extends Emitter {
  #signaled;
  #polite;
  #copies;
  #trackOf;
  /** @type {Map<Source, RTCRtpTransceiver>} */
  #sending = new Map();
  /** The m-lines on which the other end sends. @type {Map<Source, string>} */
  #incoming = new Map();
  // Sound and picture of one stream are kept in step.
  #streams = { person: new MediaStream(), screen: new MediaStream() };
  /** One thing after the other: what is offered and what is taken never overlap. */
  #turn = Promise.resolve();
  #closed = false;
  /** What was counted when measured last. */
  #counted = { lost: 0, received: 0 };

  /**
   * @param {object} wish
   * @param {unknown[]} wish.iceServers
   * @param {boolean} wish.polite
   * @param {boolean} wish.opens Makes the first offer; else waits for that of the other end.
   * @param {number} wish.copies To how many of the others the same is sent.
   * @param {(source: Source) => MediaStreamTrack | undefined} wish.trackOf What we publish.
   */
  constructor({ iceServers, polite, opens, copies, trackOf }) {
    super();
    this.#polite = polite;
    this.#copies = copies;
    this.#trackOf = trackOf;
    const configuration = /** @type {RTCConfiguration} */ ({ iceServers, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
    this.#signaled = new Signaled(configuration, { candidate: (candidate) => candidate && this.emit('signal', { candidate }) });
    const { connection } = this.#signaled;
    connection.addEventListener('connectionstatechange', () => this.emit('state', undefined));
    connection.addEventListener('negotiationneeded', () => this.#inTurn(() => this.#offer()));
    for (const source of opens ? ALWAYS : []) this.#add(source, trackOf(source));
    if (opens) this.#addScreen();
  }

  /** Where the connection stands. */
  get state() {
    return this.#signaled.connection.connectionState;
  }

  /** Both ends have agreed on what is to be sent. Before the first description there is nothing to agree on. */
  get isAgreed() {
    return this.#isStable && this.#signaled.connection.currentRemoteDescription !== null;
  }

  /** How loud the other's microphone is, from 0 to 1. */
  get loudness() {
    return this.#receiver('microphone')?.getSynchronizationSources()[0]?.audioLevel ?? 0;
  }

  /** @param {PeerSignal} signal Of the other end. */
  hear({ description, candidate, lines }) {
    if (description) this.#inTurn(() => this.#take(description, lines ?? []));
    if (candidate) this.#inTurn(async () => this.#signaled.candidate(candidate));
  }

  /**
   * Sends another track in place of one, or nothing for a while.
   *
   * @param {Source} source
   * @param {MediaStreamTrack | undefined} track
   */
  replace(source, track) {
    return this.#inTurn(async () => {
      const sender = this.#sending.get(source)?.sender;
      if (sender) {
        await sender.replaceTrack(track ?? null);
        if (track) await limit(sender, source, this.#copies);
      } else if (track && SCREEN.includes(source) && this.#sending.size > 0) {
        this.#add(source, track);
      }
    });
  }

  /** @param {number} copies To how many of the others the same is sent now. */
  share(copies) {
    if (copies === this.#copies) return;
    this.#copies = copies;
    this.#inTurn(() => this.#limit());
  }

  /**
   * What comes in.
   *
   * @param {Source} source
   */
  trackOf(source) {
    return this.#receiver(source)?.track;
  }

  /** Looks for other ways to the other end. */
  restart() {
    this.#signaled.connection.restartIce();
  }

  /**
   * How the connection has done since it was measured last.
   *
   * @returns {Promise<{ loss: number, roundTrip: number, jitter: number }>} A share of the packets; seconds.
   */
  async measure() {
    const measured = { loss: 0, roundTrip: 0, jitter: 0 };
    let [lost, received] = [0, 0];
    const report = /** @type {Iterable<any>} */ ((await this.#signaled.connection.getStats()).values());
    for (const entry of report) {
      if (entry.type === 'inbound-rtp') {
        lost += entry.packetsLost ?? 0;
        received += entry.packetsReceived ?? 0;
        if (entry.kind === 'audio') measured.jitter = Math.max(measured.jitter, entry.jitter ?? 0);
      } else if (entry.type === 'remote-inbound-rtp') {
        measured.loss = Math.max(measured.loss, entry.fractionLost ?? 0);
      } else if (entry.type === 'candidate-pair' && entry.nominated) {
        measured.roundTrip = entry.currentRoundTripTime ?? 0;
      }
    }
    const before = this.#counted;
    this.#counted = { lost, received };
    const more = { lost: Math.max(0, lost - before.lost), received: Math.max(0, received - before.received) };
    if (more.lost > 0) measured.loss = Math.max(measured.loss, more.lost / (more.lost + more.received));
    return measured;
  }

  /** How loud our own microphone is, from 0 to 1. */
  async ownLoudness() {
    const report = await this.#sending.get('microphone')?.sender.getStats();
    const entries = /** @type {any[]} */ ([...(report?.values() ?? [])]);
    return Number(entries.find(({ type }) => type === 'media-source')?.audioLevel ?? 0);
  }

  close() {
    this.#closed = true;
    this.#signaled.close();
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack | undefined} track
   */
  #add(source, track) {
    const kind = source === 'camera' || source === 'screen' ? 'video' : 'audio';
    const direction = SCREEN.includes(source) ? 'sendonly' : 'sendrecv';
    this.#sending.set(source, this.#signaled.connection.addTransceiver(track ?? kind, { direction, streams: [this.#streamOf(source)] }));
  }

  #addScreen() {
    for (const source of SCREEN) {
      const track = this.#trackOf(source);
      if (track && !this.#sending.has(source)) this.#add(source, track);
    }
  }

  /**
   * Sends back on the lines that the other end has opened.
   *
   * @param {import('../protocol/calls.js').PublishLine[]} lines
   */
  async #join(lines) {
    const transceivers = this.#signaled.connection.getTransceivers();
    for (const { mid, source } of lines) {
      const own = this.#sending.get(source);
      const offered = transceivers.find((transceiver) => transceiver.mid === mid);
      if (!offered || !ALWAYS.includes(source) || (own && own.mid !== null)) continue;
      // Ours was in an offer that was taken back.
      own?.stop();
      offered.direction = 'sendrecv';
      offered.sender.setStreams(this.#streamOf(source));
      await offered.sender.replaceTrack(this.#trackOf(source) ?? null);
      this.#sending.set(source, offered);
    }
    this.#addScreen();
  }

  /** @param {Source} source */
  #streamOf(source) {
    return SCREEN.includes(source) ? this.#streams.screen : this.#streams.person;
  }

  /** @param {Source} source */
  #receiver(source) {
    const mid = this.#incoming.get(source);
    return mid === undefined ? undefined : this.#signaled.connection.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
  }

  /** No offer is unanswered. */
  get #isStable() {
    return this.#signaled.connection.signalingState === 'stable';
  }

  async #offer() {
    // What came in between asks for it once more, when it is settled.
    if (!this.#isStable) return;
    this.#describe(await this.#signaled.offer());
  }

  /**
   * @param {{ type: string, sdp: string }} description
   * @param {import('../protocol/calls.js').PublishLine[]} lines
   */
  async #take(description, lines) {
    const collides = description.type === 'offer' ? !this.#isStable && !this.#polite : this.#isStable;
    if (collides) return;
    const answer = await this.#signaled.take(description, () => this.#join(lines));
    this.#incoming = new Map(lines.map(({ mid, source }) => [source, mid]));
    if (answer) this.#describe(answer);
    await this.#limit();
    this.emit('tracks', undefined);
  }

  /** @param {import('./signaled.js').Description | null} description */
  #describe(description) {
    if (!description) return;
    const lines = [...this.#sending].flatMap(([source, { mid }]) => (mid === null ? [] : [{ mid, source }]));
    this.emit('signal', { description: { type: description.type, sdp: description.sdp }, lines });
  }

  async #limit() {
    for (const [source, { sender }] of this.#sending) await limit(sender, source, this.#copies);
  }

  /** @param {() => Promise<void>} deed */
  #inTurn(deed) {
    this.#turn = this.#turn
      .then(() => (this.#closed ? undefined : deed()))
      // What fails because the connection was closed meanwhile does not matter.
      .catch((error) => {
        if (!this.#closed) this.emit('broken', error);
      });
    return this.#turn;
  }
}
