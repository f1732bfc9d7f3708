/**
 * How we stand with the server. `offline`: there is no connection until then. `unserved`: it answers, but cannot reach its
 * storage; while that is tried, `until` is absent. `ended`: it does not want this user back by itself. `nobody`: nobody is
 * signed in, because the user wants it so.
 *
 * @typedef {{ is: 'served' | 'connecting' | 'nobody' } | { is: 'offline', until: number } |
 *   { is: 'unserved', until: number | undefined } | { is: 'ended', code: number }} Standing
 */

/**
 * @param {import('../protocol/connection.js').Status} status
 * @param {{ ready: boolean, session: { wanted: boolean }, outage: { lasts: boolean, until: number | undefined } }} client
 * @returns {Standing}
 */
export function standing(status, { ready, session, outage }) {
  switch (status.phase) {
    case 'ended':
      return { is: 'ended', code: status.code };
    case 'waiting':
      return { is: 'offline', until: status.until };
    case 'open':
      if (outage.lasts) return { is: 'unserved', until: outage.until };
      if (ready) return { is: 'served' };
      return { is: session.wanted ? 'connecting' : 'nobody' };
    default:
      return { is: 'connecting' };
  }
}
