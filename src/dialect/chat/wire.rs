//! What clients send: `{"type": T, T: {…}}` with optional header fields.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Code, Failure};
use crate::dialect::fields::{self, Fault};
use crate::ids::{AccessKey, Epoch, RequestId, Seq, UserId};

pub mod calls;
pub mod peers;

/// A frame taken apart, its payload still as text.
#[derive(Debug)]
pub struct Request<'a> {
    /// The message type.
    pub kind: Cow<'a, str>,
    /// Echoed on the answer.
    pub id: Option<RequestId>,
    /// A user and key that sign the connection in, if it is not.
    pub resume: Option<(UserId, AccessKey)>,
    /// The client writes the header fields as the original React client does.
    pub misspelled: bool,
    payload: Option<&'a RawValue>,
}

type Fields<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

impl<'a> Request<'a> {
    /// Takes a frame apart. The error carries the `id` if there was one.
    pub fn parse(text: &'a str) -> Result<Self, (Failure, Option<RequestId>)> {
        let bad_json = || (Failure::new(Code::BadJson, "a message is one JSON object"), None);
        let fields: Fields<'a> = serde_json::from_str(text).map_err(|_| bad_json())?;
        let string = |name: &str| fields.get(name).and_then(|raw| serde_json::from_str::<Cow<'a, str>>(raw.get()).ok());
        let id = match fields.get("id") {
            None => None,
            Some(_) => match string("id").map(|id| RequestId::parse(id.into_owned())) {
                Some(Ok(id)) => Some(id),
                _ => return Err((Failure::malformed("id is a string of at most 64 characters"), None)),
            },
        };
        let Some(kind) = string("type") else {
            return Err((Failure::new(Code::UnknownType, "a message has a type"), id));
        };
        let misspelled = fields.contains_key("SSUID") || fields.contains_key("accessKey");
        let key = string("userAccessKey").or_else(|| string("accessKey"));
        let user = string("userUUID").and_then(|user| user.parse().ok());
        let resume = user.zip(key).map(|(user, key)| (user, AccessKey::from_client(key.into_owned())));
        let payload = fields.get(&kind).copied();
        Ok(Self { kind, id, resume, misspelled, payload })
    }

    /// The payload; a missing one is as an empty one.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let text = self.payload.map_or("{}", RawValue::get);
        let text = if text == "null" { "{}" } else { text };
        fields::object(text).map_err(|fault| {
            Failure::malformed(match fault {
                Fault::NoObject => format!("{} is not an object", self.kind),
                Fault::Missing(name) => format!("{}.{name} is missing", self.kind),
                Fault::WrongType => format!("a field of {} has the wrong type", self.kind),
            })
        })
    }
}

/// The offending message without its secrets, for the error's `payload`; `""` where it is no JSON or too long to give back.
#[must_use]
pub fn without_secrets(text: &str) -> Value {
    const MAX_ECHO: usize = 4_096;
    let mut value = match text.len() {
        0..=MAX_ECHO => serde_json::from_str(text).unwrap_or(Value::String(String::new())),
        _ => Value::String(String::new()),
    };
    if let Some(fields) = value.as_object_mut() {
        // Where a password belongs, it may also stand under a wrong name: nothing but the username is given back.
        for kind in ["signIn", "signUp", "account", "deleteAccount"] {
            match fields.get_mut(kind) {
                Some(Value::Object(payload)) => payload.retain(|name, value| name == "username" && value.is_string()),
                Some(other) => *other = Value::Null,
                None => {}
            }
        }
    }
    strip(&mut value);
    if value.is_object() { value } else { Value::String(String::new()) }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                let name = name.to_lowercase();
                !["password", "accesskey", "secret", "token", "key"].iter().any(|secret| name.contains(secret))
            });
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

/// A user in a payload: `""` or nothing is the general channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recipient(pub Option<UserId>);

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?.unwrap_or_default();
        if text.is_empty() {
            return Ok(Self(None));
        }
        text.parse().map(|user| Self(Some(user))).map_err(|_| serde::de::Error::custom("no UUID"))
    }
}

/// `signIn` and `signUp`.
#[derive(Deserialize)]
pub struct SignIn {
    /// Needed unless for a guest.
    #[serde(default)]
    pub username: Option<String>,
    /// Needed unless for a guest.
    #[serde(default)]
    pub password: Option<String>,
    /// (+) A temporary account.
    #[serde(default)]
    pub guest: bool,
}

/// (+) `users {after, limit, query}`.
#[derive(Default, Deserialize)]
pub struct Users {
    /// Behind this user; `""` from the first account on.
    #[serde(default)]
    pub after: Option<String>,
    /// At most so many.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Part of a name.
    #[serde(default)]
    pub query: Option<String>,
}

