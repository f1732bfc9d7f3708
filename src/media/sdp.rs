//! Session descriptions: what a media node offers and what a browser answers.
//!
//! The server always offers and the browser only answers, so two offers never cross. Everything is fixed by the offer: payload types, IDs
//! of header extensions, the order of m-lines. A packet is therefore forwarded to any subscriber without a look at what was negotiated
//! with that one.
//!
//! * [`Skeleton`]: the m-lines of one participant's connection, what each carries, and the numbers they were offered with. It serialises, so
//!   that another media node can go on where this one stopped.
//! * [`Offer`]: a skeleton together with a node's credentials, fingerprint and candidates, written as SDP.
//! * [`Answer`]: what came back, checked against the skeleton it answers.
//!
//! Transport: one BUNDLE group (RFC 9143), RTP and RTCP on one port (RFC 8858), reduced-size RTCP (RFC 5506), ICE-lite (RFC 8445), the
//! browser as DTLS client (RFC 8842).

mod answer;
mod attributes;
mod candidate;
mod codec;
mod error;
#[cfg(test)]
pub(crate) mod examples;
mod extension;
mod fingerprint;
mod offer;
mod skeleton;
mod token;

pub use crate::store::record::calls::Source;
pub use answer::{Answer, AnsweredLine, Feedback, Msid};
pub use candidate::{Candidate, Protocol};
pub use codec::{Codec, Kind, Payload};
pub use error::{AnswerError, SkeletonError};
pub use extension::{Extension, ExtensionId};
pub use fingerprint::Fingerprint;
pub use offer::Offer;
pub use skeleton::{Carries, Forwarded, Line, MAX_LINES, Published, Skeleton};
pub use token::{Credentials, InvalidToken, Mid, Password, Rid, StreamId, TrackId, Ufrag};

/// The direction of an m-line, from the point of view of whoever wrote it (RFC 8866, section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// The writer sends.
    SendOnly,
    /// The writer receives.
    RecvOnly,
    /// Nothing flows.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the writer sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}
