//! What clients send: `{"type": string, "data"?: object}`.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{ErrorType, Failure};
use crate::dialect::fields::{self, Fault};
use crate::ids::{LobbyClientId, LobbyCode};
use crate::store::record::lobby::LobbyWishes;

/// Characters of a room's name.
const NAME: usize = 100;
/// Bytes of a room's metadata, as JSON.
const METADATA: usize = 4 * 1024;

/// A message taken apart, its data still as text.
#[derive(Debug)]
pub struct Message<'a> {
    /// What is to be done.
    pub kind: Cow<'a, str>,
    data: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    /// Takes a frame apart.
    pub fn parse(text: &'a str) -> Result<Self, Failure> {
        let fields: HashMap<Cow<'a, str>, &'a RawValue> =
            serde_json::from_str(text).map_err(|_| Failure::bad("a message is one JSON object"))?;
        let kind = fields.get("type").and_then(|raw| serde_json::from_str::<Cow<'a, str>>(raw.get()).ok());
        let kind = kind.ok_or_else(|| Failure::bad("a message has a type, which is a string"))?;
        Ok(Self { kind, data: fields.get("data").copied() })
    }

    /// The data, which is an object.
    pub fn data<T: Deserialize<'a>>(&self) -> Result<T, Failure> {
        let text = self.data.map_or("null", RawValue::get);
        fields::object(text).map_err(|fault| {
            Failure::bad(match fault {
                Fault::NoObject => format!("the data of {} is an object", self.kind),
                Fault::Missing(field) => format!("{field} is missing in the data of {}", self.kind),
                Fault::WrongType => format!("a field in the data of {} has the wrong type", self.kind),
            })
        })
    }

    /// As [`Message::data`], where there may be none.
    pub fn data_or_none<T: Deserialize<'a> + Default>(&self) -> Result<T, Failure> {
        match self.data.map(RawValue::get) {
            None | Some("null") => Ok(T::default()),
            Some(_) => self.data(),
        }
    }
}

/// `createRoom`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateRoom<'a> {
    name: Option<String>,
    max_guests: Option<u32>,
    public: Option<bool>,
    grace_seconds: Option<u64>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl CreateRoom<'_> {
    /// Within bounds.
    pub fn wishes(self) -> Result<LobbyWishes, Failure> {
        if self.name.as_ref().is_some_and(|name| name.chars().count() > NAME) {
            return Err(Failure::new(ErrorType::TooLarge, format!("a room's name has at most {NAME} characters")));
        }
        if self.metadata.is_some_and(|metadata| metadata.get().len() > METADATA) {
            return Err(Failure::new(ErrorType::TooLarge, format!("a room's metadata has at most {METADATA} bytes")));
        }
        if self.max_guests == Some(0) {
            return Err(Failure::bad("maxGuests is a whole number from 1"));
        }
        if self.grace_seconds == Some(0) {
            return Err(Failure::bad("graceSeconds is a whole number from 1"));
        }
        Ok(LobbyWishes {
            name: self.name,
            max_guests: self.max_guests,
            public: self.public.unwrap_or_default(),
            grace_seconds: self.grace_seconds,
            metadata: self.metadata.map(|metadata| metadata.get().to_owned()),
        })
    }
}

/// `joinRoom`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JoinRoom {
    room_code: Option<Value>,
    /// What it says about being host.
    pub can_host: Option<bool>,
}

impl JoinRoom {
    /// The code.
    pub fn code(&self) -> Result<LobbyCode, Failure> {
        match &self.room_code {
            None => Err(missing_code()),
            Some(Value::String(text)) if text.is_empty() => Err(missing_code()),
            Some(Value::String(text)) => code(text),
            Some(_) => Err(Failure::bad("roomCode is a string")),
        }
    }
}

/// A code as a client wrote it; what can be none is nobody's.
pub fn code(text: &str) -> Result<LobbyCode, Failure> {
    text.parse().map_err(|_| Failure::new(ErrorType::NoRoomFound, "there is no room with this code"))
}

/// There is none.
#[must_use]
pub fn missing_code() -> Failure {
    Failure::new(ErrorType::MissingRoomCode, "a room code is needed")
}

/// `reconnect`.
#[derive(Deserialize)]
pub struct Reconnect {
    /// From `identity`.
    pub token: String,
}

/// `guestOfferSignal`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuestOffer<'a> {
    /// Opaque.
    #[serde(borrow)]
    pub offer_signal: &'a RawValue,
}

/// `hostAnswerSignal`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostAnswer<'a> {
    /// Opaque.
    #[serde(borrow)]
    pub answer_signal: &'a RawValue,
    /// For whom.
    pub client_id: String,
}

