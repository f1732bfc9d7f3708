//! What a form or a JSON object says of a room.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use serde_json::Value;

use crate::domain::named_rooms::Wish;
use crate::session::Turned;

/// Guest limits that people mean.
const MOST_GUESTS: u64 = 1_000;

/// How a request is written, and is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As browsers write forms (WHATWG URL, section 5).
    Urlencoded,
    /// As programs write.
    Json,
}

impl Form {
    /// By the content type; without one, as programs write.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = content.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") { Self::Urlencoded } else { Self::Json }
    }
}

/// Names and values.
pub(super) struct Fields(HashMap<String, Value>);

impl Fields {
    /// Reads a body; an empty one has no fields.
    pub(super) fn read(form: Form, body: &[u8]) -> Result<Self, Turned> {
        if body.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        match form {
            Form::Json => serde_json::from_slice(body).map(Self).map_err(|_| bad("The body is a JSON object")),
            Form::Urlencoded => {
                let fault = || bad("The body is not a form");
                let query = std::str::from_utf8(body).ok().and_then(|text| format!("/?{text}").parse::<Uri>().ok()).ok_or_else(fault)?;
                let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&query).map_err(|_| fault())?;
                Ok(Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()))
            }
        }
    }

    /// The room that is wanted.
    pub(super) fn wish(&self) -> Result<Wish, Turned> {
        let name = match self.text("name")? {
            Some(name) => name,
            None => self.text("room_name")?.ok_or_else(|| bad("The field name is missing"))?,
        };
        Ok(Wish { name, password: self.password()?.unwrap_or_default(), public: self.public()?, guest_limit: self.guest_limit()? })
    }

    /// The password, if there is one.
    pub(super) fn password(&self) -> Result<Option<String>, Turned> {
        self.text("password")
    }

    fn text(&self, name: &str) -> Result<Option<String>, Turned> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(bad(&format!("The field {name} is a string"))),
        }
    }

    fn public(&self) -> Result<bool, Turned> {
        match self.0.get("public") {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(public)) => Ok(*public),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "yes" | "true" | "on" | "1" => Ok(true),
                "no" | "false" | "off" | "0" | "" => Ok(false),
                _ => Err(bad("The field public is true, false, Yes or No")),
            },
            Some(_) => Err(bad("The field public is true, false, Yes or No")),
        }
    }

    fn guest_limit(&self) -> Result<u32, Turned> {
        let limit = match self.0.get("guest_limit") {
            None | Some(Value::Null) => Some(0),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) if text.trim().is_empty() => Some(0),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        let limit = limit.filter(|limit| *limit <= MOST_GUESTS).and_then(|limit| u32::try_from(limit).ok());
        limit.ok_or_else(|| bad("The field guest_limit is a whole number from 0 (no limit) to 1000"))
    }
}

fn bad(reason: &str) -> Turned {
    Turned { status: 400, reason: reason.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(form: Form, body: &str) -> Result<(String, String, bool, u32), String> {
        let wish = Fields::read(form, body.as_bytes()).and_then(|fields| fields.wish()).map_err(|turned| turned.reason)?;
        Ok((wish.name, wish.password, wish.public, wish.guest_limit))
    }

    #[test]
    fn a_wish_is_the_same_in_both_forms() {
        let expected = Ok(("Blue & Ré".to_owned(), "a b+c".to_owned(), true, 7));
        let json = r#"{"room_name":"Blue & Ré","password":"a b+c","public":true,"guest_limit":7,"more":[]}"#;
        assert_eq!(wish(Form::Json, json), expected);
        assert_eq!(wish(Form::Json, &json.replace("true", "\"Yes\"").replace('7', "\"7\"")), expected);
        assert_eq!(wish(Form::Urlencoded, "name=Blue+%26+R%C3%A9&password=a+b%2Bc&public=Yes&guest_limit=7&more"), expected);
        let least = Ok(("x".to_owned(), String::new(), false, 0));
        assert_eq!(wish(Form::Urlencoded, "name=x&password=&public=No&guest_limit="), least);
        assert_eq!(wish(Form::Json, r#"{"name":"x","password":null}"#), least);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (body, fault) in [
            ("[]", "The body is a JSON object"),
            ("", "The field name is missing"),
            (r#"{"name":7}"#, "The field name is a string"),
            (r#"{"name":"x","password":7}"#, "The field password is a string"),
            (r#"{"name":"x","public":7}"#, "The field public is true, false, Yes or No"),
            (r#"{"name":"x","public":"perhaps"}"#, "The field public is true, false, Yes or No"),
            (r#"{"name":"x","guest_limit":-1}"#, "The field guest_limit is a whole number from 0 (no limit) to 1000"),
            (r#"{"name":"x","guest_limit":1001}"#, "The field guest_limit is a whole number from 0 (no limit) to 1000"),
        ] {
            assert_eq!(wish(Form::Json, body), Err(fault.to_owned()), "{body}");
        }
        assert!(wish(Form::Urlencoded, "name=\u{7f}\n").is_err());
    }
}
