// A call without a media node: a way to each of the others, and from there to a media node and back.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Code, Refused } from '../../public/protocol/types.js';
import { best, PairQuality } from '../../public/state/call-quality.js';
import { Speakers } from '../../public/state/call-speakers.js';
import { settled, somebody, stage, Track } from './support/call.mjs';

/** In a call that goes from each to each, with these people. */
async function among(...others) {
  const page = stage();
  const people = (...names) => [somebody('me', 'microphone'), ...names.map((name) => somebody(name, 'microphone', 'camera'))];
  page.answers.callJoin = () => ({ participant: 'me', iceServers: ['ice'], mode: 'p2p', participants: people(...others) });
  const tell = (mode, ...names) => page.hear('callTracks', { mode, participants: people(...names), lines: [] });
  await page.call.enter({ microphone: new Track() });
  return { ...page, tell, letters: () => page.of('callPeer') };
}

const offered = { description: { type: 'offer', sdp: 'o' }, lines: [] };

/** Runs with a clock of its own. */
function timed(name, act) {
  test(name, async (context) => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    try {
      await act(context);
    } finally {
      mock.timers.reset();
    }
  });
}

timed('each of the others has a way of their own, and of two the one with the smaller name is polite', async () => {
  const { call, pairs, tell, hear, letters } = await among('ann', 'zoe');
  assert.deepEqual(pairs.map(({ wish }) => [wish.polite, wish.opens, wish.iceServers]), [[false, true, ['ice']], [true, false, ['ice']]]);
  assert.deepEqual([call.media.mode, call.standing], ['p2p', 'joining']);
  pairs[0].emit('signal', { description: { type: 'offer', sdp: 'o' }, lines: [{ mid: '0', source: 'microphone' }] });
  pairs[1].emit('signal', { candidate: { candidate: 'c' } });
  assert.deepEqual(letters(), [
    { participant: 'ann', link: 1, description: { type: 'offer', sdp: 'o' }, lines: [{ mid: '0', source: 'microphone' }] },
    { participant: 'zoe', link: 1, candidate: { candidate: 'c' } },
  ]);
  hear('callPeer', { participant: 'zoe', link: 1, candidate: { candidate: 'd' } });
  assert.deepEqual(pairs[1].heard, [{ candidate: { candidate: 'd' } }]);
  pairs[0].become('connected');
  assert.deepEqual([call.standing, call.media.trackOf('ann', 'camera'), call.media.trackOf('zoe', 'camera')], ['on', 'camera of a pair', undefined]);
  // A newcomer may be heard of by letter first; who leaves takes the way along.
  hear('callPeer', { participant: 'new', link: 1, candidate: { candidate: 'e' } });
  tell('p2p', 'ann', 'new');
  assert.deepEqual([pairs.length, pairs[1].closed, pairs[2].heard.length, pairs[0].copies], [3, true, 1, 2]);
  call.leave();
  assert.deepEqual(pairs.map(({ closed }) => closed), [true, true, true]);
});

timed('two of many who never reach each other are told so, and what helps', async () => {
  const { call, pairs } = await among('ann', 'ben');
  const notices = [];
  call.on('notice', (words) => notices.push(words));
  pairs[0].become('connected');
  for (let second = 0; second < 40; second += 1) mock.timers.tick(1_000);
  const shown = () => call.people.map(({ participant, absent, apart }) => [participant, absent, apart]);
  assert.deepEqual(shown(), [['me', false, undefined], ['ann', false, false], ['ben', true, true]]);
  assert.deepEqual(notices, ['You and ben cannot reach each other: the network of one of you blocks it. Another network or a VPN may help.']);
  pairs.at(-1).become('connected');
  assert.deepEqual([shown()[2], call.standing], [['ben', false, false], 'on']);
  call.leave();
});

