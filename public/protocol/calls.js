/**
 * The wire's words about calls, exactly as the server writes them. A participant is a session: one user may be in a call twice.
 *
 * @typedef {'microphone' | 'camera' | 'screen' | 'screenAudio'} Source What is published.
 * @typedef {'good' | 'fair' | 'poor'} Quality
 *
 * @typedef {{ source: Source, stream: string, muted?: boolean }} PublishedTrack
 * @typedef {{ participant: string, user: import('./types.js').User, hand?: boolean, tracks: PublishedTrack[] }} Participant
 *
 * What comes in on a line of our connection; paused where the connection cannot carry it at present.
 * @typedef {{ mid: string, participant: string, source: Source, paused?: boolean }} ForwardLine
 *
 * A line of our connection on which we publish.
 * @typedef {{ mid: string, source: Source }} PublishLine
 *
 * @typedef {object} Joined
 * @property {string} participant Who we are in the call.
 * @property {unknown[]} iceServers
 * @property {'sfu' | 'mesh'} mode
 * @property {Participant[]} participants
 *
 * @typedef {object} Offer
 * @property {string} sdp
 * @property {number} connection Another number than before: another connection.
 * @property {number} offer
 * @property {PublishLine[]} lines
 *
 * @typedef {{ participants: Participant[], lines: ForwardLine[] }} Tracks Complete each time.
 *
 * @typedef {object} State Each time one of: who speaks; somebody's reaction; whose connection is how good now.
 * @property {string[]} [speaking]
 * @property {string | null} [active] Who speaks, or spoke last.
 * @property {string} [participant]
 * @property {string} [reaction]
 * @property {Record<string, Quality>} [quality]
 *
 * @typedef {'full' | 'connection' | 'unavailable'} Ending Why we are out of a call.
 *
 * What a browser keeps: device IDs, and what was off when last seen.
 * @typedef {{ microphone?: string, camera?: string, speaker?: string, off?: ('microphone' | 'camera')[] }} DeviceChoices
 *
 * What the server tells somebody who is in a call.
 * @typedef {{ type: 'callOffer', body: Offer } |
 *   { type: 'callTracks', body: Tracks } |
 *   { type: 'callState', body: State } |
 *   { type: 'callMoved', body: { waiting?: boolean } } |
 *   { type: 'callEnded', body: { reason: Ending } }} CallNews
 */

export {};
