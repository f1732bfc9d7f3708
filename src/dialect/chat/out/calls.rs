//! (+) What the server sends about calls.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::{Outgoing, WireRecipient, WireUser};
use crate::cluster::calls::Ended;
use crate::dialect::chat::wire::peers::CallPeer;
use crate::dialect::rtc::{self, WireLine};
use crate::domain::ice::IceServer;
use crate::ids::{RequestId, SessionId, Slug, UserId};
use crate::store::record::Person;
use crate::store::record::calls::{Participant, PeerWord, PublishedTrack, Quality, Roster, Source};

/// Which call, as its participant named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallName {
    /// That of a channel: the other end, or the general one.
    Channel(Option<UserId>),
    /// That of a room.
    Room(Slug),
}

/// A channel's call, for those who look at the channel.
#[derive(Serialize)]
pub struct WireCall<'a> {
    participants: Vec<WireUser<'a>>,
}

impl<'a> WireCall<'a> {
    /// A call with these people; `None`: there is none.
    #[must_use]
    pub fn of(people: &'a [Person]) -> Option<Self> {
        (!people.is_empty()).then(|| Self { participants: people.iter().map(user).collect() })
    }
}

#[derive(Serialize)]
struct WireParticipant<'a> {
    participant: SessionId,
    user: WireUser<'a>,
    hand: bool,
    tracks: Vec<WireTrack<'a>>,
}

impl<'a> From<&'a Participant> for WireParticipant<'a> {
    fn from(participant: &'a Participant) -> Self {
        Self {
            participant: participant.session,
            user: user(&participant.who),
            hand: participant.hand,
            tracks: participant.tracks.iter().map(Into::into).collect(),
        }
    }
}

#[derive(Serialize)]
struct WireTrack<'a> {
    source: Source,
    stream: &'a str,
    muted: bool,
}

impl<'a> From<&'a PublishedTrack> for WireTrack<'a> {
    fn from(track: &'a PublishedTrack) -> Self {
        Self { source: track.source, stream: &track.stream, muted: track.muted }
    }
}

/// `callJoined`: the answer to `callJoin`, with who was in the call at that moment.
#[must_use]
pub fn joined(call: &CallName, own: SessionId, ice_servers: &[IceServer], roster: &Roster, id: Option<&RequestId>) -> Bytes {
    let mut body = json!({
        "participant": own,
        "iceServers": ice_servers,
        "mode": roster.mode,
        "participants": roster.participants.iter().map(WireParticipant::from).collect::<Vec<_>>(),
    });
    match call {
        CallName::Channel(peer) => body["recipientUUID"] = json!(WireRecipient(*peer)),
        CallName::Room(slug) => body["room"] = json!(slug),
    }
    Outgoing::new("callJoined", body).id(id).frame()
}

/// `callTracks`.
#[must_use]
pub fn tracks(roster: &Roster) -> Bytes {
    let participants: Vec<WireParticipant<'_>> = roster.participants.iter().map(Into::into).collect();
    let lines: Vec<WireLine<'_>> = roster.lines.iter().map(Into::into).collect();
    Outgoing::new("callTracks", json!({ "mode": roster.mode, "participants": participants, "lines": lines })).frame()
}

/// `callOffer`: an `RTCSessionDescriptionInit`, its numbers, and where the client publishes what.
#[must_use]
pub fn offer(connection: u64, offer: u64, sdp: &str, publish: &[(String, Source)]) -> Bytes {
    Outgoing::new("callOffer", rtc::numbered_offer(connection, offer, sdp, publish)).frame()
}

/// `callState`: who speaks.
#[must_use]
pub fn speaking(active: Option<SessionId>, speaking: &[SessionId]) -> Bytes {
    Outgoing::new("callState", json!({ "speaking": speaking, "active": active })).frame()
}

/// `callState`: how good connections are.
#[must_use]
pub fn quality(of: &[(SessionId, Quality)]) -> Bytes {
    Outgoing::new("callState", json!({ "quality": rtc::qualities(of) })).frame()
}

/// `callState`: somebody reacts.
#[must_use]
pub fn reaction(participant: SessionId, reaction: &str) -> Bytes {
    Outgoing::new("callState", json!({ "participant": participant, "reaction": reaction })).frame()
}

/// `callPeer`: from another participant.
#[must_use]
pub fn peer(from: SessionId, word: PeerWord) -> Bytes {
    Outgoing::new("callPeer", json!(CallPeer::of(from, word))).frame()
}

/// `callMoved`; `waiting`: there is no node to move to.
#[must_use]
pub fn moved(waiting: bool) -> Bytes {
    let body = if waiting { json!({ "waiting": true }) } else { json!({}) };
    Outgoing::new("callMoved", body).frame()
}

/// `callEnded`.
#[must_use]
pub fn ended(why: Ended) -> Bytes {
    let reason = match why {
        Ended::Full | Ended::TooManyPeers => "full",
        Ended::Connection => "connection",
        Ended::Unavailable => "unavailable",
    };
    Outgoing::new("callEnded", json!({ "reason": reason })).frame()
}

/// `callChanged`: `peer` is the other end of a direct channel, as the receiver sees it.
#[must_use]
pub fn changed(peer: Option<UserId>, people: &[Person]) -> Bytes {
    let participants: Vec<WireUser<'_>> = people.iter().map(user).collect();
    Outgoing::new("callChanged", json!({ "recipientUUID": WireRecipient(peer), "participants": participants })).frame()
}

/// Whoever is in a call is there.
fn user(person: &Person) -> WireUser<'_> {
    WireUser::new(person.id, &person.name, true)
}

#[cfg(test)]
mod tests;
