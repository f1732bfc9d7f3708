import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Complaint } from '../../public/state/commands/command.js';
import { parse, quote, secretFrom } from '../../public/state/commands/grammar.js';
import { isCommand, literally } from '../../public/state/commands/kind.js';
import { corrected, hidden, isHarmless, split } from '../../public/state/commands/secrets.js';
import { execute, run } from '../../public/state/commands/run.js';
import { COMMANDS, candidates, nearest, usage } from '../../public/state/commands/table.js';
import { explain } from '../../public/state/problem.js';
import { Disconnected, Refused } from '../../public/protocol/types.js';
import { People } from '../../public/state/people.js';

const read = (text) => {
  const line = parse(text, COMMANDS);
  return line && [line.command.name, ...line.words.map((word) => word.text)];
};

test('a slash makes a command, two do not', () => {
  for (const text of ['/', '/join', '  /login Ana secret', '/nonsense', '/home/ana']) assert.ok(isCommand(text), text);
  for (const text of ['', 'join', '//join', 'and/or', 'see /join']) assert.ok(!isCommand(text), text);
  assert.equal(literally('//join'), '/join');
  assert.equal(literally('///'), '//');
  assert.equal(literally(' a // b '), 'a // b');
});

test('what other keyboards write for a slash, and what nobody sees before it, make a command too', () => {
  for (const text of ['／login joe pw', '\u200b/login joe pw', '\ufeff\u2060\u00ad/login joe pw', '\u3164／ＬＯＧＩＮ\u3000joe pw', '\n/login joe pw', '\u2066/login joe pw']) {
    assert.ok(isCommand(text), JSON.stringify(text));
    assert.equal(split(text)?.secret, 'pw', JSON.stringify(text));
  }
  assert.ok(isCommand('/ /login joe pw') && isCommand('/\u200b/login joe pw'));
  assert.ok(!isCommand('／／join'));
  assert.equal(literally('／／join'), '／join');
  assert.deepEqual(read('／ｊｏｉｎ Ａｎａ'), ['join', 'Ａｎａ']);
});

test('a secret of a command that is nearly written is one, and the right command is known', () => {
  const cases = {
    '/ login joe PW': 'login', '/lgoin joe PW': 'login', '/log in joe PW': 'login', '/sign in joe PW': 'login', '/signin joe PW': 'login', '/lo\u200bgin joe PW': 'login',
    '/register joe PW': 'signup', '/sign up joe PW': 'signup', '/sign-up joe PW': 'signup',
    '/setpassword PW': 'set password', '/passwd PW': 'set password', '/set pasword PW': 'set password', '/set-password PW': 'set password', '/password PW': 'set password',
    '/delete account joe PW': 'delete-account',
  };
  for (const [text, name] of Object.entries(cases)) {
    const parts = split(text);
    assert.deepEqual([parts?.command.name, parts?.secret], [name, 'PW'], text);
    assert.equal(corrected(parts.before)?.text, `/${name} ${parts.before.includes('joe') ? 'joe ' : ''}`);
    assert.equal(isHarmless(text), false);
  }
  for (const text of ['/set n', '/set password', '/set pass', '/set passwor', '/set name Ana B', '/nick Ana B', '/jion Ana B', '/signout now', '/home/ana x y', '/theme dark']) assert.equal(split(text), undefined, text);
});

test('a secret ends with its line, and what follows is kept apart', () => {
  const parts = (text) => (({ before, secret, rest }) => [before, secret, rest])(split(text));
  assert.deepEqual(parts('/login joe pw12345\nhello all\nagain'), ['/login joe ', 'pw12345', 'hello all\nagain']);
  assert.deepEqual(parts('/login joe pw12345\n'), ['/login joe ', 'pw12345', '']);
  assert.deepEqual(parts('/login\njoe pw12345'), ['/login\njoe ', 'pw12345', '']);
  assert.deepEqual(parts('/login joe \r\npw12345'), ['/login joe ', 'pw12345', '']);
});

