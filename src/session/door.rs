//! Clients that are turned away before there is a connection.

use std::time::Duration;

/// Why a handshake is refused: an answer of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The status code (RFC 9110, section 15), 400 or above.
    pub status: u16,
    /// For people.
    pub reason: String,
    /// When it is worth another attempt.
    pub retry_after: Option<Duration>,
}