timed('what we send goes to everybody, and is published', async () => {
  const { call, pairs, asked } = await among('ann', 'zoe');
  const screen = new Track();
  await call.send('screen', screen);
  assert.deepEqual(pairs.map(({ replaced }) => replaced), [[['screen', screen]], [['screen', screen]]]);
  assert.deepEqual(asked.at(-1), ['callPublish', { source: 'screen', on: true }]);
  await call.suspend('screen');
  assert.deepEqual(pairs[1].replaced.at(-1), ['screen', undefined]);
  call.leave();
});

timed('a way that fails is looked for anew, then made anew; the greater number counts', async () => {
  const { call, pairs, hear } = await among('ann');
  pairs[0].become('connected');
  pairs[0].become('failed');
  assert.deepEqual([call.standing, call.people.find(({ own }) => !own).absent], ['interrupted', true]);
  mock.timers.tick(500);
  assert.equal(pairs[0].restarts, 1);
  mock.timers.tick(11_000);
  mock.timers.tick(1_000);
  assert.equal(pairs[0].restarts, 2);
  mock.timers.tick(11_000);
  mock.timers.tick(2_000);
  assert.deepEqual([pairs.length, pairs[0].closed], [2, true]);
  // The other end began anew as well, and more often.
  hear('callPeer', { participant: 'ann', link: 5, ...offered });
  hear('callPeer', { participant: 'ann', link: 4, candidate: { candidate: 'late' } });
  assert.deepEqual([pairs.length, pairs[2].heard], [3, [offered]]);
  pairs[2].become('connected');
  assert.deepEqual([call.standing, call.people.find(({ own }) => !own).absent], ['on', false]);
  // Where the two do not understand each other, looking for other ways is no help.
  pairs[2].emit('broken', new Error('no such line'));
  mock.timers.tick(500);
  assert.deepEqual([pairs.length, pairs[2].restarts], [4, 0]);
  call.leave();
});

timed('who waits for the first offer in vain soon makes it', async () => {
  const { call, pairs, hear, letters } = await among('zoe');
  hear('callPeer', { participant: 'zoe', link: 1, candidate: { candidate: 'without an offer' } });
  mock.timers.tick(2_400);
  assert.deepEqual(pairs.map(({ wish }) => wish.opens), [false]);
  mock.timers.tick(200);
  assert.deepEqual([pairs.map(({ wish }) => wish.opens), pairs[0].closed, pairs[0].restarts], [[false, true], true, 0]);
  pairs[1].emit('signal', offered);
  assert.equal(letters().at(-1).link, 2);
  // The offer that was late is of a connection that is over.
  hear('callPeer', { participant: 'zoe', link: 1, ...offered });
  assert.deepEqual(pairs[1].heard, []);
  call.leave();

  const other = await among('zoe');
  other.hear('callPeer', { participant: 'zoe', link: 1, ...offered });
  mock.timers.tick(9_000);
  assert.equal(other.pairs.length, 1);
  other.call.leave();
});

timed('the other end makes us begin anew once a second at most, and only with an offer', async () => {
  const { call, pairs, hear, tell } = await among('ann');
  pairs[0].become('connected');
  for (let link = 2; link < 50; link += 1) hear('callPeer', { participant: 'ann', link, candidate: { candidate: 'c' } });
  assert.deepEqual([pairs.length, call.standing], [1, 'on']);
  for (let link = 2; link < 50; link += 1) {
    hear('callPeer', { participant: 'ann', link, ...offered });
    hear('callPeer', { participant: 'ann', link, candidate: { candidate: String(link) } });
  }
  assert.equal(pairs.length, 2);
  mock.timers.tick(1_000);
  assert.deepEqual([pairs.length, pairs[2].heard], [3, [offered, { candidate: { candidate: '49' } }]]);
  // Nothing begins anew once a media node takes over.
  pairs[2].become('connected');
  hear('callPeer', { participant: 'ann', link: 60, ...offered });
  hear('callMoved', {});
  tell('sfu', 'ann');
  mock.timers.tick(2_000);
  assert.deepEqual([pairs.length, call.media.carries('ann')], [3, true]);
  call.leave();
});

