//! The error codes of the chat protocol.

use std::time::Duration;

use crate::dialect;
use crate::domain::accounts::AccountError;
use crate::domain::channels::ChannelError;
use crate::domain::named_rooms::DoorError;
use crate::ids::InvalidText;
use crate::store::StoreError;

/// Codes of the `error` message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    /// The frame is no JSON object, or binary.
    BadJson = 1,
    /// Sign-in failed.
    SignIn = 4,
    /// Sign-up failed.
    SignUp = 5,
    /// Sign-out failed.
    SignOut = 6,
    /// A message was not accepted.
    Message = 7,
    /// Users are not available.
    Users = 8,
    /// There is no such user.
    NoSuchUser = 10,
    /// Joining a channel failed.
    Join = 11,
    /// Unknown message type.
    UnknownType = 13,
    /// Sign-in needed.
    SignInNeeded = 14,
    /// Too many requests.
    TooMany = 15,
    /// A field is missing, malformed or too large.
    Malformed = 16,
    /// The backend is unavailable.
    Unavailable = 17,
    /// Not allowed.
    NotAllowed = 18,
}

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which code.
    pub code: Code,
    /// For people.
    pub text: String,
    /// When it may be tried again, for [`Code::TooMany`].
    pub retry_after: Option<Duration>,
}

/// A request's failure, if it failed. What a handler has to say to the client it has said itself.
pub type Handled = Result<(), Failure>;

impl Failure {
    /// With words.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), retry_after: None }
    }

    /// A field is wrong.
    pub fn malformed(text: impl Into<String>) -> Self {
        Self::new(Code::Malformed, text)
    }

    /// Too many requests.
    #[must_use]
    pub fn slow_down(text: &str, retry_after: Duration) -> Self {
        Self { code: Code::TooMany, text: text.to_owned(), retry_after: Some(retry_after) }
    }

    /// The failure of an account request whose own code is `code`.
    #[must_use]
    pub fn account(code: Code, error: AccountError) -> Self {
        match error {
            AccountError::Refused | AccountError::NameTaken => Self::new(code, error.to_string()),
            AccountError::Banned(_) | AccountError::PasswordNeeded => Self::new(Code::NotAllowed, error.to_string()),
            AccountError::SlowDown(retry_after) => Self::slow_down("too many failed sign-ins; try again later", retry_after),
            AccountError::TooMany(retry_after) => Self::slow_down("too many new accounts from this address; try again later", retry_after),
            AccountError::NoSuchUser => Self::new(Code::NoSuchUser, error.to_string()),
            AccountError::Busy => Self::new(Code::Unavailable, error.to_string()),
            AccountError::Store(error) => error.into(),
        }
    }

    /// The failure of a channel request whose own code is `code`.
    #[must_use]
    pub fn channel(code: Code, error: ChannelError) -> Self {
        match error {
            ChannelError::NoSuchUser => Self::new(Code::NoSuchUser, error.to_string()),
            ChannelError::NotAllowed => Self::new(Code::NotAllowed, error.to_string()),
            ChannelError::NoSuchMessage => Self::new(code, error.to_string()),
            ChannelError::NotReplicated => Self::new(Code::Unavailable, "not safely stored yet; try again"),
            ChannelError::Store(error) => error.into(),
        }
    }

    /// The failure of coming into the call of a room with a name.
    #[must_use]
    pub fn door(error: DoorError) -> Self {
        match error {
            DoorError::PasswordNeeded | DoorError::WrongPassword => Self::new(Code::NotAllowed, "this room is protected by a password"),
            DoorError::Outside => Self::new(Code::NotAllowed, "this room counts its guests: come in first"),
            // Not as a full one: coming again helps nobody, and the next room of this name is another one.
            DoorError::NoSuchRoom => Self::new(Code::NotAllowed, "there is no such room any more"),
            DoorError::Full | DoorError::Taken => Self::new(Code::Join, "the room is full"),
            DoorError::Invalid(error) => error.into(),
            DoorError::SlowDown(retry_after) => Self::slow_down("too many attempts from this address; try again later", retry_after),
            DoorError::Busy => Self::new(Code::Unavailable, error.to_string()),
            DoorError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    /// What the store says is for the log; clients are told to try again.
    fn from(error: StoreError) -> Self {
        dialect::note(&error);
        Self::new(Code::Unavailable, "the backend is unavailable; try again")
    }
}

impl From<InvalidText> for Failure {
    fn from(error: InvalidText) -> Self {
        Self::malformed(error.0)
    }
}
