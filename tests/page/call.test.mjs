import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Disconnected, Refused } from '../../public/protocol/types.js';
import { hashOf, isMade, isRoom, newRoom, roomOf } from '../../public/state/call-address.js';
import { settled, somebody, stage, Track } from './support/call.mjs';

const microphone = { mid: '0', source: 'microphone' };

test('joining, answering, leaving', async () => {
  const { call, asked, peers, offer, of } = stage({ room: 'a-room' });
  const track = new Track();
  const entered = call.enter({ microphone: track });
  // It may come before the answer does.
  offer(1, 1, microphone);
  await entered;
  await settled();
  assert.deepEqual(asked, [['callJoin', { room: 'a-room', audio: true, video: false, muted: [] }]]);
  assert.deepEqual(of('callAnswer'), [{ type: 'answer', sdp: 'answer to offer 1', connection: 1, offer: 1 }]);
  assert.deepEqual([peers.length, peers[0].wish, peers[0].sends.microphone], [1, ['ice'], track]);
  assert.equal(call.standing, 'joining');
  peers[0].become('connected');
  assert.equal(call.standing, 'on');
  offer(1, 2, microphone);
  await settled();
  assert.equal(peers.length, 1);
  call.leave();
  assert.deepEqual([of('callLeave').length, peers[0].closed, track.ended, call.standing], [1, true, true, 'over']);
});

test('another connection takes the place of one, and offers are answered one after the other', async () => {
  const { call, peers, offer, of } = stage();
  await call.enter({});
  offer(1, 1);
  offer(2, 2);
  offer(2, 3);
  await settled();
  // A media node that hands the call over still sends over the first.
  assert.deepEqual(peers.map(({ closed }) => closed), [false, false]);
  peers[1].become('connected');
  assert.deepEqual(peers.map(({ closed }) => closed), [true, false]);
  assert.deepEqual(of('callAnswer').map(({ connection, offer: number }) => [connection, number]), [[1, 1], [2, 2], [2, 3]]);
  call.leave();
});

test('what came before goes on until another connection has come, whatever its lines are', async () => {
  const { call, peers, hear, offer } = stage();
  const tracks = (mid) => hear('callTracks', { participants: [somebody('ann')], lines: [{ mid, participant: 'ann', source: 'camera', paused: false }] });
  await call.enter({});
  tracks('3');
  offer(1, 1);
  await settled();
  peers[0].become('connected');
  const before = call.media.trackOf('ann', 'camera');
  assert.equal(before, peers[0].trackOn('3'));
  hear('callMoved', {});
  tracks('5');
  offer(2, 2);
  await settled();
  assert.equal(call.media.trackOf('ann', 'camera'), before);
  peers[1].become('connected');
  assert.equal(call.media.trackOf('ann', 'camera'), peers[1].trackOn('5'));
  call.leave();
});

test('a microphone is silenced, a camera closed; either is there again without an offer', async () => {
  const { call, asked, peers, offer, of } = stage();
  const [sound, picture] = [new Track(), new Track()];
  await call.enter({ microphone: sound, camera: picture });
  offer(1, 1, microphone, { mid: '1', source: 'camera' });
  await settled();
  call.mute('microphone', true);
  assert.deepEqual([sound.enabled, sound.ended, call.isOn('microphone')], [false, false, false]);
  await call.suspend('camera');
  assert.deepEqual([picture.ended, peers[0].replaced], [true, [['camera', undefined]]]);
  assert.deepEqual(of('callState').at(-1), { muted: ['microphone', 'camera'] });
  const other = new Track();
  await call.send('camera', other);
  assert.deepEqual(peers[0].replaced.at(-1), ['camera', other]);
  assert.deepEqual(of('callState').at(-1), { muted: ['microphone'] });
  await call.send('screen', new Track());
  assert.deepEqual(asked.at(-1), ['callPublish', { source: 'screen', on: true }]);
  await call.suspend('screen');
  assert.deepEqual(of('callState').at(-1), { muted: ['microphone', 'screen'] });
  // It may be shown again, on the same line; where nothing is shown there is nothing to come back to.
  const count = asked.length;
  await call.send('screen', new Track());
  assert.deepEqual([asked.length, of('callState').at(-1)], [count, { muted: ['microphone'] }]);
  call.leave();
});

test('a media node that goes away costs nobody a click', async () => {
  const { call, peers, hear, offer } = stage();
  await call.enter({});
  offer(1, 1);
  await settled();
  peers[0].become('connected');
  hear('callMoved', {});
  assert.equal(call.standing, 'moving');
  hear('callMoved', { waiting: true });
  assert.equal(call.standing, 'waiting');
  offer(2, 2);
  await settled();
  peers[1].become('connected');
  assert.equal(call.standing, 'on');
  call.leave();
});