test('a secret in a further line is found, in messages as in commands', () => {
  for (const text of ['hi\n/login joe PW', 'hi\r\n \u200b／login joe PW', 'a\n\n/passwd PW', '/msg Ana hi\n/login joe PW', 'hi\n/login joe\nPW', '//hi\n/signin joe PW']) {
    assert.ok(hidden(text), JSON.stringify(text));
    assert.equal(isHarmless(text), false);
  }
  for (const text of ['hi', 'hi\n/join Ana', 'hi\n/login', 'hi\n//login joe PW', 'see /login joe PW', 'a\n/usr/bin/env node', '/msg Ana two\nlines']) assert.equal(hidden(text), undefined, text);
  const began = process.cpuUsage();
  hidden('a\n/x y z\n'.repeat(500));
  hidden('\n'.repeat(100_000));
  const { user, system } = process.cpuUsage(began);
  assert.ok(user + system < 1_000_000);
});

test('arguments stand between blanks, in quotation marks, or to the end of the line', () => {
  assert.deepEqual(read('/msg Ana how are you?'), ['msg', 'Ana', 'how are you?']);
  assert.deepEqual(read('/MSG "Brave Otter 12"   how are "you"? '), ['msg', 'Brave Otter 12', 'how are "you"?']);
  assert.deepEqual(read('/join Brave Otter 12 '), ['join', 'Brave Otter 12']);
  assert.deepEqual(read('/join "Brave Otter 12"'), ['join', 'Brave Otter 12']);
  assert.deepEqual(read('/ban "the ""Otter""" 10'), ['ban', 'the "Otter"', '10']);
  assert.deepEqual(read('/msg "Brave Ot'), ['msg', 'Brave Ot']);
  assert.deepEqual(read('/set   name  Ana'), ['set name', 'Ana']);
  assert.deepEqual(read('/msg Ana two\nlines'), ['msg', 'Ana', 'two\nlines']);
  assert.deepEqual(read('/who'), ['who']);
  for (const text of ['/', '/set', '/joining Ana', '/set nam', 'join Ana']) assert.equal(read(text), undefined, text);
});

test('a quoted name is read as what it was', () => {
  for (const name of ['Ana', 'Brave Otter 12', 'a "b" c', '"', '@home', 'o"o']) assert.deepEqual(read(`/ban ${quote(name)} 5`), ['ban', name, '5']);
});

test('where a secret begins', () => {
  const secret = (text) => {
    const line = parse(text, COMMANDS);
    const from = line && secretFrom(text, line);
    return from === undefined ? undefined : [text.slice(0, from), text.slice(from)];
  };
  assert.deepEqual(secret('/login Ana hunter2'), ['/login Ana ', 'hunter2']);
  assert.deepEqual(secret('/login "Ana B" with blanks '), ['/login "Ana B" ', 'with blanks ']);
  assert.deepEqual(secret('/signup Ana '), ['/signup Ana ', '']);
  assert.deepEqual(secret('/set password  x'), ['/set password ', ' x']);
  assert.deepEqual(secret('/delete-account Ana pw'), ['/delete-account Ana ', 'pw']);
  for (const text of ['/login', '/login ', '/login Ana', '/set password', '/set name Ana B', '/msg Ana pw']) assert.equal(secret(text), undefined, text);
});

test('what is written finds its command, and a slip of the finger the nearest', () => {
  assert.deepEqual(candidates('lo').map(({ name }) => name), ['login', 'logout']);
  assert.deepEqual(candidates('name').map(({ name }) => name), ['set name']);
  assert.equal(candidates('').length, COMMANDS.length);
  for (const [written, name] of [['jion Ana', 'join'], ['wo', 'who'], ['set pasword x', 'set password'], ['exprot', 'export'], ['delete', 'delete-account'], ['lgoin', 'login']]) {
    assert.equal(nearest(written)?.name, name, written);
  }
  assert.equal(nearest('home/ana/notes.txt'), undefined);
});

test('every command is told apart, explained in a line, and ends its arguments with those it can miss', () => {
  assert.equal(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length);
  for (const command of COMMANDS) {
    assert.match(command.name, /^[a-z-]+( [a-z]+)?$/);
    assert.ok(command.help.length > 10 && command.help.length < 70, command.help);
    assert.equal(parse(`/${command.name}`, COMMANDS)?.command, command);
    assert.ok(command.takes.filter((argument) => argument.secret).every((secret) => secret === command.takes.at(-1)), 'a secret goes to the end of the line');
  }
  assert.equal(usage(COMMANDS.find(({ name }) => name === 'ban')), '/ban NAME MINUTES');
  assert.equal(usage(COMMANDS.find(({ name }) => name === 'who')), '/who [NAME]');
});

