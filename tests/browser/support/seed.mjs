/** Settings of a server that takes messages as fast as they come. */
export const UNHURRIED = { RATE_MESSAGES: '0' };

/** What stands in message `number` of a seeded channel. Some are long, some have several lines. */
export function seeded(number) {
  const more = { 0: ' and some more words, so that not all of them are equally long'.repeat(4), 5: '\nsecond line\nthird line', 7: ' `code` https://example.org/' };
  return `message ${number}${more[number % 10] ?? ''}`;
}

/**
 * Lets a guest of their own say things in General, over a socket without a page around it.
 *
 * @param {import('playwright-core').Browser} browser Has the sockets.
 * @param {{ url: string }} server
 * @param {string[]} texts
 * @param {string} [username] Whoever says it, if not a guest.
 */
export async function seed(browser, { url }, texts, username) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    // Any file of the same origin will do.
    await page.goto(`${url}favicon.svg`);
    await page.evaluate(say, { texts, username });
  } finally {
    await context.close();
  }
}

/** Runs in the browser: resolves when the server has acknowledged every text. */
function say({ texts, username }) {
  const ahead = 400;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/ws');
    const send = (type, payload) => socket.send(JSON.stringify({ type, id: type, [type]: payload }));
    let [sent, stored] = [0, 0];
    const more = () => {
      for (; sent < texts.length && sent < stored + ahead; sent += 1) send('channelMessage', { recipientUUID: '', message: texts[sent] });
    };
    socket.onopen = () => send('signIn', username === undefined ? { guest: true } : { username, password: 'a password' });
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === 'authorized') more();
      else if (frame.type === 'error') reject(new Error(data));
      else if (frame.type === 'channelMessage') {
        stored += 1;
        if (stored === texts.length) resolve(socket.close());
        else more();
      }
    };
    socket.onclose = () => reject(new Error('the server hung up'));
  });
}