test('a lost socket is followed by another join, with everything as it was', async () => {
  const { call, client, connection, asked, peers, offer, of } = stage();
  await call.enter({ microphone: new Track() });
  offer(7, 1, microphone);
  await settled();
  peers[0].become('connected');
  call.mute('microphone', true);
  call.raiseHand(true);
  connection.emit('status', { phase: 'waiting', until: 0 });
  assert.equal(call.standing, 'offline');
  client.emit('ready', true);
  await settled();
  assert.deepEqual(asked.at(-1), ['callJoin', { recipientUUID: '', audio: true, video: false, muted: ['microphone'] }]);
  assert.deepEqual(of('callState').at(-1), { hand: true });
  // The number is another session's: a new connection all the same.
  offer(7, 1, microphone);
  await settled();
  peers[1].become('connected');
  assert.deepEqual([peers.length, peers[0].closed, call.standing], [2, true, 'on']);
  call.leave();
});

test('what fails is asked for anew, ever more seldom, and said; a storage that is away breaks no call', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { call, client, asked, peers, offer, of } = stage();
    await call.enter({});
    offer(1, 1);
    await settled();
    for (const number of [1, 2]) {
      peers.at(-1).become('failed');
      mock.timers.tick(1_000);
      assert.equal(of('callRestart').length, number);
      offer(number + 1, number + 1);
      await settled();
    }
    assert.equal(call.standing, 'blocked');
    mock.timers.tick(11_000);
    mock.timers.tick(2_000);
    assert.equal(of('callRestart').length, 3);
    peers.at(-1).become('connected');
    assert.equal(call.standing, 'on');
    peers.at(-1).become('disconnected');
    assert.equal(call.standing, 'interrupted');
    peers.at(-1).become('connected');
    client.emit('ready', false);
    client.emit('ready', true);
    await settled();
    assert.equal(asked.length, 1);
    call.leave();
  } finally {
    mock.timers.reset();
  }
});

test('a call without a media node is waited for; a full one, or one that is not for us, is over', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { call, answers, asked, hear } = stage();
    const refuse = (code, error) => () => Promise.reject(new Refused({ code, error, payload: '' }));
    const good = answers.callJoin;
    answers.callJoin = refuse(17, 'no media node');
    await call.enter({});
    assert.equal(call.standing, 'waiting');
    answers.callJoin = () => Promise.reject(new Refused({ code: 15, error: 'too many attempts', payload: { retryAfterMs: 500 } }));
    mock.timers.tick(500);
    await settled();
    assert.equal(call.standing, 'slowed');
    answers.callJoin = good;
    mock.timers.tick(500);
    await settled();
    assert.deepEqual([asked.length, call.standing], [3, 'joining']);
    hear('callEnded', { reason: 'connection' });
    mock.timers.tick(500);
    await settled();
    assert.equal(asked.length, 4);
    hear('callEnded', { reason: 'full' });
    assert.deepEqual([call.standing, call.ending], ['over', 'This call is full.']);

    const other = stage();
    other.answers.callJoin = refuse(18, 'not allowed');
    await other.call.enter({});
    assert.equal(other.call.ending, 'Not allowed.');

    const lost = stage();
    lost.answers.callJoin = () => Promise.reject(new Disconnected());
    await lost.call.enter({});
    assert.equal(lost.call.standing, 'offline');
    lost.call.leave();
  } finally {
    mock.timers.reset();
  }
});

test('what is shown is asked for in steps, once it stands still; nothing for who looks elsewhere', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { call, hear, of } = stage();
    await call.enter({});
    const show = (height) => call.subscriptions.show('ana', 'camera', height);
    const heights = () => of('callSubscribe').map(({ height }) => height);
    show(170);
    assert.deepEqual(heights(), [180]);
    for (const height of [200, 300, 500, 700]) show(height);
    mock.timers.tick(200);
    assert.deepEqual(heights(), [180, 720]);
    call.subscriptions.hide(true);
    mock.timers.tick(9_000);
    assert.equal(heights().length, 2);
    mock.timers.tick(2_000);
    call.subscriptions.hide(false);
    assert.deepEqual(heights().slice(2), [0, 720]);
    hear('callTracks', { participants: [], lines: [] });
    show(720);
    assert.deepEqual(heights().slice(4), [720]);
    call.leave();
  } finally {
    mock.timers.reset();
  }
});

test('rooms have names that can be read out, and addresses', () => {
  const room = newRoom();
  assert.match(room, /^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/);
  assert.deepEqual([isMade(room), isMade('the-rialto'), isMade('blue-blue-blue')], [true, false, false]);
  assert.equal(roomOf(hashOf(room)), room);
  assert.equal(roomOf('#room=Tea_1'), 'Tea_1');
  for (const hash of ['', '#', '#room=', '#room=a b', '#room=<b>', `#room=${'x'.repeat(65)}`, '#other=a']) assert.equal(roomOf(hash), undefined, hash);
  assert.equal(isRoom('x'.repeat(64)), true);
});
