//! RTP header extensions, and the IDs under which this version offers them.

use serde::{Deserialize, Serialize};

use super::Kind;

/// A header extension that the server reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extension {
    /// How loud a packet is (RFC 6464).
    AudioLevel,
    /// When a packet left its sender, 24 bits of seconds in 6.18 fixed point; for receivers that estimate bandwidth themselves.
    AbsoluteSendTime,
    /// A number that counts all packets of a transport, for transport-wide congestion control.
    TransportSequenceNumber,
    /// The m-line a packet belongs to (RFC 9143, section 15).
    Mid,
    /// The simulcast layer a packet belongs to (RFC 8852).
    Rid,
    /// The simulcast layer that a retransmission repairs (RFC 8852).
    RepairedRid,
}

/// An extension and the ID it goes by on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionId {
    /// Which extension.
    pub extension: Extension,
    /// Its ID, 1 to 14, as one-byte headers have it (RFC 8285, section 4.2).
    pub id: u8,
}

/// What this version offers.
pub(super) const EXTENSIONS: [ExtensionId; 6] = [
    ExtensionId { extension: Extension::AudioLevel, id: 1 },
    ExtensionId { extension: Extension::AbsoluteSendTime, id: 2 },
    ExtensionId { extension: Extension::TransportSequenceNumber, id: 3 },
    ExtensionId { extension: Extension::Mid, id: 4 },
    ExtensionId { extension: Extension::Rid, id: 10 },
    ExtensionId { extension: Extension::RepairedRid, id: 11 },
];

impl Extension {
    /// The URI in an `extmap`.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Self::AbsoluteSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            Self::TransportSequenceNumber => "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Self::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        }
    }

    /// Whether it is offered on m-lines of this kind.
    pub(super) fn serves(self, kind: Kind) -> bool {
        match self {
            Self::AudioLevel => kind == Kind::Audio,
            Self::Rid | Self::RepairedRid => kind == Kind::Video,
            Self::AbsoluteSendTime | Self::TransportSequenceNumber | Self::Mid => true,
        }
    }
}
