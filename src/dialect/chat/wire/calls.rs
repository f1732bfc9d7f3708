//! (+) What clients send about calls.

use serde::Deserialize;
use serde_json::Value;

use super::Recipient;
use crate::dialect::rtc::AnswerType;
use crate::ids::SessionId;
use crate::store::record::calls::Source;

/// `callJoin`.
#[derive(Deserialize)]
pub struct CallJoin {
    /// Which channel's call, unless there is a `room`.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
    /// Which room, by the name in its link.
    #[serde(default)]
    pub room: Option<String>,
    /// The pass into that room, if it is one that was made with a name.
    #[serde(default)]
    pub token: Option<String>,
    /// Publishes its microphone from the start.
    #[serde(default)]
    pub audio: bool,
    /// Publishes its camera from the start.
    #[serde(default)]
    pub video: bool,
    /// Of these, in silence.
    #[serde(default)]
    pub muted: Vec<Source>,
    /// `"p2p"`: the call is to be one of peers, if this opens it. Anything else: as the server thinks best.
    #[serde(default)]
    pub mode: Option<Value>,
}

/// `callAnswer`: an `RTCSessionDescriptionInit`, and to which offer.
#[derive(Deserialize)]
pub struct CallAnswer {
    /// Clients never offer.
    #[serde(rename = "type")]
    pub kind: AnswerType,
    /// The description.
    pub sdp: String,
    /// The connection it is of.
    pub connection: u64,
    /// The offer that it answers.
    pub offer: u64,
}

/// `callRestart`, `callLeave`.
#[derive(Deserialize)]
pub struct Nothing {}

/// `callPublish`.
#[derive(Deserialize)]
pub struct CallPublish {
    /// What.
    pub source: Source,
    /// Begin, or end.
    pub on: bool,
}

/// `callState`. What is missing stays as it is.
#[derive(Deserialize)]
pub struct CallState {
    /// What it publishes in silence.
    #[serde(default)]
    pub muted: Option<Vec<Source>>,
    /// Its hand is up.
    #[serde(default)]
    pub hand: Option<bool>,
    /// One emoji.
    #[serde(default)]
    pub reaction: Option<String>,
}

/// `callSubscribe`.
#[derive(Deserialize)]
pub struct CallSubscribe {
    /// Whose video.
    pub participant: SessionId,
    /// Which of theirs.
    pub source: Source,
    /// How large it is shown, in pixels; 0: not at all.
    pub height: u16,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Request;
    use super::*;
    use crate::dialect::rtc::CandidateInit;

    /// Why a payload is not taken, if it is not.
    fn fault<T: serde::de::DeserializeOwned>(kind: &str, payload: serde_json::Value) -> Option<String> {
        let text = json!({ "type": kind, kind: payload }).to_string();
        Request::parse(&text).unwrap().payload::<T>().err().map(|failure| failure.text)
    }

    #[test]
    fn a_call_is_named_by_its_channel_or_room() {
        let text = r#"{"type":"callJoin","callJoin":{"room":"weekly","video":true,"muted":["camera","screenAudio"]}}"#;
        let join: CallJoin = Request::parse(text).unwrap().payload().unwrap();
        assert_eq!((join.room.as_deref(), join.recipient, join.audio, join.video), (Some("weekly"), Recipient(None), false, true));
        assert_eq!(join.muted, [Source::Camera, Source::ScreenAudio]);
        for bad in [
            json!({ "room": 1 }),
            json!({ "room": "a", "token": 1 }),
            json!({ "audio": "yes" }),
            json!({ "muted": ["webcam"] }),
            json!({ "recipientUUID": "bob" }),
        ] {
            assert_eq!(fault::<CallJoin>("callJoin", bad).unwrap(), "a field of callJoin has the wrong type");
        }
    }

    #[test]
    fn only_answers_are_answers() {
        let answer = |kind: &str| json!({ "type": kind, "sdp": "v=0", "connection": 1, "offer": 2 });
        assert_eq!(fault::<CallAnswer>("callAnswer", answer("answer")), None);
        for bad in ["offer", "pranswer", "rollback"] {
            assert!(fault::<CallAnswer>("callAnswer", answer(bad)).is_some());
        }
        let unnumbered = json!({ "type": "answer", "sdp": "v=0", "connection": 1 });
        assert_eq!(fault::<CallAnswer>("callAnswer", unnumbered).unwrap(), "callAnswer.offer is missing");
    }

    #[test]
    fn a_candidate_is_as_browsers_write_it() {
        let candidate = json!({
            "candidate": "candidate:1 1 udp 2113937151 192.0.2.1 54321 typ host", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd",
        });
        assert_eq!(fault::<CandidateInit>("callCandidate", candidate), None);
        let end = json!({ "candidate": "", "sdpMid": null, "sdpMLineIndex": null, "usernameFragment": null });
        assert_eq!(fault::<CandidateInit>("callCandidate", end), None);
        assert!(fault::<CandidateInit>("callCandidate", json!({ "sdpMLineIndex": -1 })).is_some());
    }

    #[test]
    fn states_and_subscriptions_have_bounds() {
        let text = r#"{"type":"callState","callState":{"hand":true}}"#;
        let state: CallState = Request::parse(text).unwrap().payload().unwrap();
        assert_eq!((state.muted, state.hand, state.reaction), (None, Some(true), None));
        let participant = SessionId::random();
        let subscribe = |height: i32| json!({ "participant": participant, "source": "screen", "height": height });
        assert_eq!(fault::<CallSubscribe>("callSubscribe", subscribe(0)), None);
        for bad in [-1, 70_000] {
            assert!(fault::<CallSubscribe>("callSubscribe", subscribe(bad)).is_some());
        }
        assert_eq!(fault::<CallPublish>("callPublish", json!({ "source": "screen" })).unwrap(), "callPublish.on is missing");
    }
}
