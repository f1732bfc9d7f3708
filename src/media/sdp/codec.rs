//! Codecs, and the payload types under which this version offers them.

use serde::{Deserialize, Serialize};

/// What an m-line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

impl Kind {
    /// The name in an m-line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }
}

/// A codec that is passed through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628, profile 0.
    Vp9,
    /// RFC 6184, constrained baseline, packetization mode 1: what every browser that has H.264 can do.
    H264,
}

/// A codec and the numbers it goes by on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Which codec.
    pub codec: Codec,
    /// The RTP payload type, 96 to 127.
    #[serde(rename = "type")]
    pub payload_type: u8,
    /// The payload type of its retransmissions (RFC 4588), if it has any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repair: Option<u8>,
}

/// What this version offers, the preferred codec of each kind first. VP8 leads because every browser has it, with simulcast.
pub(super) const PAYLOADS: [Payload; 4] = [
    Payload { codec: Codec::Opus, payload_type: 111, repair: None },
    Payload { codec: Codec::Vp8, payload_type: 96, repair: Some(97) },
    Payload { codec: Codec::Vp9, payload_type: 98, repair: Some(99) },
    Payload { codec: Codec::H264, payload_type: 102, repair: Some(103) },
];

impl Codec {
    /// Audio or video.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Opus => Kind::Audio,
            Self::Vp8 | Self::Vp9 | Self::H264 => Kind::Video,
        }
    }

    /// Clock rate of RTP timestamps, in Hz.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 | Self::Vp9 | Self::H264 => 90_000,
        }
    }

    /// Name, clock rate and channels as in an `rtpmap`.
    pub(super) fn encoding(self) -> &'static str {
        match self {
            Self::Opus => "opus/48000/2",
            Self::Vp8 => "VP8/90000",
            Self::Vp9 => "VP9/90000",
            Self::H264 => "H264/90000",
        }
    }

    /// Format parameters. Opus: forward error correction and silence suppression are wanted (RFC 7587, section 6.1).
    pub(super) fn parameters(self) -> Option<&'static str> {
        match self {
            Self::Opus => Some("minptime=10;useinbandfec=1;usedtx=1"),
            Self::Vp8 => None,
            Self::Vp9 => Some("profile-id=0"),
            Self::H264 => Some("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
        }
    }

    /// Feedback that the server understands and sends (RFC 4585, RFC 5104, and two drafts that browsers implement).
    pub(super) fn feedback(self) -> &'static [&'static str] {
        match self.kind() {
            Kind::Audio => &["transport-cc"],
            Kind::Video => &["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"],
        }
    }
}
