//! What goes wrong: `{"type": "error", "errorType", "errorMessage"}`.

use std::time::Duration;

use crate::dialect;
use crate::domain::lobbies::{LobbyError, Refused};

/// The values of `errorType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// No room code where one is needed.
    MissingRoomCode,
    /// No room has this code.
    NoRoomFound,
    /// The room has no host, or its connection has ended.
    HostDisconnected,
    /// The room has a host.
    HostAlreadyExists,
    /// The room is full. (+)
    RoomFull,
    /// A message that is not understood, or out of turn. (+)
    BadMessage,
    /// Only the host may do this. (+)
    NotHost,
    /// Nobody in the room is called so, or is connected. (+)
    NoSuchClient,
    /// The token is none of this server's. (+)
    BadToken,
    /// A snapshot of this version or a newer one is kept. (+)
    StaleSnapshot,
    /// Too large. (+)
    TooLarge,
    /// Too often, or too much at once. (+)
    TooMany,
    /// The host has told the client to leave. (+)
    Kicked,
    /// Try again later. (+)
    Unavailable,
}

impl ErrorType {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingRoomCode => "missingRoomCode",
            Self::NoRoomFound => "noRoomFound",
            Self::HostDisconnected => "hostDisconnected",
            Self::HostAlreadyExists => "hostAlreadyExists",
            Self::RoomFull => "roomFull",
            Self::BadMessage => "badMessage",
            Self::NotHost => "notHost",
            Self::NoSuchClient => "noSuchClient",
            Self::BadToken => "badToken",
            Self::StaleSnapshot => "staleSnapshot",
            Self::TooLarge => "tooLarge",
            Self::TooMany => "tooMany",
            Self::Kicked => "kicked",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether it closes the connection of a client that has no room.
    #[must_use]
    pub fn is_fatal(self) -> bool {
        matches!(self, Self::MissingRoomCode | Self::NoRoomFound | Self::HostDisconnected | Self::HostAlreadyExists)
    }
}

/// Why a message had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub kind: ErrorType,
    /// For people.
    pub message: String,
}

/// A message's failure, if it failed. What a handler has to say to the client it has said itself.
pub type Handled = Result<(), Failure>;

impl Failure {
    /// With words.
    pub fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Something is wrong with the message.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(ErrorType::BadMessage, message)
    }

    /// Too many of something.
    #[must_use]
    pub fn slow_down(what: &str, retry_after: Duration) -> Self {
        Self::new(ErrorType::TooMany, format!("{what}; try again in {} s", retry_after.as_secs_f64().ceil()))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let kind = match refused {
            Refused::NoRoom => ErrorType::NoRoomFound,
            Refused::NoHost => ErrorType::HostDisconnected,
            Refused::HostExists => ErrorType::HostAlreadyExists,
            Refused::Full => ErrorType::RoomFull,
            Refused::NotHost => ErrorType::NotHost,
            Refused::NoSuchClient => ErrorType::NoSuchClient,
            Refused::Outside | Refused::OutOfTurn => ErrorType::BadMessage,
            Refused::Stale => ErrorType::StaleSnapshot,
        };
        Self::new(kind, refused.to_string())
    }
}

impl From<LobbyError> for Failure {
    /// What the store says is for the log; clients are told to try again.
    fn from(error: LobbyError) -> Self {
        match error {
            LobbyError::Refused(refused) => refused.into(),
            LobbyError::SlowDown(after) => Self::slow_down("too many attempts from this address", after),
            LobbyError::TooMuch => Self::new(ErrorType::TooMany, error.to_string()),
            LobbyError::Store(error) => {
                dialect::note(&error);
                Self::new(ErrorType::Unavailable, "the backend is unavailable; try again")
            }
        }
    }
}
