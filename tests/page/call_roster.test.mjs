import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CallRoster } from '../../public/state/call-roster.js';
import { summary } from '../../public/state/call-news.js';
import { leading, tilesOf } from '../../public/state/call-tiles.js';

const track = (source, muted = false) => ({ source, stream: 's', muted });
const person = (participant, more = {}) => ({
  participant,
  user: { UUID: `user of ${participant}`, Username: participant.toUpperCase(), OnLine: true },
  hand: false,
  tracks: [track('microphone'), track('camera')],
  ...more,
});
const names = (roster) => roster.people.map(({ name, absent }) => (absent ? `(${name})` : name));
const told = (news) => news.map(({ what, name }) => `${name} ${what}`);

function rosterOf(...participants) {
  const roster = new CallRoster();
  roster.own = 'me';
  roster.update(participants.map((one) => person(one)), []);
  return roster;
}

test('whom one finds there is no news, who comes and goes is', () => {
  const roster = new CallRoster();
  roster.own = 'me';
  assert.deepEqual(roster.update([person('me'), person('ana')], []), []);
  assert.deepEqual(told(roster.update([person('me'), person('ana'), person('ben')], [])), ['BEN joined']);
  assert.deepEqual(told(roster.update([person('me'), person('ben')], [])), ['ANA left']);
  assert.deepEqual(told(roster.update([person('me'), person('ben', { hand: true })], [])), ['BEN hand']);
  assert.deepEqual(told(roster.update([person('me'), person('ben', { hand: true, tracks: [track('screen')] })], [])), ['BEN screen']);
  assert.deepEqual(told(roster.update([person('me', { hand: true }), person('ben')], [])), []);
});

test('who is missing while the call moves stays in the same place, and has left only when it is settled', () => {
  const roster = rosterOf('me', 'ana', 'ben');
  roster.moving = true;
  assert.deepEqual(roster.update([person('me')], []), []);
  assert.deepEqual(names(roster), ['ME', '(ANA)', '(BEN)']);
  assert.deepEqual(roster.update([person('ben'), person('me')], []), []);
  assert.deepEqual(names(roster), ['ME', '(ANA)', 'BEN']);
  assert.deepEqual(told(roster.settle()), ['ANA left']);
  assert.deepEqual(names(roster), ['ME', 'BEN']);
});

test('who comes along to another media node comes with nothing at first, and looks as before', () => {
  const roster = rosterOf('me', 'ana');
  const camera = () => roster.people.map((one) => one.camera);
  roster.moving = true;
  roster.update([person('me', { tracks: [] }), person('ana', { tracks: [track('camera', true)] })], []);
  assert.deepEqual(camera(), [true, false]);
  roster.settle();
  assert.deepEqual(camera(), [false, false]);
});

test('who comes back in another session has neither left nor come', () => {
  const roster = rosterOf('me', 'ana');
  const back = person('ana2', { user: person('ana').user });
  roster.moving = true;
  assert.deepEqual(roster.update([person('me'), back], []), []);
  assert.deepEqual(names(roster), ['ME', 'ANA']);
});

test('muted is off, and whoever is absent says nothing', () => {
  const roster = rosterOf('me', 'ana');
  roster.hear({ speaking: ['ana'], active: 'ana' });
  roster.hear({ quality: { ana: 'poor' } });
  roster.update([person('me'), person('ana', { tracks: [track('microphone'), track('camera', true)] })], []);
  const [, ana] = roster.people;
  assert.deepEqual([ana.microphone, ana.camera, ana.speaking, ana.quality], [true, false, true, 'poor']);
  roster.moving = true;
  roster.update([person('me')], []);
  assert.equal(roster.people[1].speaking, false);
});

test('a screen is large, then who speaks if that is wanted; what is pinned is before all', () => {
  const tiles = (people) => tilesOf(people.map((one, index) => ({ participant: one, own: index === 0, screen: one.startsWith('screen') })));
  const wish = { view: 'grid', pinned: undefined, active: 'ben' };
  const two = tiles(['me', 'ana', 'ben']);
  assert.equal(leading(two, wish), undefined);
  assert.equal(leading(two, { ...wish, view: 'speaker' }), 'ben/camera');
  assert.equal(leading(two, { ...wish, view: 'speaker', active: 'me' }), 'ana/camera');
  assert.equal(leading(two, { ...wish, pinned: 'ana/camera' }), 'ana/camera');
  assert.equal(leading(tiles(['me']), { ...wish, view: 'speaker' }), undefined);
  const screens = tiles(['screen of me', 'screen 1', 'screen 2']);
  assert.equal(leading(screens, wish), 'screen 2/screen');
  assert.equal(leading(tiles(['screen of me', 'ana']), wish), undefined);
});

test('news are told together, and not what is no more', () => {
  const news = (what, ...people) => people.map((name) => ({ what, participant: name, name }));
  assert.equal(summary(news('joined', 'Ana')), 'Ana joined.');
  assert.equal(summary([...news('joined', 'Ana', 'Ben'), ...news('hand', 'Cem')]), 'Ana and Ben joined. Cem raised a hand.');
  assert.equal(summary(news('left', 'Ana', 'Ben', 'Cem', 'Dan')), '4 people left.');
  assert.equal(summary([...news('joined', 'Ana'), ...news('left', 'Ana')]), '');
  assert.equal(summary(news('screen', 'Ana', 'Ben')), 'Ana and Ben share a screen.');
});
