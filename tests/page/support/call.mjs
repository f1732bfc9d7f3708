import { Emitter } from '../../../public/protocol/emitter.js';
import { Call } from '../../../public/state/call.js';

/** Lets everything that waits for nothing happen. */
export const settled = async () => {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
};

/** What a device gives. */
export class Track {
  enabled = true;
  ended = false;
  stop() {
    this.ended = true;
  }
}

/** The connection with a media node. */
class Peer extends Emitter {
  state = 'new';
  closed = false;
  replaced = [];
  async answer(offer, lines, trackOf) {
    this.sends = Object.fromEntries(lines.map(({ source }) => [source, trackOf(source)]));
    return `answer to ${offer}`;
  }
  async replace(source, track) {
    this.replaced.push([source, track]);
  }
  trackOn(mid) {
    return `track on ${mid}`;
  }
  flows() {
    return this.flowing === true;
  }
  close() {
    this.closed = true;
  }
  become(state) {
    this.state = state;
    this.emit('state', undefined);
  }
}

/** A way to one of the others. */
class Pair extends Emitter {
  state = 'new';
  isAgreed = true;
  loudness = 0;
  closed = false;
  heard = [];
  replaced = [];
  restarts = 0;
  hear(signal) {
    this.heard.push(signal);
  }
  async replace(source, track) {
    this.replaced.push([source, track]);
  }
  share(copies) {
    this.copies = copies;
  }
  trackOf(source) {
    return `${source} of a pair`;
  }
  restart() {
    this.restarts += 1;
  }
  async measure() {
    return this.measured ?? { loss: 0, roundTrip: 0, jitter: 0 };
  }
  async ownLoudness() {
    return 0;
  }
  close() {
    this.closed = true;
  }
  become(state) {
    this.state = state;
    this.emit('state', undefined);
  }
}

/** A page in a call, and the server that it talks to. */
export function stage(place = { channel: '' }, wish) {
  const client = new Emitter();
  const connection = new Emitter();
  const [sent, asked, peers, pairs] = [[], [], [], []];
  const answers = { callJoin: () => ({ participant: 'me', iceServers: ['ice'], mode: 'sfu', participants: [] }) };
  client.request = async (type, payload) => {
    asked.push([type, payload]);
    return answers[type]?.(payload);
  };
  connection.send = (frame) => sent.push([frame.type, frame[frame.type]]);
  let refusal;
  const make = (list, Kind) => (wish) => {
    if (refusal) throw refusal;
    const made = Object.assign(new Kind(), { wish });
    list.push(made);
    return made;
  };
  const call = new Call(client, connection, place, { node: make(peers, Peer), pair: make(pairs, Pair) }, wish);
  const hear = (type, body) => client.emit('call', { type, body });
  const offer = (connection, number, ...lines) => hear('callOffer', { type: 'offer', sdp: `offer ${number}`, connection, offer: number, lines });
  const refuse = (error) => (refusal = error);
  return { call, client, refuse, connection, sent, asked, peers, pairs, answers, hear, offer, of: (type) => sent.filter(([name]) => name === type).map(([, body]) => body) };
}

/** Somebody in a call, as the server tells of them. */
export function somebody(participant, ...sources) {
  const tracks = sources.map((source) => ({ source, stream: participant, muted: false }));
  return { participant, user: { UUID: `user ${participant}`, Username: participant }, hand: false, tracks };
}
