/** @typedef {Pick<RTCSessionDescription, 'type' | 'sdp'>} Description */

/**
 * An RTCPeerConnection whose other end is reached by signals, which come in whatever order they like: candidates wait for the
 * description that they belong to.
 */
export class Signaled {
  connection;
  /** @type {RTCIceCandidateInit[]} */
  #early = [];

  /**
   * @param {RTCConfiguration} configuration
   * @param {object} on
   * @param {(candidate: RTCIceCandidateInit | null) => void} on.candidate A way to us, for the other end. `null`: there are no more.
   * @param {() => void} [on.failed] Nothing gets through.
   */
  constructor(configuration, { candidate: found, failed }) {
    const connection = new RTCPeerConnection(configuration);
    this.connection = connection;
    connection.onicecandidate = ({ candidate }) => found(candidate && candidate.toJSON());
    connection.onconnectionstatechange = () => connection.connectionState === 'failed' && failed?.();
  }

  /** @returns {Promise<Description | null>} What the other end is to answer. */
  async offer() {
    await this.connection.setLocalDescription();
    return this.connection.localDescription;
  }

  /**
   * Takes the other end's description.
   *
   * @param {unknown} description
   * @param {() => Promise<void>} [prepare] What is to be done before an answer is made.
   * @returns {Promise<Description | null | undefined>} Our answer, if it was an offer.
   */
  async take(description, prepare) {
    const { connection } = this;
    const taken = /** @type {RTCSessionDescriptionInit} */ (description);
    await connection.setRemoteDescription(taken);
    // Some may be of an offer that was taken back.
    const fitting = this.#early.splice(0).filter(({ usernameFragment }) => !usernameFragment || taken.sdp?.includes(`ice-ufrag:${usernameFragment}`));
    for (const candidate of fitting) await this.#add(candidate);
    if (connection.signalingState !== 'have-remote-offer') return undefined;
    await prepare?.();
    await connection.setLocalDescription();
    return connection.localDescription;
  }

  /** @param {unknown} candidate A way to the other end. `null`: there are no more. */
  candidate(candidate) {
    if (!candidate) return;
    const init = /** @type {RTCIceCandidateInit} */ (candidate);
    if (this.connection.remoteDescription) this.#add(init);
    else this.#early.push(init);
  }

  close() {
    this.connection.onicecandidate = this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  /** @param {RTCIceCandidateInit} candidate */
  #add(candidate) {
    // One that cannot be used is one way less.
    return this.connection.addIceCandidate(candidate).catch(() => {});
  }
}
