/**
 * Why a camera, a microphone or a screen cannot be had. `denied`: by the user, now or for good. `blocked`: by the system or the page's
 * owner. `missing`: there is none. `busy`: something else uses it. `insecure`: a browser gives it only to pages that came encrypted
 * or from this machine. `unsupported`: this browser has no such thing.
 *
 * @typedef {'denied' | 'blocked' | 'missing' | 'busy' | 'insecure' | 'unsupported'} Obstacle
 */

/** What browsers call them (Media Capture and Streams, section 10.2; Screen Capture, section 5.1). @type {Record<string, Obstacle>} */
const NAMES = {
  NotAllowedError: 'denied',
  SecurityError: 'blocked',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
  InvalidStateError: 'blocked',
  TypeError: 'insecure',
};

/**
 * What an error means; one that nobody foresaw goes on.
 *
 * @param {unknown} error
 * @returns {Obstacle}
 */
export function obstacle(error) {
  const { name = '', message = '' } = error instanceof Error || error instanceof DOMException ? error : {};
  const known = NAMES[name];
  if (known === undefined) throw error;
  return name === 'NotAllowedError' && /system|policy/i.test(message) ? 'blocked' : known;
}

/** Why nothing can be had at all, if so. @returns {Obstacle | undefined} */
export function generalObstacle() {
  if (!isSecureContext) return 'insecure';
  return navigator.mediaDevices && 'RTCPeerConnection' in globalThis ? undefined : 'unsupported';
}
