//! What the server sends: events and questions.

pub mod media;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::error::Failure;
use crate::domain::rooms::Visitor;
use crate::ids::{AccessKey, RoomNumber, Username};
use crate::session::frame;
use crate::store::record::{Badge, MessageRecord};

/// The name under which the server itself speaks to one user.
const ADMIN: &str = "ADMIN (to you)";

/// `{"type": "event", "data": {"event": name, "data": data}}`.
pub fn event(name: &str, data: impl Serialize) -> Bytes {
    written("event", Event { event: name, data })
}

/// `{"type": "question", "data": {"ask": what}}`.
#[must_use]
pub fn question(what: &str) -> Bytes {
    written("question", json!({ "ask": what }))
}

/// `error`: every error here is fit to be shown.
#[must_use]
pub fn error(failure: &Failure) -> Bytes {
    event("error", json!({ "status_code": failure.status as u16, "message": failure.message, "public": true }))
}

/// `created_room`: the number as a string.
#[must_use]
pub fn created_room(room: RoomNumber) -> Bytes {
    event("created_room", room.to_string())
}

/// `joined_room`.
#[must_use]
pub fn joined_room(room: RoomNumber, log: &[MessageRecord], visitors: &[Visitor]) -> Bytes {
    let chat_log: Vec<UserMessage<'_>> = log.iter().map(UserMessage::to_all).collect();
    event("joined_room", json!({ "room_id": room.get(), "chat_log": chat_log, "visitors": people(visitors) }))
}

/// `current_guests`.
#[must_use]
pub fn current_guests(visitors: &[Visitor]) -> Bytes {
    event("current_guests", people(visitors))
}

/// `user_logged_in`: to that user alone.
#[must_use]
pub fn user_logged_in(name: &Username, badge: Badge, key: &AccessKey) -> Bytes {
    event("user_logged_in", json!({ "name": name, "id": badge.number, "access_token": key.expose() }))
}

/// `user_entered_chat`.
#[must_use]
pub fn user_entered_chat(name: &Username) -> Bytes {
    event("user_entered_chat", name)
}

/// `streamid_user_name`: whose stream this is. Without one: that user publishes nothing.
#[must_use]
pub fn streamid_user_name(stream: Option<&str>, name: &Username) -> Bytes {
    event("streamid_user_name", stream.map_or_else(|| json!({ "name": name }), |stream| json!({ "stream_id": stream, "name": name })))
}

/// A UserMessage.
#[derive(Clone, Debug, Serialize)]
pub struct UserMessage<'a> {
    text: &'a str,
    from_user_name: &'a str,
    from_user_id: u64,
    user_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_user_id: Option<u64>,
}

impl<'a> UserMessage<'a> {
    /// To the whole room.
    #[must_use]
    pub fn to_all(message: &'a MessageRecord) -> Self {
        // Nothing is said in a room without a badge.
        let Badge { number, verified } = message.badge.unwrap_or(Badge { number: 0, verified: false });
        Self {
            text: message.text.as_str(),
            from_user_name: message.name.as_str(),
            from_user_id: number,
            user_verified: verified,
            to_user_id: None,
        }
    }

    /// To the user with this number only.
    #[must_use]
    pub fn to_one(message: &'a MessageRecord, number: u64) -> Self {
        Self { to_user_id: Some(number), ..Self::to_all(message) }
    }

    /// From the server, to the user with this number.
    #[must_use]
    pub fn from_admin(text: &'a str, number: u64) -> Self {
        Self { text, from_user_name: ADMIN, from_user_id: 0, user_verified: true, to_user_id: Some(number) }
    }

    /// `user_message`.
    #[must_use]
    pub fn frame(&self) -> Bytes {
        event("user_message", self)
    }
}

fn people(visitors: &[Visitor]) -> Vec<Value> {
    visitors.iter().map(|visitor| json!({ "id": visitor.number, "name": visitor.name })).collect()
}

#[derive(Serialize)]
struct Event<'a, D> {
    event: &'a str,
    data: D,
}

#[derive(Serialize)]
struct Message<D> {
    #[serde(rename = "type")]
    kind: &'static str,
    data: D,
}

fn written(kind: &'static str, data: impl Serialize) -> Bytes {
    frame::json(&Message { kind, data })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::error::Status;
    use super::*;
    use crate::ids::{MessageId, MessageText, UserId};

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    /// What a short frame says.
    fn json(frame: &Bytes) -> Value {
        serde_json::from_slice(frame::payload(frame)).unwrap()
    }

    fn message() -> MessageRecord {
        MessageRecord {
            id: MessageId::random(),
            from: UserId::random(),
            name: name("ann"),
            to: None,
            to_name: None,
            to_online: false,
            text: MessageText::parse("hello".to_owned(), 10).unwrap(),
            client_id: None,
            via: None,
            edited: None,
            deleted: None,
            rev: 0,
            reactions: Default::default(),
            badge: Some(Badge { number: 7, verified: true }),
        }
    }

    #[test]
    fn the_wire_is_as_it_is_written() {
        let room: RoomNumber = "9007199254740991".parse().unwrap();
        let ann = Visitor { id: UserId::random(), number: 7, name: name("ann") };
        let said = json!({ "text": "hello", "from_user_name": "ann", "from_user_id": 7, "user_verified": true });
        let whispered = json!({ "text": "hello", "from_user_name": "ann", "from_user_id": 7, "user_verified": true, "to_user_id": 8 });
        let admin =
            json!({ "text": "done", "from_user_name": "ADMIN (to you)", "from_user_id": 0, "user_verified": true, "to_user_id": 7 });
        let joined = json!({ "room_id": 9_007_199_254_740_991_u64, "chat_log": [said], "visitors": [{ "id": 7, "name": "ann" }] });
        let logged_in = json!({ "name": "ann", "id": 7, "access_token": "key" });
        let key = AccessKey::from_client("key".to_owned());
        for (frame, event, data) in [
            (created_room(room), "created_room", json!("9007199254740991")),
            (joined_room(room, &[message()], std::slice::from_ref(&ann)), "joined_room", joined),
            (current_guests(&[ann]), "current_guests", json!([{ "id": 7, "name": "ann" }])),
            (current_guests(&[]), "current_guests", json!([])),
            (user_logged_in(&name("ann"), Badge { number: 7, verified: false }, &key), "user_logged_in", logged_in),
            (user_entered_chat(&name("ann")), "user_entered_chat", json!("ann")),
            (streamid_user_name(Some("s"), &name("ann")), "streamid_user_name", json!({ "stream_id": "s", "name": "ann" })),
            (streamid_user_name(None, &name("ann")), "streamid_user_name", json!({ "name": "ann" })),
            (UserMessage::to_all(&message()).frame(), "user_message", said.clone()),
            (UserMessage::to_one(&message(), 8).frame(), "user_message", whispered),
            (UserMessage::from_admin("done", 7).frame(), "user_message", admin),
            (error(&Failure::new(Status::Forbidden, "no")), "error", json!({ "status_code": 403, "message": "no", "public": true })),
        ] {
            assert_eq!(json(&frame), json!({ "type": "event", "data": { "event": event, "data": data } }));
        }
        assert_eq!(json(&question("access_token")), json!({ "type": "question", "data": { "ask": "access_token" } }));
    }
}
