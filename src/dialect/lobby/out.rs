//! What the server sends.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::error::Failure;
use crate::domain::lobbies::sight::{Migrated, Told};
use crate::ids::{LobbyClientId, LobbyCode};
use crate::session::frame;
use crate::store::record::lobby::LobbySignal;

/// `identity`: who the client is, and by what it can be that again.
#[must_use]
pub fn identity(client: LobbyClientId, token: &str) -> Bytes {
    written("identity", json!({ "clientId": client, "token": token }))
}

/// `error`.
#[must_use]
pub fn error(failure: &Failure) -> Bytes {
    frame::json(&json!({ "type": "error", "errorType": failure.kind.as_str(), "errorMessage": failure.message }))
}

/// `roomCreated`. `grace` (+): how long the room waits for who dropped, told in whole seconds to whoever wished for a time.
#[must_use]
pub fn room_created(code: LobbyCode, grace: Option<Duration>) -> Bytes {
    written(
        "roomCreated",
        match grace {
            Some(grace) => json!({ "roomCode": code, "graceSeconds": grace.as_secs() }),
            None => json!({ "roomCode": code }),
        },
    )
}

/// `roomJoined`.
#[must_use]
pub fn room_joined(is_host: bool, reconnected: bool) -> Bytes {
    written("roomJoined", json!({ "clientIsHost": is_host, "reconnected": reconnected }))
}

/// `roomClosed`. (+)
#[must_use]
pub fn room_closed() -> Bytes {
    bare("roomClosed")
}

/// `snapshotSaved`. (+)
#[must_use]
pub fn snapshot_saved(version: i64) -> Bytes {
    written("snapshotSaved", json!({ "version": version }))
}

/// `snapshot`, as it was kept. (+)
#[must_use]
pub fn snapshot(kept: &[u8]) -> Bytes {
    frame::text([br#"{"type":"snapshot","data":"#, kept, b"}"].concat())
}

/// `hostMigrated`. (+)
#[must_use]
pub fn host_migrated(migrated: &Migrated) -> Bytes {
    let Migrated { is_host, host, term, guests } = migrated;
    written(
        "hostMigrated",
        match is_host {
            true => json!({ "clientIsHost": true, "hostId": host, "term": term, "guests": guests }),
            false => json!({ "clientIsHost": false, "hostId": host, "term": term }),
        },
    )
}

/// What has happened to the others. (+)
#[must_use]
pub fn told(told: &Told) -> Bytes {
    match told {
        Told::HostDisconnected => bare("hostDisconnected"),
        Told::HostReconnected => bare("hostReconnected"),
        Told::GuestDisconnected(id) => written("guestDisconnected", json!({ "clientId": id })),
        Told::GuestReconnected(id) => written("guestReconnected", json!({ "clientId": id })),
        Told::GuestLeft(id) => written("guestLeft", json!({ "clientId": id })),
        Told::Migrated(migrated) => host_migrated(migrated),
    }
}

/// A signal, letter by letter as it was written. The host is told from whom.
#[must_use]
pub fn signal(kind: LobbySignal, signal: &str, from: LobbyClientId) -> Bytes {
    let (name, field) = match kind {
        LobbySignal::GuestOffer => ("guestOfferSignal", "offerSignal"),
        LobbySignal::HostAnswer => ("hostAnswerSignal", "answerSignal"),
        LobbySignal::GuestCandidate => ("guestCandidateSignal", "candidateSignal"),
        LobbySignal::HostCandidate => ("hostCandidateSignal", "candidateSignal"),
    };
    let sender = if kind.is_guests() { format!(r#","clientId":"{from}""#) } else { String::new() };
    frame::text(format!(r#"{{"type":"{name}","data":{{"{field}":{signal}{sender}}}}}"#))
}

fn bare(kind: &'static str) -> Bytes {
    frame::json(&json!({ "type": kind }))
}

#[derive(Serialize)]
struct Message {
    #[serde(rename = "type")]
    kind: &'static str,
    data: Value,
}

fn written(kind: &'static str, data: Value) -> Bytes {
    frame::json(&Message { kind, data })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::error::ErrorType;
    use super::*;

    /// What a frame says.
    fn said(frame: &Bytes) -> String {
        String::from_utf8(frame::payload(frame).to_vec()).unwrap()
    }

    #[test]
    fn the_wire_is_as_it_is_written() {
        let id = LobbyClientId("00000000-0000-4000-8000-000000000000".parse().unwrap());
        let migrated = |is_host| Migrated { is_host, host: id, term: 2, guests: vec![id] };
        for (frame, text) in [
            (identity(id, "t"), json!({ "type": "identity", "data": { "clientId": id, "token": "t" } })),
            (
                error(&Failure::new(ErrorType::NoRoomFound, "no")),
                json!({ "type": "error", "errorType": "noRoomFound", "errorMessage": "no" }),
            ),
            (room_created("abcde".parse().unwrap(), None), json!({ "type": "roomCreated", "data": { "roomCode": "abcde" } })),
            (
                room_created("abcde".parse().unwrap(), Some(Duration::from_secs(2))),
                json!({ "type": "roomCreated", "data": { "roomCode": "abcde", "graceSeconds": 2 } }),
            ),
            (room_joined(true, false), json!({ "type": "roomJoined", "data": { "clientIsHost": true, "reconnected": false } })),
            (room_closed(), json!({ "type": "roomClosed" })),
            (snapshot_saved(7), json!({ "type": "snapshotSaved", "data": { "version": 7 } })),
            (told(&Told::HostDisconnected), json!({ "type": "hostDisconnected" })),
            (told(&Told::HostReconnected), json!({ "type": "hostReconnected" })),
            (told(&Told::GuestDisconnected(id)), json!({ "type": "guestDisconnected", "data": { "clientId": id } })),
            (told(&Told::GuestReconnected(id)), json!({ "type": "guestReconnected", "data": { "clientId": id } })),
            (told(&Told::GuestLeft(id)), json!({ "type": "guestLeft", "data": { "clientId": id } })),
            (
                told(&Told::Migrated(migrated(true))),
                json!({ "type": "hostMigrated", "data": { "clientIsHost": true, "hostId": id, "term": 2, "guests": [id] } }),
            ),
            (
                told(&Told::Migrated(migrated(false))),
                json!({ "type": "hostMigrated", "data": { "clientIsHost": false, "hostId": id, "term": 2 } }),
            ),
        ] {
            assert_eq!(serde_json::from_str::<Value>(&said(&frame)).unwrap(), text);
        }
    }

    #[test]
    fn what_is_opaque_stays_as_it_was_written() {
        let id = LobbyClientId::random();
        let odd = r#"{"b": 1.0, "a":1e400,"a": "\u00e9"}"#;
        let offer = format!(r#"{{"type":"guestOfferSignal","data":{{"offerSignal":{odd},"clientId":"{id}"}}}}"#);
        assert_eq!(said(&signal(LobbySignal::GuestOffer, odd, id)), offer);
        let answer = r#"{"type":"hostAnswerSignal","data":{"answerSignal":"x"}}"#;
        assert_eq!(said(&signal(LobbySignal::HostAnswer, r#""x""#, id)), answer);
        assert_eq!(said(&snapshot(br#"{"version":1,"state":[ ]}"#)), r#"{"type":"snapshot","data":{"version":1,"state":[ ]}}"#);
    }
}
