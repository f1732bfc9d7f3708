//! What the server sends: `{"type": T, T: {…}}` with header fields where a message has them.

use bytes::Bytes;
use serde::Serialize;
use serde::ser::SerializeMap;

use super::error::Failure;
use crate::clock::rfc3339;
use crate::domain::channels::Shown;
use crate::domain::people::Seen;
use crate::ids::{Epoch, MessageId, Micros, RequestId, Seq, SessionId, UserId, Username};
use crate::session::frame;
use crate::store::record::MessageRecord;

pub mod calls;

/// A message to a client.
pub struct Outgoing<'a, B> {
    kind: &'static str,
    body: B,
    id: Option<&'a RequestId>,
    session: Option<SessionId>,
    user_id: Option<UserId>,
    user: Option<WireUser<'a>>,
}

impl<'a, B: Serialize> Outgoing<'a, B> {
    /// `{"type": kind, kind: body}`.
    pub fn new(kind: &'static str, body: B) -> Self {
        Self { kind, body, id: None, session: None, user_id: None, user: None }
    }

    /// With the echo of a request's `id`.
    #[must_use]
    pub fn id(mut self, id: Option<&'a RequestId>) -> Self {
        self.id = id;
        self
    }

    /// With the header fields of whoever acted.
    #[must_use]
    pub fn by(mut self, session: SessionId, user: UserId) -> Self {
        self.session = Some(session);
        self.user_id = Some(user);
        self
    }

    /// With the user as a whole in the header.
    #[must_use]
    pub fn user(mut self, user: WireUser<'a>) -> Self {
        self.user = Some(user);
        self
    }

    /// The frame.
    #[must_use]
    pub fn frame(&self) -> Bytes {
        frame::json(self)
    }
}

impl<B: Serialize> Serialize for Outgoing<'_, B> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind)?;
        if let Some(id) = self.id {
            map.serialize_entry("id", id)?;
        }
        if let Some(session) = &self.session {
            map.serialize_entry("SUUID", session)?;
        }
        if let Some(user) = &self.user_id {
            map.serialize_entry("userUUID", user)?;
        }
        if let Some(user) = &self.user {
            map.serialize_entry("user", user)?;
        }
        map.serialize_entry(self.kind, &self.body)?;
        map.end()
    }
}

/// A User.
#[derive(Clone, Debug, Serialize)]
pub struct WireUser<'a> {
    #[serde(rename = "UUID")]
    id: UserId,
    #[serde(rename = "Username")]
    name: &'a Username,
    #[serde(rename = "OnLine")]
    online: bool,
}

impl<'a> WireUser<'a> {
    /// A user who is there, or not.
    #[must_use]
    pub fn new(id: UserId, name: &'a Username, online: bool) -> Self {
        Self { id, name, online }
    }
}

impl<'a> From<&'a Seen> for WireUser<'a> {
    fn from(seen: &'a Seen) -> Self {
        Self::new(seen.id, &seen.name, seen.online)
    }
}

/// A Message.
#[derive(Clone, Debug, Serialize)]
pub struct WireMessage<'a> {
    #[serde(rename = "UUID")]
    id: MessageId,
    #[serde(rename = "SenderUUID")]
    sender_id: UserId,
    #[serde(rename = "Sender")]
    sender: WireUser<'a>,
    #[serde(rename = "RecipientUUID")]
    recipient_id: WireRecipient,
    #[serde(rename = "Recipient", skip_serializing_if = "Option::is_none")]
    recipient: Option<WireUser<'a>>,
    #[serde(rename = "Message")]
    text: &'a str,
    #[serde(rename = "CreatedAt")]
    created: String,
    #[serde(rename = "Seq")]
    seq: Seq,
    #[serde(rename = "EditedAt", skip_serializing_if = "Option::is_none")]
    edited: Option<String>,
    #[serde(rename = "DeletedAt", skip_serializing_if = "Option::is_none")]
    deleted: Option<String>,
    #[serde(rename = "Reactions", skip_serializing_if = "Option::is_none")]
    reactions: Option<&'a std::collections::BTreeMap<String, Vec<UserId>>>,
    #[serde(rename = "clientID", skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
}

impl<'a> WireMessage<'a> {
    /// A message as it happens: its sender is there.
    #[must_use]
    pub fn live(seq: Seq, at: Micros, message: &'a MessageRecord) -> Self {
        let sender = WireUser::new(message.from, &message.name, true);
        let recipient = message.to.zip(message.to_name.as_ref()).map(|(id, name)| WireUser::new(id, name, message.to_online));
        Self::build(seq, at, message, sender, recipient)
    }

    /// A message as it is read later, by `reader`.
    #[must_use]
    pub fn shown(shown: &'a Shown, reader: UserId) -> Self {
        let message = &shown.message;
        let built = Self::build(shown.seq, shown.at, message, (&shown.sender).into(), shown.recipient.as_ref().map(Into::into));
        if message.from == reader { built.to_author(message) } else { built }
    }

    /// With what only its author is told.
    #[must_use]
    pub fn to_author(mut self, message: &'a MessageRecord) -> Self {
        self.client_id = message.client_id.as_ref().map(crate::ids::ClientId::as_str);
        self
    }

    fn build(seq: Seq, at: Micros, message: &'a MessageRecord, sender: WireUser<'a>, recipient: Option<WireUser<'a>>) -> Self {
        Self {
            id: message.id,
            sender_id: message.from,
            sender,
            recipient_id: WireRecipient(message.to),
            recipient,
            text: message.text.as_str(),
            created: rfc3339(at),
            seq,
            edited: message.edited.map(rfc3339),
            deleted: message.deleted.map(rfc3339),
            reactions: (!message.reactions.is_empty()).then_some(&message.reactions),
            client_id: None,
        }
    }
}

/// A channel in a payload: the other end, or `""` for the general one.
#[derive(Clone, Copy, Debug)]
pub struct WireRecipient(pub Option<UserId>);

impl Serialize for WireRecipient {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(user) => user.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}

/// `channelJoin` and `channelHistory` as answers.
#[derive(Serialize)]
pub struct ChannelView<'a> {
    /// Which channel.
    #[serde(rename = "recipientUUID")]
    pub recipient: WireRecipient,
    /// Messages, oldest first.
    pub messages: Vec<WireMessage<'a>>,
    /// Who is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<WireUser<'a>>>,
    /// The newest message's number.
    pub seq: Seq,
    /// The channel's generation.
    pub epoch: Epoch,
    /// There is more.
    pub more: bool,
    /// What the client had is to be forgotten.
    pub reset: bool,
    /// The call that goes on there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<calls::WireCall<'a>>,
}

/// An entry of `unread`.
#[derive(Serialize)]
pub struct UnreadChannel<'a> {
    /// Which channel.
    #[serde(rename = "recipientUUID")]
    pub recipient: WireRecipient,
    /// How many.
    pub count: u64,
    /// The newest message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<WireMessage<'a>>,
    /// The newest message's number.
    pub seq: Seq,
    /// The call that goes on there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<calls::WireCall<'a>>,
}

/// An `error`, with what was wrong given back.
#[must_use]
pub fn error(failure: &Failure, payload: serde_json::Value, id: Option<&RequestId>) -> Bytes {
    let payload = match failure.retry_after {
        Some(after) => serde_json::json!({ "retryAfterMs": u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }),
        None => payload,
    };
    let body = serde_json::json!({ "code": failure.code as u16, "error": failure.text, "payload": payload });
    Outgoing::new("error", body).id(id).frame()
}
