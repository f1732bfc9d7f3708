//! The messages as the wire has them.

use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::ids::Username;
use crate::store::record::calls::{ForwardLine, Mode};

const ANN: &str = "00000000-0000-0000-0000-00000000000a";
const BOB: &str = "00000000-0000-0000-0000-00000000000b";

fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

fn ann() -> Person {
    Person { id: UserId(Uuid::from_u128(10)), name: Username::parse("ann").unwrap() }
}

fn roster() -> Roster {
    let track = |source, muted| PublishedTrack { source, stream: "s1".to_owned(), muted };
    let tracks = vec![track(Source::Microphone, true), track(Source::ScreenAudio, false)];
    Roster {
        mode: Mode::Sfu,
        chosen: false,
        participants: vec![Participant { session: session(10), who: ann(), tracks, hand: true }],
        lines: vec![ForwardLine { mid: "3".to_owned(), participant: session(11), source: Source::Camera, paused: true }],
    }
}

/// The message in a frame, behind the frame's header.
fn message(frame: &Bytes) -> Value {
    let begin = frame.iter().position(|byte| *byte == b'{').unwrap();
    serde_json::from_slice(&frame[begin..]).unwrap()
}

#[test]
fn who_joins_is_told_where_and_whom_with() {
    let user = json!({ "UUID": ANN, "Username": "ann", "OnLine": true });
    let tracks = json!([
        { "source": "microphone", "stream": "s1", "muted": true }, { "source": "screenAudio", "stream": "s1", "muted": false },
    ]);
    let participants = json!([{ "participant": ANN, "user": user, "hand": true, "tracks": tracks }]);
    let id = RequestId::parse("7".to_owned()).unwrap();
    let channel = joined(&CallName::Channel(Some(ann().id)), session(11), &[], &roster(), Some(&id));
    let body = json!({ "recipientUUID": ANN, "participant": BOB, "iceServers": [], "mode": "sfu", "participants": participants });
    assert_eq!(message(&channel), json!({ "type": "callJoined", "id": "7", "callJoined": body }));
    let room = message(&joined(&CallName::Room(Slug::parse("weekly".to_owned()).unwrap()), session(11), &[], &roster(), None));
    assert_eq!((&room["callJoined"]["room"], room["callJoined"].get("recipientUUID")), (&json!("weekly"), None));

    let lines = json!([{ "mid": "3", "participant": BOB, "source": "camera", "paused": true }]);
    assert_eq!(message(&super::tracks(&roster()))["callTracks"], json!({ "mode": "sfu", "participants": participants, "lines": lines }));
    let among_themselves = Roster { mode: Mode::P2p, lines: Vec::new(), ..roster() };
    let body = json!({ "mode": "p2p", "participants": participants, "lines": [] });
    assert_eq!(message(&super::tracks(&among_themselves))["callTracks"], body);
    assert_eq!(message(&joined(&CallName::Channel(None), session(11), &[], &among_themselves, None))["callJoined"]["mode"], "p2p");
}

#[test]
fn an_offer_says_what_is_published_where() {
    let frame = offer(2, 5, "v=0\r\n", &[("0".to_owned(), Source::Microphone), ("1".to_owned(), Source::Screen)]);
    let lines = json!([{ "mid": "0", "source": "microphone" }, { "mid": "1", "source": "screen" }]);
    let body = json!({ "type": "offer", "sdp": "v=0\r\n", "connection": 2, "offer": 5, "lines": lines });
    assert_eq!(message(&frame), json!({ "type": "callOffer", "callOffer": body }));
}

#[test]
fn states_come_one_at_a_time() {
    let state = |frame: Bytes| message(&frame)["callState"].clone();
    assert_eq!(state(speaking(None, &[])), json!({ "speaking": [], "active": null }));
    assert_eq!(state(speaking(Some(session(11)), &[session(10)])), json!({ "speaking": [ANN], "active": BOB }));
    assert_eq!(
        state(quality(&[(session(11), Quality::Poor), (session(10), Quality::Good)])),
        json!({ "quality": { ANN: "good", BOB: "poor" } })
    );
    assert_eq!(state(reaction(session(10), "👏")), json!({ "participant": ANN, "reaction": "👏" }));
}

#[test]
fn moves_ends_and_changes() {
    assert_eq!(message(&moved(false)), json!({ "type": "callMoved", "callMoved": {} }));
    assert_eq!(message(&moved(true)), json!({ "type": "callMoved", "callMoved": { "waiting": true } }));
    assert_eq!(message(&ended(Ended::Unavailable)), json!({ "type": "callEnded", "callEnded": { "reason": "unavailable" } }));
    let user = json!({ "UUID": ANN, "Username": "ann", "OnLine": true });
    assert_eq!(message(&changed(None, &[ann()]))["callChanged"], json!({ "recipientUUID": "", "participants": [user] }));
    assert_eq!(message(&changed(Some(ann().id), &[]))["callChanged"], json!({ "recipientUUID": ANN, "participants": [] }));
}
