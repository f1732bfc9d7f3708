//! What participants of a peer-to-peer call send each other. Nodes only carry it.

use serde::{Deserialize, Serialize};

use super::Source;

/// The most words that wait for or of one participant; a pair needs a few dozen at most.
const MAX_WAITING: usize = 256;
/// And the most bytes ([`PeerWord::bytes`]) of them.
pub const MAX_WAITING_BYTES: usize = 1 << 20;

/// Whether one more word may wait beside these.
#[must_use]
pub fn may_wait<'a>(waiting: impl Iterator<Item = &'a PeerWord>, word: &PeerWord) -> bool {
    let (count, bytes) = waiting.fold((0, 0), |(count, bytes), waiting| (count + 1, bytes + waiting.bytes()));
    count < MAX_WAITING && bytes + word.bytes() <= MAX_WAITING_BYTES
}

/// Something from one participant for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerWord {
    /// The sender's number of its `RTCPeerConnection` for this pair.
    pub link: u64,
    /// What it is.
    pub signal: PeerSignal,
}

impl PeerWord {
    /// The bytes of what a participant has written in it, and a few for the rest.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let text = match &self.signal {
            PeerSignal::Description(description) => {
                description.sdp.len() + description.lines.iter().map(|(mid, _)| mid.len() + size_of::<(String, Source)>()).sum::<usize>()
            }
            PeerSignal::Candidate(None) => 0,
            PeerSignal::Candidate(Some(candidate)) => {
                let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
                candidate.candidate.len() + optional(&candidate.mid) + optional(&candidate.ufrag)
            }
        };
        size_of::<Self>() + text
    }
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PeerSignal {
    /// A description.
    Description(PeerDescription),
    /// A candidate; `None`: there are no more.
    Candidate(Option<Candidate>),
}

/// A session description (SDP, RFC 8866).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerDescription {
    /// It answers; else it offers.
    #[serde(default)]
    pub answer: bool,
    /// The description.
    pub sdp: String,
    /// The names of m-lines, and what its sender sends there.
    #[serde(default)]
    pub lines: Vec<(String, Source)>,
}

/// An `RTCIceCandidateInit` (W3C WebRTC, section 4.8.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The attribute; empty: the end of its generation.
    pub candidate: String,
    /// The name of its m-line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// The number of its m-line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u16>,
    /// The generation that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ufrag: Option<String>,
}
