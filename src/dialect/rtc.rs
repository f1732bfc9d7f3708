//! What the protocols that carry calls have in common on the wire: W3C's forms of descriptions and candidates, and Rialto's of m-lines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::SessionId;
use crate::store::record::calls::{ForwardLine, Quality, Source};

/// The one `RTCSdpType` that a client sends: clients never offer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnswerType {
    /// It answers.
    Answer,
}

/// An `RTCIceCandidateInit`, of which nothing is used: the server learns a client's addresses from its connectivity checks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "that the fields have their types is all that is asked of them")]
pub struct CandidateInit {
    #[serde(default)]
    candidate: Option<String>,
    #[serde(default)]
    sdp_mid: Option<String>,
    #[serde(default, rename = "sdpMLineIndex")]
    sdp_m_line_index: Option<u16>,
    #[serde(default)]
    username_fragment: Option<String>,
}

/// An m-line of the receiver's connection that carries somebody's track.
#[derive(Serialize)]
pub struct WireLine<'a> {
    mid: &'a str,
    participant: SessionId,
    source: Source,
    paused: bool,
}

impl<'a> From<&'a ForwardLine> for WireLine<'a> {
    fn from(line: &'a ForwardLine) -> Self {
        Self { mid: &line.mid, participant: line.participant, source: line.source, paused: line.paused }
    }
}

/// An `RTCSessionDescriptionInit` with the numbers that belong into its answer, and where the client publishes what.
#[must_use]
pub fn numbered_offer(connection: u64, offer: u64, sdp: &str, publish: &[(String, Source)]) -> Value {
    let lines: Vec<_> = publish.iter().map(|(mid, source)| json!({ "mid": mid, "source": source })).collect();
    json!({ "type": "offer", "sdp": sdp, "connection": connection, "offer": offer, "lines": lines })
}

/// How good connections are, by participant.
#[must_use]
pub fn qualities(of: &[(SessionId, Quality)]) -> BTreeMap<String, Quality> {
    of.iter().map(|(participant, quality)| (participant.to_string(), *quality)).collect()
}
