//! What the server sends, told apart by `type`.

use std::time::Duration;

use bytes::Bytes;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::wire::field;
use crate::domain::ice::IceServer;
use crate::ids::{SessionId, SessionRef};
use crate::session::frame;
use crate::store::record::meshes::{Forward, Kind, MeshNews};

/// `connected-peers`: who came before.
#[must_use]
pub fn connected_peers(peers: &[SessionRef]) -> Bytes {
    let ids: Vec<SessionId> = peers.iter().map(|peer| peer.session).collect();
    frame::json(&json!({ "type": "connected-peers", "peerIds": ids }))
}

/// `offer`, `answer` or `icecandidate`, the value as it was written. `None`: it is no JSON.
#[must_use]
pub fn forwarded(forward: &Forward) -> Option<Bytes> {
    let json = serde_json::from_str::<&RawValue>(&forward.json).ok()?;
    Some(frame::json(&Forwarded { what: forward.what, json, from: forward.from.session }))
}

/// `peer-connected` or `peer-disconnected`. (+)
#[must_use]
pub fn news(news: &MeshNews) -> Bytes {
    let (kind, peer) = match news {
        MeshNews::PeerConnected { peer } => ("peer-connected", peer),
        MeshNews::PeerDisconnected { peer } => ("peer-disconnected", peer),
    };
    frame::json(&json!({ "type": kind, "peerId": peer }))
}

/// `ice-servers`. (+)
#[must_use]
pub fn ice_servers(servers: &[IceServer]) -> Bytes {
    frame::json(&json!({ "type": "ice-servers", "iceServers": servers }))
}

/// The error of something for a peer that is not there; `to` as the sender wrote it.
#[must_use]
pub fn peer_not_connected(to: &str) -> Bytes {
    frame::json(&json!({ "type": "error", "error": "peer-not-connected", "toPeerId": to }))
}

/// The error of a message that is not understood.
#[must_use]
pub fn bad_message(message: &str) -> Bytes {
    error("bad-message", message)
}

/// The error of a message that came too soon after others. (+)
#[must_use]
pub fn too_many_messages(retry_after: Duration) -> Bytes {
    error("too-many-messages", &format!("too many messages; try again in {} s", retry_after.as_secs_f64().ceil()))
}

/// The error of somebody who comes to a mesh that has as many peers as it may have. (+)
#[must_use]
pub fn mesh_full() -> Bytes {
    error("mesh-full", "as many peers as may be are connected")
}

/// The error of what needs the store while that is away; of something for a peer, `to` is as the sender wrote it. (+)
#[must_use]
pub fn unavailable(to: Option<&str>) -> Bytes {
    let message = "the backend is unavailable; try again";
    match to {
        None => error("unavailable", message),
        Some(to) => frame::json(&json!({ "type": "error", "error": "unavailable", "message": message, "toPeerId": to })),
    }
}

fn error(error: &str, message: &str) -> Bytes {
    frame::json(&json!({ "type": "error", "error": error, "message": message }))
}

struct Forwarded<'a> {
    what: Kind,
    json: &'a RawValue,
    from: SessionId,
}

impl Serialize for Forwarded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self.what {
            Kind::Offer => "offer",
            Kind::Answer => "answer",
            Kind::Candidate => "icecandidate",
        };
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("type", kind)?;
        map.serialize_entry(field(self.what), self.json)?;
        map.serialize_entry("fromPeerId", &self.from)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ids::{MeshId, NodeId};

    /// What a short frame says.
    fn text(frame: &Bytes) -> String {
        String::from_utf8(frame::payload(frame).to_vec()).unwrap()
    }

    #[test]
    fn the_wire_is_as_it_is_written() {
        let peer = SessionId("00000000-0000-4000-8000-000000000001".parse().unwrap());
        let from = SessionRef { node: NodeId::random(), session: peer };
        let forward = |what, json: &str| forwarded(&Forward { mesh: MeshId::random(), from, what, json: json.to_owned() });
        for (frame, expected) in [
            (connected_peers(&[]), r#"{"peerIds":[],"type":"connected-peers"}"#.to_owned()),
            (connected_peers(&[from]), format!(r#"{{"peerIds":["{peer}"],"type":"connected-peers"}}"#)),
            (
                forward(Kind::Offer, r#"{"sdp" : 1e400}"#).unwrap(),
                format!(r#"{{"type":"offer","offer":{{"sdp" : 1e400}},"fromPeerId":"{peer}"}}"#),
            ),
            (forward(Kind::Answer, "\"x\"").unwrap(), format!(r#"{{"type":"answer","answer":"x","fromPeerId":"{peer}"}}"#)),
            (forward(Kind::Candidate, "null").unwrap(), format!(r#"{{"type":"icecandidate","candidate":null,"fromPeerId":"{peer}"}}"#)),
            (news(&MeshNews::PeerConnected { peer }), format!(r#"{{"peerId":"{peer}","type":"peer-connected"}}"#)),
            (news(&MeshNews::PeerDisconnected { peer }), format!(r#"{{"peerId":"{peer}","type":"peer-disconnected"}}"#)),
            (peer_not_connected("p"), r#"{"error":"peer-not-connected","toPeerId":"p","type":"error"}"#.to_owned()),
            (bad_message("why"), r#"{"error":"bad-message","message":"why","type":"error"}"#.to_owned()),
            (ice_servers(&[]), r#"{"iceServers":[],"type":"ice-servers"}"#.to_owned()),
        ] {
            assert_eq!(text(&frame), expected);
        }
        assert_eq!(forward(Kind::Offer, "{"), None);
    }
}