timed('a browser that makes no more connections is asked again later', async (context) => {
  const { call, pairs, refuse } = await among('ann');
  const reported = context.mock.fn();
  globalThis.reportError = reported;
  pairs[0].become('connected');
  refuse(new Error('too many'));
  pairs[0].become('closed');
  mock.timers.tick(500);
  assert.deepEqual([pairs.length, reported.mock.callCount(), call.standing], [1, 1, 'interrupted']);
  assert.equal(call.media.trackOf('ann', 'camera'), undefined);
  await call.send('camera', new Track());
  refuse(undefined);
  mock.timers.tick(1_000);
  pairs[1].become('connected');
  assert.equal(call.standing, 'on');
  delete globalThis.reportError;
  call.leave();
});

timed('from each to each, to a media node, and back, without a gap', async () => {
  const { call, peers, pairs, hear, tell, offer, of } = await among('ann');
  const notices = [];
  call.on('notice', (words) => notices.push(words));
  pairs[0].become('connected');
  const standings = new Set();
  call.on('change', () => standings.add(call.standing));

  hear('callMoved', {});
  tell('sfu', 'ann');
  offer(1, 1);
  await settled();
  assert.equal(call.media.trackOf('ann', 'camera'), 'camera of a pair');
  peers[0].become('connected');
  hear('callTracks', { mode: 'sfu', participants: [somebody('me'), somebody('ann', 'camera')], lines: [{ mid: '3', participant: 'ann', source: 'camera' }] });
  // The line is there, but nothing is on it yet.
  assert.equal(call.media.trackOf('ann', 'camera'), 'camera of a pair');
  peers[0].flowing = true;
  assert.equal(call.media.trackOf('ann', 'camera'), 'track on 3');
  mock.timers.tick(7_000);
  assert.deepEqual([pairs[0].closed, call.media.trackOf('ann', 'camera'), call.media.mode], [true, 'track on 3', 'sfu']);
  assert.deepEqual([...standings], ['on']);

  hear('callMoved', {});
  tell('p2p', 'ann');
  assert.deepEqual([pairs.length, call.media.trackOf('ann', 'camera'), peers[0].closed], [2, 'track on 3', false]);
  pairs[1].emit('signal', { candidate: { candidate: 'c' } });
  assert.equal(of('callPeer').at(-1).link, 2);
  pairs[1].become('connected');
  assert.deepEqual([call.media.trackOf('ann', 'camera'), peers[0].closed, call.standing], ['camera of a pair', true, 'on']);
  assert.deepEqual(notices, ['The call goes through the server now.', 'The call goes on peer to peer: the others can find out your IP address.']);
  mock.timers.tick(60_000);
  assert.equal(of('callRestart').length, 0);
  call.leave();
});

timed('who cannot reach the media node stays in the call by the way there was, and is missed when that breaks', async () => {
  const { call, peers, pairs, hear, tell, offer } = await among('ann', 'ben', 'mute');
  for (const pair of pairs) pair.become('connected');
  const people = [somebody('me'), somebody('ann', 'microphone'), somebody('ben', 'microphone'), somebody('mute')];
  const lines = ['ann', 'ben'].map((participant) => ({ mid: participant, participant, source: 'microphone' }));
  const there = (...names) => hear('callTracks', { mode: 'sfu', participants: people.filter(({ participant }) => ['me', ...names].includes(participant)), lines });
  hear('callMoved', {});
  there('ann', 'ben', 'mute');
  offer(1, 1);
  await settled();
  peers[0].become('connected');
  peers[0].flows = (mid) => mid === 'ann';
  mock.timers.tick(60_000);
  // It is settled that one of them has nothing to send only when the others have parted.
  assert.deepEqual(pairs.map(({ closed, copies }) => [closed, copies]), [[true, 3], [false, 1], [true, 2]]);
  assert.equal(call.media.trackOf('ben', 'microphone'), 'microphone of a pair');
  // Our own connection with the server is what carries us to the others.
  const absent = () => call.people.filter((person) => person.absent).map(({ participant }) => participant);
  assert.deepEqual([call.standing, absent()], ['on', []]);
  // Who tries to reach it once more is out of the call for a moment.
  there('ann', 'mute');
  mock.timers.tick(2_000);
  there('ann', 'ben', 'mute');
  mock.timers.tick(5_000);
  assert.equal(pairs[1].closed, false);
  pairs[1].become('failed');
  assert.deepEqual(absent(), ['ben']);
  peers[0].flows = () => true;
  mock.timers.tick(200);
  assert.deepEqual([pairs[1].closed, call.media.trackOf('ben', 'microphone'), absent()], [true, 'track on ben', []]);
  call.leave();

  const other = await among('ann');
  other.pairs[0].become('connected');
  other.hear('callMoved', {});
  other.tell('sfu', 'ann');
  other.offer(1, 1);
  await settled();
  other.peers[0].become('connected');
  other.tell('sfu');
  mock.timers.tick(9_500);
  assert.equal(other.pairs[0].closed, false);
  mock.timers.tick(1_000);
  assert.equal(other.pairs[0].closed, true, 'who has left hears nothing any more');
  other.call.leave();
});

