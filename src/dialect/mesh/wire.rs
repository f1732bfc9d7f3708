//! What clients send: `{"action": "forward-…", "toPeerId": string}` with an `offer`, an `answer` or a `candidate`.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::store::record::meshes::Kind;

/// Something for another peer.
#[derive(Debug)]
pub struct Forwarding<'a> {
    /// What it is.
    pub what: Kind,
    /// For whom, as it was written.
    pub to: String,
    /// The JSON value as it was written.
    pub json: &'a RawValue,
}

/// Why a message is not understood; for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMessage(pub &'static str);

impl<'a> Forwarding<'a> {
    /// Takes a frame apart.
    pub fn parse(text: &'a str) -> Result<Self, BadMessage> {
        let fields: HashMap<Cow<'a, str>, &'a RawValue> =
            serde_json::from_str(text).map_err(|_| BadMessage("a message is one JSON object"))?;
        let string = |name| fields.get(name).and_then(|raw: &&RawValue| serde_json::from_str::<String>(raw.get()).ok());
        let action = string("action").ok_or(BadMessage("a message has an action, which is a string"))?;
        let what = match action.as_str() {
            "forward-offer" => Kind::Offer,
            "forward-answer" => Kind::Answer,
            "forward-icecandidate" => Kind::Candidate,
            _ => return Err(BadMessage("unknown action: forward-offer, forward-answer and forward-icecandidate are known")),
        };
        let to = string("toPeerId").ok_or(BadMessage("toPeerId is missing or no string"))?;
        let json = fields.get(field(what)).ok_or(match what {
            Kind::Offer => BadMessage("offer is missing"),
            Kind::Answer => BadMessage("answer is missing"),
            Kind::Candidate => BadMessage("candidate is missing"),
        })?;
        Ok(Self { what, to, json })
    }
}

/// The field that holds what is forwarded, in both directions.
pub(super) fn field(what: Kind) -> &'static str {
    match what {
        Kind::Offer => "offer",
        Kind::Answer => "answer",
        Kind::Candidate => "candidate",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_that_is_sent_does_harm(text in ".{0,200}") {
            let _ = Forwarding::parse(&text);
        }

        #[test]
        fn nor_does_what_is_nearly_a_message(
            action in prop_oneof![Just("forward-offer"), Just("forward-answer"), Just("forward-icecandidate"), Just("forward")],
            name in prop_oneof![Just("offer"), Just("answer"), Just("candidate"), Just("toPeerId")],
            to in "\\PC{0,20}",
            value in r#"[\[\]{}":,a0-9. -]{0,30}"#,
            cut in 0.0..1.1_f64,
        ) {
            let to = serde_json::to_string(&to).unwrap();
            let whole = format!(r#"{{"action":"{action}","toPeerId":{to},"{name}":{value}}}"#);
            let kept = whole.chars().count() as f64 * cut;
            let text: String = whole.chars().take(kept as usize).collect();
            if let Ok(forwarding) = Forwarding::parse(&text) {
                prop_assert_eq!(action, format!("forward-{}", match forwarding.what {
                    Kind::Candidate => "icecandidate",
                    what => field(what),
                }));
                prop_assert!(text.contains(forwarding.json.get()));
            }
        }
    }

    #[test]
    fn values_are_taken_as_they_are_written() {
        for json in ["null", "0", "-0.0", "1e400", "12345678901234567890123", "\"\\ud800\"", "{\"a\":1,\"a\" : [ 2 ]}", "[ ]", "true"] {
            let text = format!("{{\"candidate\": {json} ,\"toPeerId\":\"p\",\"action\":\"forward-icecandidate\",\"more\":[1]}}");
            let forwarding = Forwarding::parse(&text).unwrap();
            assert_eq!((forwarding.what, forwarding.to.as_str(), forwarding.json.get()), (Kind::Candidate, "p", json));
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_quoting_it() {
        for bad in ["", "{", "null", "[]", "7", "{}", r#"{"action":7}"#, r#"{"action":null}"#, r#"{"action":"dance","toPeerId":"p"}"#] {
            assert!(Forwarding::parse(bad).is_err(), "{bad}");
        }
        let why = |text| Forwarding::parse(text).unwrap_err().0;
        assert_eq!(why(r#"{"action":"forward-offer","offer":1}"#), "toPeerId is missing or no string");
        assert_eq!(why(r#"{"action":"forward-offer","offer":1,"toPeerId":1}"#), "toPeerId is missing or no string");
        assert_eq!(why(r#"{"action":"forward-offer","answer":1,"toPeerId":"p"}"#), "offer is missing");
        assert_eq!(why(r#"{"action":"forward-answer","offer":1,"toPeerId":"p"}"#), "answer is missing");
        assert_eq!(why(r#"{"action":"forward-icecandidate","toPeerId":"p"}"#), "candidate is missing");
    }
}
