//! Events of the room's video. Descriptions and candidates are JSON in a string, as the original server sends them.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::event;
use crate::dialect::rtc::{self, WireLine};
use crate::domain::ice::IceServer;
use crate::domain::rooms::Visitor;
use crate::ids::{SessionId, Username};
use crate::store::record::calls::{PublishedTrack, Quality, Roster, Source};

/// `offer`, an RTCSessionDescriptionInit in a string.
#[must_use]
pub fn offer(sdp: &str) -> Bytes {
    event("offer", json!({ "type": "offer", "sdp": sdp }).to_string())
}

/// (+) `offer` with the numbers that belong into its answer, and where the client publishes what.
#[must_use]
pub fn numbered_offer(connection: u64, offer: u64, sdp: &str, lines: &[(String, Source)]) -> Bytes {
    event("offer", rtc::numbered_offer(connection, offer, sdp, lines).to_string())
}

/// The server's name in an offer's ICE (`ice-ufrag`, RFC 8839): another one is another connection.
#[must_use]
pub fn ice_name(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).map(str::trim)
}

/// `candidate`, an RTCIceCandidateInit in a string, for each that the offer has. All m-lines share the first one's (BUNDLE).
#[must_use]
pub fn candidates(sdp: &str) -> Vec<Bytes> {
    let section = sdp.split("\nm=").nth(1).unwrap_or_default();
    let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:")).map_or("0", str::trim);
    let candidates = section.lines().chain(sdp.lines().take_while(|line| !line.starts_with("m=")));
    candidates
        .filter_map(|line| line.strip_prefix("a=candidate:"))
        .map(|candidate| {
            let init = json!({ "candidate": format!("candidate:{}", candidate.trim()), "sdpMid": mid, "sdpMLineIndex": 0 });
            event("candidate", init.to_string())
        })
        .collect()
}

/// (+) `ice_servers`: STUN and TURN servers, an array of RTCIceServer.
#[must_use]
pub fn ice_servers(servers: &[IceServer]) -> Bytes {
    event("ice_servers", servers)
}

#[derive(Serialize)]
struct WireParticipant<'a> {
    participant: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a Username>,
    tracks: Vec<WireTrack<'a>>,
}

#[derive(Serialize)]
struct WireTrack<'a> {
    stream_id: &'a str,
    source: Source,
    muted: bool,
}

impl<'a> From<&'a PublishedTrack> for WireTrack<'a> {
    fn from(track: &'a PublishedTrack) -> Self {
        Self { stream_id: &track.stream, source: track.source, muted: track.muted }
    }
}

/// (+) `tracks_changed`: who is in the call, what they publish, and what of it comes on which m-line. Who is not logged in has
/// neither number nor name.
#[must_use]
pub fn tracks_changed(roster: &Roster, people: &HashMap<SessionId, Visitor>) -> Bytes {
    let participants: Vec<_> = roster
        .participants
        .iter()
        .map(|participant| {
            let who = people.get(&participant.session);
            WireParticipant {
                participant: participant.session,
                id: who.map(|who| who.number),
                name: who.map(|who| &who.name),
                tracks: participant.tracks.iter().map(Into::into).collect(),
            }
        })
        .collect();
    let lines: Vec<_> = roster.lines.iter().map(WireLine::from).collect();
    event("tracks_changed", json!({ "participants": participants, "lines": lines }))
}

/// (+) `active_speaker`.
#[must_use]
pub fn active_speaker(active: Option<SessionId>, speaking: &[SessionId]) -> Bytes {
    event("active_speaker", json!({ "active": active, "speaking": speaking }))
}

/// (+) `connection_quality`: by participant.
#[must_use]
pub fn connection_quality(of: &[(SessionId, Quality)]) -> Bytes {
    event("connection_quality", rtc::qualities(of))
}

/// (+) `room_moved`; `waiting`: there is no media node to move to.
#[must_use]
pub fn room_moved(waiting: bool) -> Bytes {
    event("room_moved", if waiting { json!({ "waiting": true }) } else { json!({}) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Value;

    use super::*;
    use crate::ids::UserId;
    use crate::store::record::Person;
    use crate::store::record::calls::{ForwardLine, Mode, Participant};

    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\na=mid:7\r\n\
                       a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:8\r\n\
                       a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\n";

    fn data(frame: &Bytes, name: &str) -> Value {
        let frame: Value = serde_json::from_slice(crate::session::frame::payload(frame)).unwrap();
        assert_eq!(frame["data"]["event"], name);
        frame["data"]["data"].clone()
    }

    fn in_string(value: &Value) -> Value {
        serde_json::from_str(value.as_str().unwrap()).unwrap()
    }

    #[test]
    fn descriptions_and_candidates_are_json_in_strings() {
        assert_eq!(in_string(&data(&offer(SDP), "offer")), json!({ "type": "offer", "sdp": SDP }));
        let numbered = numbered_offer(2, 3, SDP, &[("7".to_owned(), Source::Microphone)]);
        let expected = json!({
            "type": "offer", "sdp": SDP, "connection": 2, "offer": 3, "lines": [{ "mid": "7", "source": "microphone" }],
        });
        assert_eq!(in_string(&data(&numbered, "offer")), expected);
        assert_eq!(ice_name(SDP), Some("abcd"));
        let candidates = candidates(SDP);
        assert_eq!(candidates.len(), 1, "of the first m-line only");
        let line = "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host";
        assert_eq!(in_string(&data(&candidates[0], "candidate")), json!({ "candidate": line, "sdpMid": "7", "sdpMLineIndex": 0 }));
        assert_eq!(super::candidates("v=0\r\n"), Vec::<Bytes>::new());
    }

    #[test]
    fn tracks_have_their_publishers_of_today() {
        let [ann, stranger] = [1, 2].map(|number| SessionId(uuid::Uuid::from_u128(number)));
        let name = |text: &str| Username::parse(text).unwrap();
        let came_as = Person { id: UserId::random(), name: name("as she came") };
        let track = PublishedTrack { source: Source::Camera, stream: "s".to_owned(), muted: true };
        let participant = |session, tracks| Participant { session, who: came_as.clone(), tracks, hand: false };
        let roster = Roster {
            mode: Mode::Sfu,
            chosen: false,
            participants: vec![participant(ann, vec![track]), participant(stranger, vec![])],
            lines: vec![ForwardLine { mid: "4".to_owned(), participant: ann, source: Source::Camera, paused: false }],
        };
        let people = HashMap::from([(ann, Visitor { id: came_as.id, number: 7, name: name("ann") })]);
        let expected = json!({
            "participants": [
                { "participant": ann, "id": 7, "name": "ann", "tracks": [{ "stream_id": "s", "source": "camera", "muted": true }] },
                { "participant": stranger, "tracks": [] },
            ],
            "lines": [{ "mid": "4", "participant": ann, "source": "camera", "paused": false }],
        });
        assert_eq!(data(&tracks_changed(&roster, &people), "tracks_changed"), expected);
        assert_eq!(data(&active_speaker(Some(ann), &[ann]), "active_speaker"), json!({ "active": ann, "speaking": [ann] }));
        assert_eq!(data(&connection_quality(&[(ann, Quality::Fair)]), "connection_quality"), json!({ ann.to_string(): "fair" }));
        assert_eq!(data(&room_moved(false), "room_moved"), json!({}));
        assert_eq!(data(&room_moved(true), "room_moved"), json!({ "waiting": true }));
    }
}
