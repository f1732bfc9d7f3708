//! What the server sends: `{"sender": string, "receiver": string, "type": string, "data": any}`.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::ice::IceServer;
use crate::ids::{Slug, UserId, Username};
use crate::session::frame;
use crate::store::channels::Member;
use crate::store::record::guests::GuestMessage;

/// The server's address.
pub const GROUND_CONTROL: &str = "ground control";
/// The address of everybody in the room.
pub const ROOM: &str = "room";

#[derive(Serialize)]
struct Outgoing<'a, T> {
    sender: &'a str,
    receiver: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

#[derive(Serialize)]
struct RoomInfo<'a> {
    room_id: &'a Slug,
    clients: Vec<Guest<'a>>,
}

#[derive(Serialize)]
struct Guest<'a> {
    id: UserId,
    username: &'a Username,
}

/// `pong`: with the data of the `ping`, as it came.
#[must_use]
pub fn pong(to: UserId, data: Option<&RawValue>) -> Bytes {
    from_server(&to.to_string(), "pong", data)
}

/// `ping`: for a sign of life.
#[must_use]
pub fn ping(to: UserId) -> Bytes {
    from_server(&to.to_string(), "ping", Some(""))
}

/// `greeting`.
#[must_use]
pub fn greeting(to: UserId) -> Bytes {
    from_server(&to.to_string(), "greeting", Some("Welcome!"))
}

/// `bye`: the server takes this guest for gone.
#[must_use]
pub fn bye(to: UserId) -> Bytes {
    from_server(&to.to_string(), "bye", Some(""))
}

/// `error`, with words for people.
#[must_use]
pub fn error(to: UserId, words: &str) -> Bytes {
    from_server(&to.to_string(), "error", Some(words))
}

/// `ice-servers`.
#[must_use]
pub fn ice_servers(to: UserId, servers: &[IceServer]) -> Bytes {
    from_server(&to.to_string(), "ice-servers", Some(servers))
}

/// `room-info`; without a receiver: to everybody in the room.
#[must_use]
pub fn room_info(to: Option<UserId>, slug: &Slug, guests: &[Member]) -> Bytes {
    let clients = guests.iter().map(|guest| Guest { id: guest.user, username: &guest.username }).collect();
    let receiver = to.map_or_else(|| ROOM.to_owned(), |to| to.to_string());
    from_server(&receiver, "room-info", Some(RoomInfo { room_id: slug, clients }))
}

/// What one guest sends to another, or to all; `None` if its data is no JSON, which no node sends.
#[must_use]
pub fn relayed(message: &GuestMessage) -> Option<Bytes> {
    let data = message.data.as_ref().map(|data| serde_json::from_str::<&RawValue>(&data.0)).transpose().ok()?;
    let receiver = message.receiver.map_or_else(|| ROOM.to_owned(), |receiver| receiver.to_string());
    Some(frame::json(&Outgoing { sender: &message.sender.to_string(), receiver: &receiver, kind: &message.topic, data }))
}

fn from_server(receiver: &str, kind: &str, data: Option<impl Serialize>) -> Bytes {
    frame::json(&Outgoing { sender: GROUND_CONTROL, receiver, kind, data })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::ids::{ChannelId, NodeId, SessionId, SessionRef};
    use crate::store::record::guests::JsonText;

    fn json_of(frame: &Bytes) -> Value {
        serde_json::from_slice(frame::payload(frame)).unwrap()
    }

    #[test]
    fn the_wire_is_as_it_is_written() {
        let me = UserId::random();
        let slug = Slug::parse("blue".to_owned()).unwrap();
        let at = SessionRef { node: NodeId::random(), session: SessionId::random() };
        let guest = Member { at, user: me, username: Username::parse("Ann").unwrap(), peer: None, number: None };
        let data: Box<RawValue> = serde_json::from_str("[1.50]").unwrap();
        let info = json!({ "room_id": "blue", "clients": [{ "id": me, "username": "Ann" }] });
        for (frame, receiver, kind, data) in [
            (pong(me, Some(&data)), json!(me), "pong", json!([1.5])),
            (ping(me), json!(me), "ping", json!("")),
            (bye(me), json!(me), "bye", json!("")),
            (greeting(me), json!(me), "greeting", json!("Welcome!")),
            (error(me, "No such client: x"), json!(me), "error", json!("No such client: x")),
            (ice_servers(me, &[]), json!(me), "ice-servers", json!([])),
            (room_info(Some(me), &slug, std::slice::from_ref(&guest)), json!(me), "room-info", info.clone()),
            (room_info(None, &slug, &[guest]), json!("room"), "room-info", info),
        ] {
            assert_eq!(json_of(&frame), json!({ "sender": "ground control", "receiver": receiver, "type": kind, "data": data }));
        }
        assert_eq!(json_of(&pong(me, None)), json!({ "sender": "ground control", "receiver": me, "type": "pong" }));
    }

    #[test]
    fn data_is_relayed_to_the_letter() {
        let (me, other) = (UserId::random(), UserId::random());
        let at = SessionRef { node: NodeId::random(), session: SessionId::random() };
        let data = r#"{"b" : 1.50,"a":"\u00e9\/"}"#;
        let mut message = GuestMessage {
            channel: ChannelId::general(),
            room: None,
            from: at,
            sender: me,
            receiver: Some(other),
            topic: "offer".into(),
            data: Some(JsonText(Arc::from(data))),
        };
        let frame = relayed(&message).unwrap();
        let expected = format!(r#"{{"sender":"{me}","receiver":"{other}","type":"offer","data":{data}}}"#);
        assert!(String::from_utf8_lossy(&frame).ends_with(&expected));
        (message.receiver, message.data) = (None, None);
        assert_eq!(json_of(&relayed(&message).unwrap()), json!({ "sender": me, "receiver": "room", "type": "offer" }));
    }
}
