//! (+) What clients send each other in peer-to-peer calls. [`CallPeer`] is also what the other one gets.

use serde::{Deserialize, Deserializer, Serialize};

use crate::dialect::chat::error::Failure;
use crate::ids::SessionId;
use crate::store::record::calls::{Candidate, PeerDescription, PeerSignal, PeerWord, Source};

/// The most m-lines of which a description tells who sends what there; a participant has four sources.
const MAX_LINES: usize = 16;
/// The most bytes of a candidate's attribute; the longest in use have some two hundred.
const MAX_CANDIDATE: usize = 1024;
/// The most bytes of an m-line's name or an ICE user name fragment (RFC 8839, section 5.4).
const MAX_NAME: usize = 256;

/// `callPeer`: a description or a candidate.
#[derive(Debug, Deserialize, Serialize)]
pub struct CallPeer {
    /// For whom; to the receiver: from whom.
    pub participant: SessionId,
    /// The sender's number of its `RTCPeerConnection` for this pair.
    pub link: u64,
    /// A description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// A candidate; `Some(None)`, on the wire `null`: there are no more.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Option<CandidateInit>>,
    /// With a description: what is sent on which of its m-lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Line>>,
}

/// The two of `RTCSdpType` that pairs need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SdpType {
    /// It offers.
    Offer,
    /// It answers.
    Answer,
}

/// An `RTCSessionDescriptionInit`.
#[derive(Debug, Deserialize, Serialize)]
pub struct Description {
    /// Offer or answer.
    #[serde(rename = "type")]
    pub kind: SdpType,
    /// The description.
    pub sdp: String,
}

/// An `RTCIceCandidateInit`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CandidateInit {
    /// The attribute.
    #[serde(default)]
    pub candidate: String,
    /// The name of its m-line.
    #[serde(default)]
    pub sdp_mid: Option<String>,
    /// The number of its m-line.
    #[serde(default, rename = "sdpMLineIndex")]
    pub sdp_m_line_index: Option<u16>,
    /// The generation that it is of.
    #[serde(default)]
    pub username_fragment: Option<String>,
}

/// An m-line on which something is sent.
#[derive(Debug, Deserialize, Serialize)]
pub struct Line {
    /// Its name.
    pub mid: String,
    /// What is sent there.
    pub source: Source,
}

/// A field that is `null` is not one that is missing.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<CandidateInit>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl CallPeer {
    /// For whom, and what.
    ///
    /// # Errors
    /// It is neither a description nor a candidate, or both, or one that no browser makes.
    pub fn word(self) -> Result<(SessionId, PeerWord), Failure> {
        let signal = match (self.description, self.candidate) {
            (Some(description), None) => PeerSignal::Description(description.taken(self.lines.unwrap_or_default())?),
            (None, Some(candidate)) => PeerSignal::Candidate(candidate.map(CandidateInit::taken).transpose()?),
            _ => return Err(Failure::malformed("callPeer has a description or a candidate")),
        };
        Ok((self.participant, PeerWord { link: self.link, signal }))
    }

    /// As the receiver gets it.
    #[must_use]
    pub fn of(from: SessionId, word: PeerWord) -> Self {
        let (description, candidate, lines) = match word.signal {
            PeerSignal::Description(PeerDescription { answer, sdp, lines }) => {
                let kind = if answer { SdpType::Answer } else { SdpType::Offer };
                let lines = lines.into_iter().map(|(mid, source)| Line { mid, source }).collect();
                (Some(Description { kind, sdp }), None, Some(lines))
            }
            PeerSignal::Candidate(candidate) => (None, Some(candidate.map(Into::into)), None),
        };
        Self { participant: from, link: word.link, description, candidate, lines }
    }
}

impl Description {
    fn taken(self, lines: Vec<Line>) -> Result<PeerDescription, Failure> {
        if !self.sdp.starts_with("v=0") {
            return Err(Failure::malformed("callPeer.description is no session description"));
        }
        if lines.len() > MAX_LINES || lines.iter().any(|line| line.mid.len() > MAX_NAME) {
            return Err(Failure::malformed("callPeer.lines is too long"));
        }
        let lines = lines.into_iter().map(|line| (line.mid, line.source)).collect();
        Ok(PeerDescription { answer: self.kind == SdpType::Answer, sdp: self.sdp, lines })
    }
}

impl CandidateInit {
    fn taken(self) -> Result<Candidate, Failure> {
        let is_long = |name: &Option<String>| name.as_ref().is_some_and(|name| name.len() > MAX_NAME);
        if self.candidate.len() > MAX_CANDIDATE || is_long(&self.sdp_mid) || is_long(&self.username_fragment) {
            return Err(Failure::malformed("callPeer.candidate is too long"));
        }
        Ok(Candidate { candidate: self.candidate, mid: self.sdp_mid, line: self.sdp_m_line_index, ufrag: self.username_fragment })
    }
}

impl From<Candidate> for CandidateInit {
    fn from(Candidate { candidate, mid, line, ufrag }: Candidate) -> Self {
        Self { candidate, sdp_mid: mid, sdp_m_line_index: line, username_fragment: ufrag }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn peer(payload: Value) -> Result<(SessionId, PeerWord), String> {
        let parsed: CallPeer = serde_json::from_value(payload).map_err(|error| error.to_string())?;
        parsed.word().map_err(|failure| failure.text)
    }

    #[test]
    fn what_one_sends_the_other_gets() {
        let (ann, bob) = (SessionId::random(), SessionId::random());
        for what in [
            json!({ "description": { "type": "offer", "sdp": "v=0\r\n" }, "lines": [{ "mid": "0", "source": "camera" }] }),
            json!({ "description": { "type": "answer", "sdp": "v=0\r\n" }, "lines": [] }),
            json!({ "candidate": { "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "a" } }),
            json!({ "candidate": { "candidate": "", "sdpMid": null, "sdpMLineIndex": 1, "usernameFragment": null } }),
            json!({ "candidate": null }),
        ] {
            let mut sent = what.clone();
            (sent["participant"], sent["link"]) = (json!(bob), json!(7));
            let (to, word) = peer(sent).unwrap();
            assert_eq!(to, bob);
            let mut got = what;
            (got["participant"], got["link"]) = (json!(ann), json!(7));
            assert_eq!(serde_json::to_value(CallPeer::of(ann, word)).unwrap(), got);
        }
    }

    #[test]
    fn what_no_browser_makes_is_refused() {
        let to = SessionId::random();
        let line = |mid: &str| json!({ "mid": mid, "source": "camera" });
        let offer = json!({ "type": "offer", "sdp": "v=0" });
        for bad in [
            json!({}),
            json!({ "description": offer, "candidate": null }),
            json!({ "description": { "type": "rollback", "sdp": "" } }),
            json!({ "description": { "type": "offer", "sdp": "hello" } }),
            json!({ "description": offer, "lines": vec![line("0"); MAX_LINES + 1] }),
            json!({ "description": offer, "lines": [line(&"m".repeat(MAX_NAME + 1))] }),
            json!({ "candidate": { "candidate": "c".repeat(MAX_CANDIDATE + 1) } }),
            json!({ "candidate": { "candidate": "", "sdpMid": "m".repeat(MAX_NAME + 1) } }),
            json!({ "candidate": "candidate:1" }),
        ] {
            let mut sent = bad;
            (sent["participant"], sent["link"]) = (json!(to), json!(7));
            assert!(peer(sent.clone()).is_err(), "{sent}");
        }
        assert!(peer(json!({ "participant": to, "candidate": null })).is_err(), "no link");
    }
}
