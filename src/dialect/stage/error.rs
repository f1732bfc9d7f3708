//! What goes wrong with an order: a status code after those of HTTP, and words for people.

use std::time::Duration;

use crate::dialect;
use crate::domain::accounts::AccountError;
use crate::domain::channels::ChannelError;
use crate::ids::InvalidText;
use crate::store::StoreError;

/// The status codes of `error` (RFC 9110, section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Status {
    /// The order, or something in it, is not understood or not accepted.
    BadRequest = 400,
    /// Log in first.
    Unauthorized = 401,
    /// Not allowed.
    Forbidden = 403,
    /// Too large.
    TooLarge = 413,
    /// Too many.
    TooMany = 429,
    /// Try again later.
    Unavailable = 503,
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub status: Status,
    /// For people.
    pub message: String,
}

/// An order's failure, if it failed. What a handler has to say to the client it has said itself.
pub type Handled = Result<(), Failure>;

impl Failure {
    /// With words.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// Something is wrong with the order.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(Status::BadRequest, message)
    }

    /// The order is for those who are logged in.
    #[must_use]
    pub fn log_in_first() -> Self {
        Self::new(Status::Unauthorized, "log in first")
    }

    /// Too many of something.
    #[must_use]
    pub fn slow_down(what: &str, retry_after: Duration) -> Self {
        Self::new(Status::TooMany, format!("{what}; try again in {} s", retry_after.as_secs_f64().ceil()))
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Refused => Self::bad("failed login"),
            AccountError::NameTaken | AccountError::NoSuchUser => Self::bad(error.to_string()),
            AccountError::Banned(_) | AccountError::PasswordNeeded => Self::new(Status::Forbidden, error.to_string()),
            AccountError::SlowDown(retry_after) => Self::slow_down("too many failed logins", retry_after),
            AccountError::TooMany(retry_after) => Self::slow_down("too many new accounts from this address", retry_after),
            AccountError::Busy => Self::new(Status::Unavailable, error.to_string()),
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<ChannelError> for Failure {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::NoSuchUser | ChannelError::NoSuchMessage => Self::bad(error.to_string()),
            ChannelError::NotAllowed => Self::new(Status::Forbidden, error.to_string()),
            ChannelError::NotReplicated => Self::new(Status::Unavailable, "not safely stored yet; try again"),
            ChannelError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    /// What the store says is for the log; clients are told to try again.
    fn from(error: StoreError) -> Self {
        dialect::note(&error);
        Self::new(Status::Unavailable, "the backend is unavailable; try again")
    }
}

impl From<InvalidText> for Failure {
    fn from(error: InvalidText) -> Self {
        Self::bad(error.0)
    }
}