/// `channelJoin`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelJoin {
    /// Which channel.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
    /// (+) The newest message that the client has.
    #[serde(default)]
    pub after: Option<Seq>,
    /// (+) In which epoch.
    #[serde(default)]
    pub epoch: Option<Epoch>,
    /// (+) At most so many messages.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// `channelMessage`.
#[derive(Deserialize)]
pub struct ChannelMessage {
    /// Which channel.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
    /// The text.
    pub message: String,
    /// (+) The author's own name for it.
    #[serde(default, rename = "clientID")]
    pub client_id: Option<String>,
}

/// `channelLeave`, `typing`.
#[derive(Deserialize)]
pub struct OneChannel {
    /// Which channel.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
}

/// (+) `channelHistory`.
#[derive(Deserialize)]
pub struct ChannelHistory {
    /// Which channel.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
    /// Messages before this one.
    #[serde(default)]
    pub before: Option<Seq>,
    /// At most so many.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// (+) `watch`.
#[derive(Deserialize)]
pub struct Watch {
    /// These channels.
    #[serde(default, rename = "recipientUUIDs")]
    pub recipients: Vec<Recipient>,
    /// Every direct channel, present and future.
    #[serde(default)]
    pub all: bool,
}

/// (+) `read`, `deleteMessage`.
#[derive(Deserialize)]
pub struct OneMessage {
    /// Which channel.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
    /// Which message.
    pub seq: Seq,
}

/// (+) `editMessage`.
#[derive(Deserialize)]
pub struct EditMessage {
    /// Which channel.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
    /// Which message.
    pub seq: Seq,
    /// Its new text.
    pub message: String,
}

/// (+) `react`.
#[derive(Deserialize)]
pub struct React {
    /// Which channel.
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Recipient,
    /// Which message.
    pub seq: Seq,
    /// With what.
    pub emoji: String,
    /// Set, or taken back.
    pub on: bool,
}

/// (+) `account`.
#[derive(Deserialize)]
pub struct Account {
    /// A new password.
    #[serde(default)]
    pub password: Option<String>,
    /// A new name.
    #[serde(default)]
    pub username: Option<String>,
}

/// (+) `deleteAccount`.
#[derive(Deserialize)]
pub struct DeleteAccount {
    /// The present password; a guest has none.
    #[serde(default)]
    pub password: Option<String>,
}

/// (+) `block`.
#[derive(Deserialize)]
pub struct Block {
    /// Whom.
    #[serde(rename = "userUUID")]
    pub user: UserId,
    /// Set, or lifted.
    pub on: bool,
}

/// (+) `kick`, `ban`.
#[derive(Deserialize)]
pub struct Ban {
    /// Whom.
    #[serde(rename = "userUUID")]
    pub user: UserId,
    /// For how long; 0 lifts a ban.
    #[serde(default)]
    pub minutes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_apart() {
        let request = Request::parse(r#"{"type":"channelLeave","channelLeave":{"recipientUUID":""},"id":"7","other":[1]}"#).unwrap();
        assert_eq!((request.kind.as_ref(), request.id.as_ref().unwrap().as_str()), ("channelLeave", "7"));
        assert_eq!(request.payload::<OneChannel>().unwrap().recipient, Recipient(None));
    }

    #[test]
    fn what_is_wrong_has_a_code() {
        let code = |text: &str| Request::parse(text).map(|_| ()).unwrap_err().0.code;
        assert_eq!(code("{"), Code::BadJson);
        assert_eq!(code("[]"), Code::BadJson);
        assert_eq!(code("{}"), Code::UnknownType);
        assert_eq!(code(r#"{"type":7}"#), Code::UnknownType);
        assert_eq!(code(r#"{"type":"users","id":7}"#), Code::Malformed);
        let request = Request::parse(r#"{"type":"channelMessage","channelMessage":{"message":7}}"#).unwrap();
        assert_eq!(request.payload::<ChannelMessage>().err().unwrap().code, Code::Malformed);
        let request = Request::parse(r#"{"type":"signIn","signIn":["ann","secret"]}"#).unwrap();
        assert_eq!(request.payload::<SignIn>().err().unwrap().code, Code::Malformed);
        let request = Request::parse(r#"{"type":"channelMessage"}"#).unwrap();
        assert_eq!(request.payload::<ChannelMessage>().err().unwrap().text, "channelMessage.message is missing");
    }

    #[test]
    fn secrets_are_not_given_back() {
        let back = without_secrets(r#"{"type":"signIn","userAccessKey":"k","signIn":{"username":"ann","Password":"p"}}"#);
        assert_eq!(back, serde_json::json!({"type": "signIn", "signIn": {"username": "ann"}}));
        let back = without_secrets(r#"{"type":"signUp","signUp":"p","account":{"Pass-Word":"p"}}"#);
        assert_eq!(back, serde_json::json!({"type": "signUp", "signUp": null, "account": {}}));
        assert_eq!(without_secrets("no json"), Value::String(String::new()));
    }
}