timed('the media node that was is left, also if somebody is never reached without it', async () => {
  const { call, peers, pairs, hear, tell, offer } = await among('ann', 'ben');
  hear('callMoved', {});
  tell('sfu', 'ann', 'ben');
  offer(1, 1);
  await settled();
  peers[0].become('connected');
  peers[0].flowing = true;
  mock.timers.tick(7_000);
  hear('callMoved', {});
  tell('p2p', 'ann', 'ben');
  pairs.at(-1).become('connected');
  mock.timers.tick(3_000);
  tell('p2p', 'ann', 'ben');
  assert.equal(peers[0].closed, false);
  mock.timers.tick(3_000);
  assert.equal(peers[0].closed, true);
  call.leave();
});

timed('a media node that offers nothing is asked, and the call goes on meanwhile', async () => {
  const { call, pairs, hear, tell, of } = await among('ann');
  pairs[0].become('connected');
  hear('callMoved', {});
  tell('sfu', 'ann');
  mock.timers.tick(10_000);
  mock.timers.tick(1_000);
  assert.deepEqual([of('callRestart').length, call.standing, call.media.trackOf('ann', 'camera')], [1, 'on', 'camera of a pair']);
  call.leave();
});

timed('what was told when the server was away may be lost: what is not settled begins anew', async () => {
  const { call, connection, client, pairs, answers, tell, letters } = await among('ann', 'zoe');
  pairs[0].become('connected');
  connection.emit('status', { phase: 'waiting', until: 0 });
  assert.deepEqual([call.standing, call.media.carries('ann'), call.media.carries('zoe')], ['offline', true, false]);
  client.emit('ready', true);
  await settled();
  tell('p2p', 'ann', 'zoe');
  assert.deepEqual([pairs.length, pairs[0].closed, pairs[1].closed], [3, false, true]);
  // As somebody else, by another session: nobody knows what we agreed on.
  answers.callJoin = () => ({ participant: 'me-again', iceServers: [], mode: 'p2p', participants: [somebody('me-again'), somebody('me'), somebody('ann')] });
  connection.emit('status', { phase: 'waiting', until: 0 });
  client.emit('ready', true);
  await settled();
  assert.deepEqual([pairs.length, pairs[0].closed, pairs[2].closed], [4, true, true]);
  // Who we were is nobody else, however long it takes the server to notice.
  assert.deepEqual(call.people.map(({ participant, own }) => [participant, own]), [['ann', false], ['zoe', false], ['me-again', true]]);
  pairs[3].emit('signal', { candidate: { candidate: 'c' } });
  assert.equal(letters().at(-1).participant, 'ann');
  call.leave();
});

