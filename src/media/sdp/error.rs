//! What can be wrong with an answer or with a skeleton. No error repeats what the other side wrote.

use super::Mid;

/// Why an answer was refused. Fit to be shown to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// More text, or more attributes, than any browser writes.
    #[error("the answer is too long")]
    TooLong,
    /// Not SDP (RFC 8866).
    #[error("the answer is not a session description")]
    Syntax,
    /// An answer has the offer's m-lines, in its order (RFC 3264, section 6).
    #[error("the answer has {answered} m-lines, the offer has {offered}")]
    LineCount {
        /// M-lines of the offer.
        offered: usize,
        /// M-lines of the answer.
        answered: usize,
    },
    /// An m-line is of another kind, or has another mid, than the one offered at its place.
    #[error("m-line {0} is not the one that was offered there")]
    OtherLine(Mid),
    /// An attribute without which there is no connection.
    #[error("the answer lacks {0}")]
    Missing(&'static str),
    /// An attribute's value does not have the form that its specification asks for.
    #[error("the answer's {0} is malformed")]
    Malformed(&'static str),
    /// All accepted m-lines share one transport (RFC 9143).
    #[error("m-line {0} is not in the BUNDLE group")]
    NotBundled(Mid),
    /// RTCP has no port of its own (RFC 8858).
    #[error("m-line {0} does not multiplex RTCP")]
    NotMultiplexed(Mid),
    /// M-lines of one transport have different transports.
    #[error("the answer's m-lines differ in {0}")]
    Differs(&'static str),
    /// The server only waits for DTLS handshakes (RFC 8842, section 5.3).
    #[error("the answer must say setup:active")]
    NotActive,
    /// Two sides that are both ICE-lite would wait for each other.
    #[error("the answer must not say ice-lite")]
    Lite,
    /// More flows than was offered, for example sending on a line that the server sends on.
    #[error("m-line {0} has a direction that was not offered")]
    Direction(Mid),
    /// A payload type that was not offered, or that means something else in the answer.
    #[error("payload type {0} was not offered so")]
    PayloadType(u8),
    /// A header extension's ID that was not offered, or that means something else in the answer.
    #[error("header extension {0} was not offered so")]
    Extension(u8),
    /// A simulcast layer that was not offered.
    #[error("m-line {0} has a simulcast layer that was not offered")]
    Layer(Mid),
}

/// Why a skeleton cannot be read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkeletonError {
    /// There are [`super::MAX_LINES`] m-lines, all in use.
    #[error("this connection has no room for another m-line")]
    Full,
    /// Written by a version of the program that is too new, or not written by it at all.
    #[error("the skeleton is not of a known version")]
    Version,
    /// Numbers or names that a valid skeleton does not have.
    #[error("the skeleton's {0} are invalid")]
    Invalid(&'static str),
}
