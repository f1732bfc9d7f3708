//! What clients send: `{"receiver": string, "type": string, "data": any}`. What they write as `sender` is not looked at.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::out::{GROUND_CONTROL, ROOM};
use crate::ids::UserId;

/// To whom something goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// The server.
    GroundControl,
    /// Everybody in the room, the sender included.
    Room,
    /// A guest, if there is one of that name.
    Guest(Cow<'a, str>),
}

/// A message taken apart, its data still as text.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// To whom.
    pub receiver: Address<'a>,
    /// Of which type.
    pub kind: Cow<'a, str>,
    /// The data, as it was written.
    pub data: Option<&'a RawValue>,
}

impl<'a> Incoming<'a> {
    /// Takes a frame apart; an error is in words for whoever wrote it.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let fields: HashMap<Cow<'a, str>, &'a RawValue> =
            serde_json::from_str(text).map_err(|_| "A message is one JSON object".to_owned())?;
        let string = |name: &str| {
            let raw = fields.get(name).ok_or_else(|| format!("The field {name} is missing"))?;
            serde_json::from_str::<Text<'a>>(raw.get()).map(|text| text.0).map_err(|_| format!("The field {name} is a string"))
        };
        let receiver = match string("receiver")? {
            text if text == GROUND_CONTROL => Address::GroundControl,
            text if text == ROOM => Address::Room,
            text => Address::Guest(text),
        };
        Ok(Self { receiver, kind: string("type")?, data: fields.get("data").copied() })
    }

    /// The name in the data of a `profile`.
    pub fn username(&self) -> Result<String, String> {
        // serde would take an array for the fields in their order.
        let data = self.data.map(RawValue::get).filter(|text| text.starts_with('{'));
        let profile = data.and_then(|text| serde_json::from_str::<Profile>(text).ok());
        profile.map(|profile| profile.username).ok_or_else(|| "The data of profile is an object with a string username".to_owned())
    }
}

impl Address<'_> {
    /// The guest that is meant, if it can be one.
    #[must_use]
    pub fn guest(&self) -> Option<UserId> {
        match self {
            Self::Guest(text) => text.parse().ok(),
            Self::GroundControl | Self::Room => None,
        }
    }
}

/// Borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Profile {
    username: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart() {
        let message = Incoming::parse(r#"{"sender":"me","receiver":"ro\u006fm","type":"text","data": {"a" : 1.0} ,"more":1}"#).unwrap();
        assert_eq!((&message.receiver, message.kind.as_ref()), (&Address::Room, "text"));
        assert_eq!(message.data.unwrap().get(), r#"{"a" : 1.0}"#, "to the letter");
        let id = UserId::random();
        let text = format!(r#"{{"receiver":"{id}","type":"offer"}}"#);
        let message = Incoming::parse(&text).unwrap();
        assert_eq!((message.receiver.guest(), message.data.is_none()), (Some(id), true));
        assert_eq!(Incoming::parse(r#"{"receiver":"ground control","type":"x"}"#).unwrap().receiver, Address::GroundControl);
        assert_eq!(Incoming::parse(r#"{"receiver":"","type":"x"}"#).unwrap().receiver.guest(), None);
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_said() {
        for (text, fault) in [
            ("", "A message is one JSON object"),
            ("[1]", "A message is one JSON object"),
            (r#"{"type":"x"}"#, "The field receiver is missing"),
            (r#"{"receiver":7,"type":"x"}"#, "The field receiver is a string"),
            (r#"{"receiver":"room"}"#, "The field type is missing"),
            (r#"{"receiver":"room","type":null}"#, "The field type is a string"),
        ] {
            assert_eq!(Incoming::parse(text).err().unwrap(), fault, "{text}");
        }
        for (data, name) in
            [(r#"{"username":"Ann"}"#, Some("Ann")), (r#"["Ann"]"#, None), (r#"{"username":7}"#, None), ("{}", None), ("null", None)]
        {
            let text = format!(r#"{{"receiver":"ground control","type":"profile","data":{data}}}"#);
            assert_eq!(Incoming::parse(&text).unwrap().username().ok().as_deref(), name, "{data}");
        }
    }
}
