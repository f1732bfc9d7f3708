/** @typedef {import('./call.js').Standing} Standing */
/** @typedef {'microphone' | 'camera' | 'screen'} Wanted */
/** @typedef {'denied' | 'blocked' | 'missing' | 'busy' | 'insecure' | 'unsupported'} Obstacle */

const NAMES = Object.freeze({ microphone: 'microphone', camera: 'camera', screen: 'screen' });

/**
 * Why a device cannot be had, and what helps.
 *
 * @param {Wanted} wanted
 * @param {Obstacle} obstacle
 */
export function obstacleWords(wanted, obstacle) {
  const name = NAMES[wanted];
  switch (obstacle) {
    case 'denied':
      if (wanted === 'screen') return 'No screen was chosen.';
      return `This page may not use the ${name}. Allow it next to the address above, then try again.`;
    case 'blocked':
      return `The system does not let this browser use the ${name}. Its privacy settings can allow it.`;
    case 'missing':
      return `No ${name} was found. Plug one in, and it can be used at once.`;
    case 'busy':
      return `The ${name} is in use by another program. Close that, then try again.`;
    case 'insecure':
      return 'Browsers give cameras and microphones only to pages that come encrypted: open this one with https.';
    case 'unsupported':
      return wanted === 'screen' ? 'This browser cannot share a screen.' : 'This browser cannot make calls. A current Chrome, Firefox, Safari or Edge can.';
  }
}

/**
 * The same for a microphone and a camera together: one cause is named once.
 *
 * @param {Partial<Record<'microphone' | 'camera', Obstacle | undefined>>} obstacles
 */
export function obstaclesWords({ microphone, camera }) {
  if (microphone && microphone === camera) {
    if (microphone === 'denied') return 'This page may not use your camera and microphone. Allow them next to the address above, then try again.';
    if (microphone === 'missing') return 'No camera and no microphone were found. You can join to watch and listen.';
    return obstacleWords('camera', microphone).replace('the camera', 'your camera and microphone').replace('The camera is', 'Camera and microphone are');
  }
  return [microphone && obstacleWords('microphone', microphone), camera && obstacleWords('camera', camera)].filter(Boolean).join(' ');
}

/**
 * What is wrong with a call at present, if something is.
 *
 * @param {Standing} standing
 */
export function standingWords(standing) {
  switch (standing) {
    case 'offline':
      return 'The server cannot be reached. You are back in the call as soon as it can.';
    case 'moving':
      return 'The call moves to another server. It goes on in a moment.';
    case 'waiting':
      return 'No media server is there at present, and peer to peer there is no place for more. You are in as soon as that changes.';
    case 'slowed':
      return 'There were too many attempts. The server wants a pause, and then you are in.';
    case 'interrupted':
      return 'The connection was interrupted. Reconnecting…';
    case 'blocked':
      return 'No sound or picture gets through: this network may block it (UDP). Another network or a VPN may help. It is tried again and again.';
  }
  return '';
}

/** How many are in a call at most where each sends to each. */
const MESH = 4;

/**
 * How a call is carried: in two words, at length, and when it changes to that.
 *
 * @param {import('../protocol/calls.js').Mode} mode
 */
export function modeWords(mode) {
  if (mode === 'p2p') {
    return {
      name: 'Peer to peer',
      meaning: `Sound and pictures go from each person to each other, encrypted all the way, without a media server. That works for up to ${MESH} people. The others can find out your IP address then. When it needs a media server and there is one, the call moves there by itself.`,
      turn: 'The call goes on peer to peer: the others can find out your IP address.',
    };
  }
  return {
    name: 'Through the server',
    meaning: `Each sends sound and pictures once, to a media server, which hands them on. That works for many people. When no media server is left, up to ${MESH} people go on peer to peer, by themselves.`,
    turn: 'The call goes through the server now.',
  };
}

/** Why two do not reach each other of whom each reaches others, and what helps. */
const OBSTACLE = 'the network of one of you blocks it. Another network or a VPN may help.';
export const APART = `You cannot reach each other: ${OBSTACLE}`;

/**
 * The same, told once.
 *
 * @param {string} name The other one.
 */
export function apartWords(name) {
  return `You and ${name} cannot reach each other: ${OBSTACLE}`;
}

/**
 * Why nobody else comes in.
 *
 * @param {import('../protocol/calls.js').Mode | undefined} mode
 */
export function endingWords(mode) {
  if (mode !== 'p2p') return 'This call is full.';
  return `This call is full: it goes peer to peer at present, up to ${MESH} people.`;
}