timed('a fifth person hears why not', async () => {
  const { call, hear } = await among('ann');
  hear('callEnded', { reason: 'full' });
  assert.match(call.ending, /peer to peer.*4 people/);
  const other = stage();
  other.answers.callJoin = () => Promise.reject(new Refused({ code: Code.unavailable, error: 'later', payload: '' }));
  await other.call.enter({});
  assert.equal(other.call.standing, 'waiting');
  other.call.leave();
});

timed('who was in and comes back waits for the place that is still their own, and does not choose again how the call goes', async () => {
  const { call, connection, client, answers, asked } = stage({ room: 'four' }, 'p2p');
  const joins = () => asked.filter(([type]) => type === 'callJoin').map(([, { mode }]) => mode);
  const full = () => Promise.reject(new Refused({ code: Code.joinFailed, error: 'the call is full', payload: '' }));
  const comeBack = async () => {
    connection.emit('status', { phase: 'waiting', until: 0 });
    client.emit('ready', true);
    await settled();
  };
  const joined = answers.callJoin;
  await call.enter({});
  answers.callJoin = full;
  await comeBack();
  assert.deepEqual([call.standing, call.ending], ['waiting', undefined]);
  answers.callJoin = joined;
  mock.timers.tick(500);
  await settled();
  assert.deepEqual([call.standing, joins()], ['joining', ['p2p', undefined, undefined]]);
  // It does not stay our own for ever.
  answers.callJoin = full;
  await comeBack();
  for (let attempt = 0; attempt < 12; attempt += 1) {
    mock.timers.tick(20_000);
    await settled();
  }
  assert.deepEqual([call.ending, joins().length], ['The call is full.', 16]);

  const stranger = stage();
  stranger.answers.callJoin = full;
  await stranger.call.enter({});
  assert.equal(stranger.call.ending, 'The call is full.');
});

timed('who speaks, and how good connections are, is found out here', async () => {
  const { call, pairs } = await among('ann', 'zoe');
  for (const pair of pairs) pair.become('connected');
  pairs[1].loudness = 0.2;
  pairs[0].measured = { loss: 0.2, roundTrip: 0.05, jitter: 0.01 };
  for (let look = 0; look < 4; look += 1) {
    mock.timers.tick(250);
    await settled();
  }
  assert.equal(call.roster.active, 'zoe');
  assert.deepEqual(call.people.map(({ participant, speaking, quality }) => [participant, speaking, quality]), [
    ['me', false, 'good'],
    ['ann', false, 'poor'],
    ['zoe', true, 'good'],
  ]);
  call.leave();
});

test('another one who speaks takes over when louder, and not for a cough', () => {
  const speakers = new Speakers();
  const look = (ann, ben) => speakers.look(new Map([['ann', ann], ['ben', ben]]));
  look(0.001, 0);
  assert.deepEqual([speakers.active, speakers.speaking], [undefined, []]);
  look(0.1, 0);
  assert.equal(speakers.active, 'ann');
  for (let pause = 0; pause < 4; pause += 1) look(0.1, 0.1);
  look(0.1, 0.2);
  look(0.1, 0);
  assert.equal(speakers.active, 'ann');
  for (let louder = 0; louder < 3; louder += 1) look(0.05, 0.5);
  assert.equal(speakers.active, 'ben');
  speakers.look(new Map([['ann', 0.1]]));
  assert.equal(speakers.active, 'ann');
});

test('a worse word is believed at once, a better one when it lasts', () => {
  const quality = new PairQuality();
  const good = { loss: 0, roundTrip: 0.04, jitter: 0.01 };
  quality.measured({ ...good, loss: 0.05 });
  assert.equal(quality.word, 'fair');
  quality.measured({ ...good, roundTrip: 0.9 });
  assert.equal(quality.word, 'poor');
  for (let second = 0; second < 3; second += 1) quality.measured(good);
  assert.equal(quality.word, 'poor');
  quality.measured({ ...good, jitter: 0.06 });
  assert.equal(quality.word, 'fair');
  assert.equal(best(['poor', 'good', 'fair']), 'good');
});
