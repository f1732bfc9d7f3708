/**
 * The wire's words about calls, exactly as the server writes them. A participant is a session: one user may be in a call twice.
 *
 * @typedef {'microphone' | 'camera' | 'screen' | 'screenAudio'} Source What is published.
 * @typedef {'good' | 'fair' | 'poor'} Quality
 * @typedef {'sfu' | 'p2p'} Mode Through a media node, or from each to each of the others.
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
 * @property {Mode} mode
 * @property {Participant[]} participants
 *
 * @typedef {object} Offer
 * @property {string} sdp
 * @property {number} connection Another number than before: another connection.
 * @property {number} offer
 * @property {PublishLine[]} lines
 *
 * @typedef {{ participants: Participant[], lines: ForwardLine[], mode?: Mode }} Tracks Complete each time; how the call is carried from now on.
 *
 * What two ends of a connection without a media node tell each other: a description, and what its sender publishes on which of its
 * lines; or a way to them.
 * @typedef {{ description?: { type: string, sdp: string }, lines?: PublishLine[], candidate?: Record<string, any> | null }} PeerSignal
 *
 * That of which connection of which of the others; a greater number than before: another connection.
 * @typedef {PeerSignal & { participant: string, link: number }} PeerLetter
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
 *   { type: 'callPeer', body: PeerLetter } |
 *   { type: 'callState', body: State } |
 *   { type: 'callMoved', body: { waiting?: boolean } } |
 *   { type: 'callEnded', body: { reason: Ending } }} CallNews
 */

export {};
