import { Emitter } from '../protocol/emitter.js';
import { CallPair } from './call-pair.js';
import { best } from './call-quality.js';
import { Speakers } from './call-speakers.js';

/** @typedef {import('../protocol/calls.js').Source} Source */
/** @typedef {import('../protocol/calls.js').PeerLetter} PeerLetter */

/** How often it is looked who speaks, in milliseconds. */
const LOOK = 250;
/** After so many looks the connections are measured as well. */
const MEASURE = 4;

/**
 * What a page asks for that makes a connection with one of the others.
 *
 * @template Track
 * @typedef {{ iceServers: unknown[], polite: boolean, opens: boolean, copies: number, trackOf: (source: Source) => Track | undefined }} Wish
 */

/**
 * A call without a media node: a way to each of the others. What media nodes tell of, who speaks and how good connections are, is found
 * out here.
 *
 * `change`: a way came, or went. `tracks`: others come in than before. `heard`: who speaks, and how good connections are.
 *
 * @template Track
 * @extends {Emitter<{ change: undefined, tracks: undefined, heard: import('../protocol/calls.js').State }>}
 */
export class CallPairs extends Emitter {
  #make;
  #tell;
  #trackOf;
  /** @type {unknown[]} */
  #iceServers = [];
  /** Who we are. */
  #own = '';
  /** @type {Map<string, CallPair<Track>>} */
  #pairs = new Map();
  /** The last number of each, for who comes back. @type {Map<string, number>} */
  #numbers = new Map();
  #speakers = new Speakers();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;
  #looks = 0;
  /** What was found out last. */
  #told = '';

  /**
   * @param {object} parts
   * @param {(wish: Wish<Track>) => import('./call-pair.js').Connection<Track>} parts.make
   * @param {(letter: PeerLetter) => void} parts.tell
   * @param {(source: Source) => Track | undefined} parts.trackOf What we publish.
   */
  constructor({ make, tell, trackOf }) {
    super();
    this.#make = make;
    this.#tell = tell;
    this.#trackOf = trackOf;
  }

  /** How many ways there are, or are being made. */
  get size() {
    return this.#pairs.size;
  }

  /**
   * Whether all of the ways, or some, are as asked.
   *
   * @param {'every' | 'some'} share
   * @param {(pair: CallPair<Track>) => boolean} holds
   */
  are(share, holds) {
    return [...this.#pairs.values()][share](holds);
  }

  /**
   * A call was joined, for the first time or once more.
   *
   * @param {unknown[]} iceServers
   * @param {string} own Who we are in it.
   */
  begin(iceServers, own) {
    this.#iceServers = iceServers;
    // To the others we are somebody else.
    if (own !== this.#own) this.close();
    this.#own = own;
  }

  /**
   * Makes a way to each of those who are there.
   *
   * @param {string[]} present Without ourselves.
   * @param {string[]} [kept] To everybody else the way ends.
   */
  follow(present, kept = present) {
    for (const participant of [...this.#pairs.keys()]) if (!kept.includes(participant)) this.#drop(participant);
    for (const participant of present) this.#to(participant);
    for (const pair of this.#pairs.values()) pair.share(this.#pairs.size);
    this.#looking ??= setInterval(() => this.#look(), LOOK);
  }

  /** What was told may not have arrived. */
  again() {
    for (const pair of this.#pairs.values()) pair.again();
  }

  /** Something else carries the call soon: what there is goes on until then, but is not mended. */
  rest() {
    this.#stopLooking();
    for (const pair of this.#pairs.values()) pair.rest();
  }

  /**
   * Ends all the ways but these.
   *
   * @param {(participant: string, pair: CallPair<Track>) => boolean} holds
   */
  keep(holds) {
    for (const [participant, pair] of [...this.#pairs]) if (!holds(participant, pair)) this.#drop(participant);
    for (const pair of this.#pairs.values()) pair.share(this.#pairs.size);
  }

  close() {
    this.#stopLooking();
    for (const participant of [...this.#pairs.keys()]) this.#drop(participant);
  }

  /** @param {PeerLetter} letter */
  hear({ participant, ...letter }) {
    // Who is not known of yet will be told of soon; else nothing follows.
    this.#to(participant, true).hear(letter);
  }

  /** @param {string} participant */
  get(participant) {
    return this.#pairs.get(participant);
  }

  /**
   * @param {Source} source
   * @param {Track | undefined} track
   */
  async replace(source, track) {
    await Promise.all([...this.#pairs.values()].map((pair) => pair.replace(source, track)));
  }

  /**
   * @param {string} participant
   * @param {boolean} [isKnownThere] The other end has begun already.
   */
  #to(participant, isKnownThere = false) {
    const known = this.#pairs.get(participant);
    if (known) return known;
    const polite = this.#own < participant;
    const pair = new CallPair({
      make: (opens) => this.#make({ iceServers: this.#iceServers, polite, opens, copies: Math.max(1, this.#pairs.size), trackOf: this.#trackOf }),
      tell: (letter) => this.#tell({ participant, ...letter }),
      number: (this.#numbers.get(participant) ?? 0) + 1,
      // So that two who meet do not both offer.
      opens: !isKnownThere && !polite,
    });
    this.#pairs.set(participant, pair);
    pair.on('change', () => this.emit('change', undefined));
    pair.on('tracks', () => this.emit('tracks', undefined));
    return pair;
  }

  /** @param {string} participant */
  #drop(participant) {
    const pair = this.#pairs.get(participant);
    if (!pair) return;
    this.#numbers.set(participant, pair.number);
    this.#pairs.delete(participant);
    pair.close();
  }

  async #look() {
    const entries = [...this.#pairs];
    const [anyone] = entries.filter(([, { connected }]) => connected);
    const own = (await anyone?.[1].ownLoudness().catch(() => 0)) ?? 0;
    this.#looks += 1;
    // A connection that ends meanwhile has nothing to tell.
    if (this.#looks % MEASURE === 0) await Promise.all(entries.map(([, pair]) => pair.measure().catch(() => {})));
    if (this.#looking === undefined) return;
    this.#speakers.look(new Map([[this.#own, own], ...entries.map(([participant, pair]) => /** @type {[string, number]} */ ([participant, pair.connected ? pair.loudness : 0]))]));
    const { speaking, active } = this.#speakers;
    const heard = { speaking, active: active ?? null, ...(entries.length > 0 && { quality: this.#qualities(entries) }) };
    if (JSON.stringify(heard) === this.#told) return;
    this.#told = JSON.stringify(heard);
    this.emit('heard', heard);
  }

  /** @param {[string, CallPair<Track>][]} entries */
  #qualities(entries) {
    const words = entries.map(([participant, { quality }]) => /** @type {const} */ ([participant, quality.word]));
    return Object.fromEntries([...words, [this.#own, best(words.map(([, word]) => word))]]);
  }

  #stopLooking() {
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#told = '';
  }
}
