/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').User} User */

/**
 * Who is in a channel's call now.
 *
 * @typedef {{ channel: string, participants: User[] }} Calling
 */

/**
 * What the server tells by itself. `arrived`: somebody signed in or joined; whether they stay is told only of those that the
 * server listed for us.
 *
 * @typedef {{ name: 'ready' } |
 *   { name: 'signedOut', uuid: string | undefined } |
 *   { name: 'arrived', detail: User } |
 *   { name: 'users', detail: User[] } |
 *   { name: 'message', detail: { channel: string, message: Message } } |
 *   { name: 'changed', detail: { channel: string, message: Message } } |
 *   { name: 'reacted', detail: import('./types.js').Reacted & { channel: string } } |
 *   { name: 'typing', detail: { channel: string, user: User } } |
 *   { name: 'unread', detail: import('./types.js').Unread[] } |
 *   { name: 'calling', detail: Calling } |
 *   { name: 'call', detail: import('./calls.js').CallNews } |
 *   { name: 'reset', channel: string }} News
 */

/**
 * Everything that the client tells. `identity`: another user, or nobody. `ready`: signed in on this connection, and served. Of
 * everything in a channel, the messages that this user's other sessions wrote included, `message` tells.
 *
 * @typedef {object} Events
 * @property {{ identity: import('./session.js').Identity | undefined, left?: import('./session.js').Left }} identity
 * @property {boolean} ready
 * @property {import('./following.js').Page} page
 * @property {{ channel: string, reason: string }} closed It cannot be opened.
 * @property {{ channel: string, message: Message }} message
 * @property {{ channel: string, message: Message }} changed
 * @property {import('./types.js').Reacted & { channel: string }} reacted
 * @property {{ channel: string, user: User }} typing
 * @property {User[]} users
 * @property {User} arrived
 * @property {import('./types.js').Unread[]} unread
 * @property {Calling} calling
 * @property {import('./calls.js').CallNews} call What is told to who is in one.
 */

/**
 * A frame in the page's words, where it is news.
 *
 * @param {import('./types.js').Frame} frame
 * @param {string | undefined} own Who we are.
 * @returns {News | undefined}
 */
export function interpret(frame, own) {
  const body = frame[frame.type];
  switch (frame.type) {
    case 'ready':
      return { name: 'ready' };
    case 'signOut':
      return { name: 'signedOut', uuid: body?.uuid };
    case 'sys':
      return arrival(frame, own);
    case 'presence':
    case 'userChanged':
      return { name: 'users', detail: [body] };
    case 'channelMessage':
      return { name: 'message', detail: { channel: channelOf(body.SenderUUID, body.RecipientUUID, own), message: body } };
    case 'messageChanged':
      return { name: 'changed', detail: { channel: channelOf(body.SenderUUID, body.RecipientUUID, own), message: body } };
    case 'reacted':
      return { name: 'reacted', detail: { ...body, channel: channelOf(body.user.UUID, body.recipientUUID, own) } };
    case 'typing':
      return { name: 'typing', detail: { channel: channelOf(body.user.UUID, body.recipientUUID, own), user: body.user } };
    case 'unread':
      return { name: 'unread', detail: body.channels };
    case 'callChanged':
      return { name: 'calling', detail: { channel: body.recipientUUID, participants: body.participants } };
    case 'callOffer':
    case 'callTracks':
    case 'callPeer':
    case 'callState':
    case 'callMoved':
    case 'callEnded':
      return { name: 'call', detail: { type: frame.type, body } };
    case 'channelReset':
      return { name: 'reset', channel: body.recipientUUID };
  }
  return undefined;
}

/**
 * @param {import('./types.js').Frame} frame
 * @param {string | undefined} own
 * @returns {News | undefined}
 */
function arrival({ sys, user }, own) {
  const newcomer = sys.signIn ? { UUID: sys.signIn.uuid, Username: sys.signIn.username, OnLine: true } : user;
  return newcomer && newcomer.UUID !== own ? { name: 'arrived', detail: newcomer } : undefined;
}

/**
 * A direct channel is named by its far end.
 *
 * @param {string} sender
 * @param {string} recipient
 * @param {string | undefined} own
 */
function channelOf(sender, recipient, own) {
  return recipient === own ? sender : recipient;
}
