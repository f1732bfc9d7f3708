//! What clients send: `{"order": string, "details": any}`.

pub mod media;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::Failure;
use crate::dialect::fields::{self, Fault};

/// A work order taken apart, its details still as text.
#[derive(Debug)]
pub struct Order<'a> {
    /// What is to be done.
    pub name: Cow<'a, str>,
    details: Option<&'a RawValue>,
}

impl<'a> Order<'a> {
    /// Takes a frame apart.
    pub fn parse(text: &'a str) -> Result<Self, Failure> {
        let fields: HashMap<Cow<'a, str>, &'a RawValue> =
            serde_json::from_str(text).map_err(|_| Failure::bad("a work order is one JSON object"))?;
        let name = fields.get("order").and_then(|raw| serde_json::from_str::<Cow<'a, str>>(raw.get()).ok());
        let name = name.ok_or_else(|| Failure::bad("a work order has an order, which is a string"))?;
        Ok(Self { name, details: fields.get("details").copied() })
    }

    /// The details, where they are an object.
    pub fn object<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let text = self.details.map_or("null", RawValue::get);
        fields::object(text).map_err(|fault| {
            Failure::bad(match fault {
                Fault::NoObject => format!("the details of {} are an object", self.name),
                Fault::Missing(field) => format!("{field} is missing in the details of {}", self.name),
                Fault::WrongType => format!("a field in the details of {} has the wrong type", self.name),
            })
        })
    }

    /// The details, where they are JSON in a string.
    pub fn in_string<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let text = self.string()?;
        // serde would take an array for the fields in their order.
        let is_list = text.trim_start().starts_with('[');
        let read = if is_list { None } else { serde_json::from_str(&text).ok() };
        read.ok_or_else(|| Failure::bad(format!("the details of {} are JSON in a string, of a kind that cannot be used here", self.name)))
    }

    /// The details, where they are a string; nothing at all and null are an empty one.
    pub fn string(&self) -> Result<String, Failure> {
        let text = self.details.map_or("null", RawValue::get);
        let string: Option<String> =
            serde_json::from_str(text).map_err(|_| Failure::bad(format!("the details of {} are a string", self.name)))?;
        Ok(string.unwrap_or_default())
    }
}

/// `user_message`.
#[derive(Deserialize)]
pub struct UserMessage {
    /// What is said.
    pub text: String,
    /// To whom, if not to the whole room.
    #[serde(default, rename = "toUserID")]
    to: Option<Value>,
    /// The same.
    #[serde(default)]
    to_user_id: Option<Value>,
}

impl UserMessage {
    /// The number of whom it is for; `None`: the whole room. What cannot be read is never for the whole room.
    pub fn addressee(&self) -> Result<Option<u64>, Failure> {
        let wrong = || Failure::bad("toUserID is a positive whole number, or 0 for the whole room");
        let mut numbers = Vec::new();
        for value in [&self.to, &self.to_user_id].into_iter().flatten() {
            numbers.push(value.as_u64().ok_or_else(wrong)?);
        }
        match numbers[..] {
            [] => Ok(None),
            [number] => Ok((number > 0).then_some(number)),
            [one, other] if one == other => Ok((one > 0).then_some(one)),
            _ => Err(wrong()),
        }
    }
}

/// `set_user_password`.
#[derive(Deserialize)]
pub struct SetUserPassword {
    /// The new one.
    pub password: String,
}

/// `set_user_name`.
#[derive(Deserialize)]
pub struct SetUserName {
    /// The new one.
    pub name: String,
}

/// `validate_user_name_password`.
#[derive(Deserialize)]
pub struct ValidateUserNamePassword {
    /// Whose account.
    pub name: String,
    /// Its password.
    pub password: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addressee(details: &str) -> Result<Option<u64>, ()> {
        let text = format!(r#"{{"order":"user_message","details":{details}}}"#);
        let order = Order::parse(&text).map_err(|_| ())?;
        order.object::<UserMessage>().map_err(|_| ())?.addressee().map_err(|_| ())
    }

    #[test]
    fn an_order_is_taken_apart() {
        let order = Order::parse(r#" {"details":"key","order":"validate_access_token","more":[1]} "#).unwrap();
        assert_eq!((order.name.as_ref(), order.string().unwrap()), ("validate_access_token", "key".to_owned()));
        for nothing in [r#"{"order":"x"}"#, r#"{"order":"x","details":null}"#] {
            assert_eq!(Order::parse(nothing).unwrap().string().unwrap(), "");
        }
        for bad in ["", "{", "[]", r#"["x",1]"#, "7", "{}", r#"{"order":7}"#, r#"{"order":null}"#] {
            assert!(Order::parse(bad).is_err(), "{bad}");
        }
        assert!(Order::parse(r#"{"order":"x","details":7}"#).unwrap().string().is_err());
        let missing = Order::parse(r#"{"order":"set_user_name","details":{}}"#).unwrap().object::<SetUserName>();
        assert_eq!(missing.err().unwrap().message, "name is missing in the details of set_user_name");
    }

    #[test]
    fn only_what_says_so_is_for_the_whole_room() {
        for room in [r#"{"text":"x"}"#, r#"{"text":"x","toUserID":null}"#, r#"{"text":"x","toUserID":0}"#, r#"{"text":"x","to_user_id":0}"#]
        {
            assert_eq!(addressee(room), Ok(None), "{room}");
        }
        for one in [r#"{"text":"x","toUserID":7}"#, r#"{"text":"x","to_user_id":7}"#, r#"{"text":"x","toUserID":7,"to_user_id":7}"#] {
            assert_eq!(addressee(one), Ok(Some(7)), "{one}");
        }
        for to in ["-1", "1.5", "0.0", "-0", "1e3", "\"7\"", "\"\"", "true", "false", "[]", "[7]", "{}", "18446744073709551616"] {
            assert_eq!(addressee(&format!(r#"{{"text":"x","toUserID":{to}}}"#)), Err(()), "{to}");
            assert_eq!(addressee(&format!(r#"{{"text":"x","toUserID":0,"to_user_id":{to}}}"#)), Err(()), "{to}");
        }
        assert_eq!(addressee(r#"{"text":"x","toUserID":7,"toUserID":0}"#), Err(()), "twice");
        assert_eq!(addressee(r#"{"text":"x","toUserID":7,"to_user_id":0}"#), Err(()), "two answers");
        assert_eq!(addressee(r#"["x",7]"#), Err(()));
    }
}
