//! Close codes: the one table of how a connection ends.
//!
//! | code | name | when | what a client does |
//! |---|---|---|---|
//! | 1000 | [`Normal`](CloseCode::Normal) | the client asked for it | nothing |
//! | 1001 | [`GoingAway`](CloseCode::GoingAway) | this node is being stopped | comes back after the milliseconds in the reason |
//! | 1002 | [`Protocol`](CloseCode::Protocol) | the client broke the WebSocket protocol | mends its code |
//! | 1007 | [`InvalidText`](CloseCode::InvalidText) | a text frame was not UTF-8 | mends its code |
//! | 1008 | [`TooMuch`](CloseCode::TooMuch) | the address asks for more than its share, or there is no room for one more, before it was let in | waits |
//! | 1009 | [`TooLarge`](CloseCode::TooLarge) | a frame of more than four times `MAX_FRAME_BYTES` | sends less |
//! | 1011 | [`Internal`](CloseCode::Internal) | a bug in this server ended this one session | comes back |
//! | 1012 | [`Restart`](CloseCode::Restart) | the cluster had given this node up, and what it held is gone; or a room cannot be opened for want of the store | comes back and resumes |
//! | 1013 | [`Slow`](CloseCode::Slow) | the client did not read for `STALL_SECONDS` what it was sent | comes back and resumes from the log |
//! | 4000 | [`Fatal`](CloseCode::Fatal) | a lobby does not let the client in; the error before it says why | asks its user |
//! | 4001 | [`Kicked`](CloseCode::Kicked) | a moderator closed the session | asks its user |
//! | 4002 | [`Displaced`](CloseCode::Displaced) | another connection of the same client took the place of this one | nothing |
//! | 4003 | [`Banned`](CloseCode::Banned) | a moderator banned the user | stays away |
//! | 4004 | [`Deleted`](CloseCode::Deleted) | the account was deleted | forgets the account |
//! | 4008 | [`Unresponsive`](CloseCode::Unresponsive) | two pings remained unanswered | comes back and resumes |

/// Why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// All done.
    Normal = 1000,
    /// This node stops; the reason says in how many milliseconds to come back.
    GoingAway = 1001,
    /// The client broke the WebSocket protocol.
    Protocol = 1002,
    /// A text frame was not UTF-8.
    InvalidText = 1007,
    /// The address asks for more than its share, or there is no room for one more.
    TooMuch = 1008,
    /// A frame was larger than even a refusal reads.
    TooLarge = 1009,
    /// A bug in the server; it cost this session only.
    Internal = 1011,
    /// The cluster had given this node up.
    Restart = 1012,
    /// The client does not read what it is sent.
    Slow = 1013,
    /// A lobby does not let the client in.
    Fatal = 4000,
    /// A moderator closed the session.
    Kicked = 4001,
    /// Another connection of the same client took the place of this one.
    Displaced = 4002,
    /// A moderator banned the user.
    Banned = 4003,
    /// The account is no more.
    Deleted = 4004,
    /// Two pings remained unanswered.
    Unresponsive = 4008,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u16 {
        self as u16
    }
}