/** An app with some people in it, and what it was asked to do. */
function stage(answer = async () => ({ users: [] })) {
  const done = [];
  const people = new People();
  people.learn([
    { UUID: 'a', Username: 'Ana', OnLine: true },
    { UUID: 'b', Username: 'Brave Otter', OnLine: false },
  ]);
  const request = async (type, payload) => {
    done.push([type, payload]);
    return answer(type, payload);
  };
  const app = { people, identity: { userUUID: 'me', username: 'Me', guest: true }, client: { request }, open: (channel) => void done.push(['open', channel]) };
  const page = { help: () => void done.push(['help']), people: (query) => void done.push(['people', query]) };
  return { context: { app, page }, done };
}

test('a command runs with what its arguments read', async () => {
  const { context, done } = stage();
  assert.deepEqual(await run('/join brave otter', context), { done: true, text: '' });
  assert.deepEqual(done.at(-1), ['open', 'b']);
  await run('/join @Ana', context);
  assert.deepEqual(done.at(-1), ['open', 'a']);
  await run('/join General', context);
  assert.deepEqual(done.at(-1), ['open', '']);
  await run('/who', context);
  assert.deepEqual(done.at(-1), ['people', '']);
  assert.deepEqual(await run('/ban "Brave Otter" 1', context), { done: true, text: 'Brave Otter is kept out for 1 minute.' });
  assert.deepEqual(done.at(-1), ['ban', { userUUID: 'b', minutes: 1 }]);
});

test('somebody whom only the server knows is found, and nobody by half a name', async () => {
  const { context, done } = stage(async (type) => (type === 'users' ? { users: [{ UUID: 'z', Username: 'Zoe', OnLine: true }] } : {}));
  assert.deepEqual(await run('/kick zoe', context), { done: true, text: 'Zoe was sent away.' });
  assert.deepEqual(done.at(-1), ['kick', { userUUID: 'z' }]);
  assert.deepEqual(await run('/kick Zo', context), { done: false, text: 'Nobody is called Zo. Did you mean Zoe?' });
});

test('what is wrong is said, and nothing is done', async () => {
  const { context, done } = stage();
  const said = async (text) => {
    const answer = await run(text, context);
    assert.equal(answer.done, false, text);
    return answer.text;
  };
  assert.equal(await said('/jion Ana'), 'There is no /jion. Did you mean /join? To say it to others, write //jion.');
  assert.equal(await said('/join "'), 'Whose name? There is none written.');
  assert.equal(await said('/msg "" x'), 'Whose name? There is none written.');
  assert.equal(await said('/lgoin'), 'There is no /lgoin. Did you mean /login?');
  assert.equal(await said('/nick Ana'), 'There is no /nick. Did you mean /set name? To say it to others, write //nick.');
  assert.equal(await said('/join'), 'NAME is missing: /join NAME');
  assert.equal(await said('/ban Ana soon'), 'MINUTES is a whole number.');
  assert.equal(await said('/ban Ana'), 'MINUTES is missing: /ban NAME MINUTES');
  assert.equal(await said('/theme pink'), 'Choose one of system, light, dark.');
  assert.equal(await said('/join Bob'), 'Nobody is called Bob.');
  assert.match(await said('/set name Somebody'), /needs a password first/);
  assert.match(await said('/delete-account Other'), /write your own name behind it: Me/);
  assert.ok(done.every(([type]) => type === 'users'));
});

test('failures in words; those that nobody foresaw are not hidden', async () => {
  assert.equal(explain(new Refused({ code: 18, error: 'only moderators may do this', payload: '' })), 'Only moderators may do this.');
  assert.match(explain(new Disconnected()), /no connection/);
  const { context } = stage();
  const complains = { name: 'x', help: '', takes: [], run: () => { throw new Complaint('No.'); } };
  assert.deepEqual(await execute(complains, [], context), { done: false, text: 'No.' });
  await assert.rejects(execute({ name: 'x', help: '', takes: [], run: () => { throw new TypeError('a bug'); } }, [], context), TypeError);
});