/// `guestCandidateSignal`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuestCandidate<'a> {
    /// Opaque.
    #[serde(borrow)]
    pub candidate_signal: &'a RawValue,
}

/// `hostCandidateSignal`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostCandidate<'a> {
    /// Opaque.
    #[serde(borrow)]
    pub candidate_signal: &'a RawValue,
    /// For whom.
    pub client_id: String,
}

/// `saveSnapshot`.
#[derive(Deserialize)]
pub struct SaveSnapshot<'a> {
    /// Above that of the one before.
    pub version: i64,
    /// Opaque.
    #[serde(borrow)]
    pub state: &'a RawValue,
}

/// `kickGuest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KickGuest {
    /// Whom.
    pub client_id: String,
}

/// A client as another one wrote it; what can be none is nobody.
pub fn client(text: &str) -> Result<LobbyClientId, Failure> {
    text.parse().map_err(|_| Failure::new(ErrorType::NoSuchClient, "there is no such client in the room"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn failure<T>(result: Result<T, Failure>) -> ErrorType {
        result.err().unwrap().kind
    }

    #[test]
    fn a_message_is_taken_apart() {
        let message = Message::parse(r#" {"data":{"offerSignal":{"a": 1.0}},"more":1,"type":"guestOfferSignal"} "#).unwrap();
        assert_eq!(message.kind, "guestOfferSignal");
        assert_eq!(message.data::<GuestOffer<'_>>().unwrap().offer_signal.get(), r#"{"a": 1.0}"#);
        for bad in ["", "{", "[]", r#"["x",1]"#, "7", "{}", r#"{"type":7}"#, r#"{"type":null}"#] {
            assert_eq!(failure(Message::parse(bad)), ErrorType::BadMessage, "{bad}");
        }
        for bad in [r#"{"type":"x"}"#, r#"{"type":"x","data":[1]}"#, r#"{"type":"x","data":{}}"#] {
            assert_eq!(failure(Message::parse(bad).unwrap().data::<GuestOffer<'_>>()), ErrorType::BadMessage, "{bad}");
        }
    }

    #[test]
    fn a_code_is_missing_wrong_or_of_no_room() {
        let code = |data: &str| {
            let text = format!(r#"{{"type":"joinRoom","data":{data}}}"#);
            let join: JoinRoom = Message::parse(&text).unwrap().data_or_none().unwrap();
            join.code()
        };
        assert_eq!(code(r#"{"roomCode":"abcde"}"#).unwrap().to_string(), "abcde");
        for (data, kind) in [
            ("null", ErrorType::MissingRoomCode),
            ("{}", ErrorType::MissingRoomCode),
            (r#"{"roomCode":null}"#, ErrorType::MissingRoomCode),
            (r#"{"roomCode":""}"#, ErrorType::MissingRoomCode),
            (r#"{"roomCode":7}"#, ErrorType::BadMessage),
            (r#"{"roomCode":"nonsense"}"#, ErrorType::NoRoomFound),
        ] {
            assert_eq!(failure(code(data)), kind, "{data}");
        }
    }

    #[test]
    fn wishes_have_bounds() {
        let wishes = |data: String| {
            let text = format!(r#"{{"type":"createRoom","data":{data}}}"#);
            let create: CreateRoom<'_> = Message::parse(&text).map_err(|_| ()).unwrap().data_or_none()?;
            create.wishes()
        };
        assert_eq!(wishes("null".into()).unwrap(), LobbyWishes::default());
        let all = wishes(r#"{"name":"n","maxGuests":3,"public":true,"graceSeconds":5,"metadata":{"map": 1}}"#.into()).unwrap();
        assert_eq!((all.max_guests, all.public, all.metadata.as_deref()), (Some(3), true, Some(r#"{"map": 1}"#)));
        assert_eq!(all.grace_seconds, Some(5));
        assert_eq!(failure(wishes(format!(r#"{{"metadata":"{}"}}"#, "x".repeat(METADATA)))), ErrorType::TooLarge);
        assert_eq!(failure(wishes(format!(r#"{{"name":"{}"}}"#, "x".repeat(NAME + 1)))), ErrorType::TooLarge);
        for bad in [r#"{"maxGuests":0}"#, r#"{"maxGuests":-1}"#, r#"{"public":"yes"}"#, "[]", "7"] {
            assert_eq!(failure(wishes(bad.into())), ErrorType::BadMessage, "{bad}");
        }
        for bad in ["0", "-1", "1.5", "\"2\"", "true", "1e400", "[2]"].map(|bad| format!(r#"{{"graceSeconds":{bad}}}"#)) {
            assert_eq!(failure(wishes(bad.clone())), ErrorType::BadMessage, "{bad}");
        }
    }
}
