//! What happens in channels and to users, as frames: built once for all sessions of this dialect.

use bytes::Bytes;
use serde_json::json;

use super::out::{Outgoing, WireMessage, WireRecipient, WireUser};
use crate::cluster::{Encoder, LogEvent};
use crate::ids::{RequestId, UserId};
use crate::store::record::{LogRecord, NewsRecord, Person};

/// The encoder of the chat dialect.
pub struct ChatEncoder;

impl Encoder for ChatEncoder {
    fn number(&self) -> usize {
        0
    }

    fn event(&self, event: &LogEvent) -> Bytes {
        event_frame(event, false, None)
    }

    fn news(&self, news: &NewsRecord) -> Option<Bytes> {
        Some(match news {
            NewsRecord::Joined { session, who, to } => {
                let body = json!({ "type": "channelJoin", "channelJoin": { "recipientUUID": WireRecipient(*to) } });
                Outgoing::new("sys", body).by(*session, who.id).user(WireUser::new(who.id, &who.name, true)).frame()
            }
            NewsRecord::Left { session, who, to } => {
                Outgoing::new("channelLeave", json!({ "recipientUUID": WireRecipient(*to) })).by(*session, *who).frame()
            }
            NewsRecord::Typing { who, to, .. } => {
                Outgoing::new("typing", json!({ "recipientUUID": WireRecipient(*to), "user": WireUser::new(who.id, &who.name, true) }))
                    .frame()
            }
            NewsRecord::Read { who, to, seq, .. } => {
                Outgoing::new("read", json!({ "recipientUUID": WireRecipient(*to), "userUUID": who, "seq": seq })).frame()
            }
            NewsRecord::Online { who, online } => Outgoing::new("presence", WireUser::new(who.id, &who.name, *online)).frame(),
            NewsRecord::SignedIn { who, .. } => {
                let body = json!({ "type": "signIn", "signIn": { "uuid": who.id, "username": who.name } });
                Outgoing::new("sys", body).frame()
            }
            NewsRecord::UserChanged { who, online, deleted } => {
                let user = json!(WireUser::new(who.id, &who.name, *online));
                let mut body = user;
                if let (true, Some(fields)) = (*deleted, body.as_object_mut()) {
                    fields.insert("Deleted".to_owned(), json!(true));
                }
                Outgoing::new("userChanged", body).frame()
            }
            NewsRecord::DirectOpened { .. }
            | NewsRecord::Exited { .. }
            | NewsRecord::Renamed { .. }
            | NewsRecord::Guests { .. }
            | NewsRecord::Call { .. } => {
                return None;
            }
        })
    }

    fn call(&self, peer: Option<UserId>, people: &[Person]) -> Option<Bytes> {
        Some(super::out::calls::changed(peer, people))
    }
}

/// An event's frame, in its author's own form or in everybody else's.
#[must_use]
pub fn event_frame(event: &LogEvent, to_author: bool, id: Option<&RequestId>) -> Bytes {
    let message_frame = |kind, seq, at, message| {
        let wire = WireMessage::live(seq, at, message);
        let wire = if to_author { wire.to_author(message) } else { wire };
        Outgoing::new(kind, wire).id(id).frame()
    };
    match &event.record {
        LogRecord::Message(message) => message_frame("channelMessage", event.entry.position.seq, event.entry.at, message),
        LogRecord::Changed { seq, posted, message } => message_frame("messageChanged", *seq, *posted, message),
        LogRecord::Reacted { seq, user, name, to, emoji, on } => {
            let body = json!({
                "recipientUUID": WireRecipient(*to), "seq": seq, "emoji": emoji, "on": on, "user": WireUser::new(*user, name, true),
            });
            Outgoing::new("reacted", body).id(id).frame()
        }
    }
}
