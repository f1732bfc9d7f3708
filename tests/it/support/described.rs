//! What the AsyncAPI document says of frames: every client of these tests holds what it gets and sends against it.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};
use uuid::Uuid;

/// Who sends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Client,
    Server,
}

/// What may be said at a path.
pub struct Protocol {
    /// Segments, and `None` for any one.
    paths: Vec<Vec<Option<String>>>,
    /// Where a frame says which message it is.
    client: &'static [&'static str],
    server: &'static [&'static str],
    messages: HashMap<(Side, String), Value>,
}

impl Protocol {
    /// That of a path, without its query; `None`: this is none of the paths that are described.
    pub fn at(path: &str) -> Option<&'static Self> {
        static PROTOCOLS: OnceLock<Vec<Protocol>> = OnceLock::new();
        let path: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
        let matches = |pattern: &Vec<Option<String>>| {
            pattern.len() == path.len()
                && pattern.iter().zip(&path).all(|(named, segment)| named.as_ref().is_none_or(|named| named == segment))
        };
        PROTOCOLS.get_or_init(read).iter().find(|protocol| protocol.paths.iter().any(matches))
    }

    /// Why a frame is none that this side sends.
    pub fn check(&self, side: Side, frame: &Value) -> Result<(), String> {
        let places = if side == Side::Client { self.client } else { self.server };
        let kind = places.iter().find_map(|place| frame.pointer(place)?.as_str()).unwrap_or_default();
        // What guests of a room send each other is of any type.
        let described = [kind, "relayed"].map(|kind| self.messages.get(&(side, kind.to_owned())));
        if described.iter().flatten().any(|schema| holds(schema, frame, false).is_ok()) {
            return Ok(());
        }
        let schema = described.into_iter().flatten().next().ok_or_else(|| format!("{kind:?} is not described"))?;
        holds(schema, frame, true)
    }
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(rialto::dialect::asyncapi::document()).unwrap())
}

fn read() -> Vec<Protocol> {
    let channels = document()["channels"].as_object().unwrap().iter();
    channels
        .map(|(name, channel)| {
            let also = channel["x-also-at"].as_array().into_iter().flatten();
            let segment = |segment: &str| (!segment.starts_with('{')).then(|| segment.to_owned());
            let paths = also.chain([&channel["address"]]).map(|path| path.as_str().unwrap().split('/').map(segment).collect());
            let messages = channel["messages"].as_object().unwrap().iter().map(|(key, message)| {
                let (side, kind) = key.split_once('.').unwrap();
                let side = if side == "client" { Side::Client } else { Side::Server };
                ((side, kind.to_owned()), message["payload"].clone())
            });
            let (client, server): (&[_], &[_]) = match name.as_str() {
                "stage" => (&["/order"], &["/data/event", "/data/ask"]),
                "mesh" => (&["/action"], &["/type"]),
                _ => (&["/type"], &["/type"]),
            };
            Protocol { paths: paths.collect(), client, server, messages: messages.collect() }
        })
        .collect()
}

/// Whether a value is as a schema says (JSON Schema, draft 7, as far as the document uses it). Nearly always it is, and an alternative that
/// it is not needs no words, so they are made for who wants them only.
fn holds(schema: &Value, value: &Value, words: bool) -> Result<(), String> {
    let schema = schema.as_object().unwrap_or_else(|| panic!("no schema: {schema}"));
    schema.iter().try_for_each(|(keyword, rule)| keeps(schema, keyword, rule, value, words))
}

fn keeps(schema: &Map<String, Value>, keyword: &str, rule: &Value, value: &Value, words: bool) -> Result<(), String> {
    let say = |fault: &dyn Fn() -> String| Err(if words { fault() } else { String::new() });
    let within =
        |name: &str, schema: &Value, value: &Value| holds(schema, value, words).or_else(|fault| say(&|| format!("{name}: {fault}")));
    let number = || value.as_f64().unwrap_or_default();
    let length = || value.as_str().map_or(0, |text| text.chars().count());
    let kept = match keyword {
        "description" | "contentMediaType" => true,
        "$ref" => {
            let place = rule.as_str().unwrap().trim_start_matches('#');
            return holds(document().pointer(place).unwrap_or_else(|| panic!("nothing at {place}")), value, words);
        }
        "type" => match rule.as_array() {
            Some(types) => types.iter().any(|rule| is_of(rule, value)),
            None => is_of(rule, value),
        },
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "not" => holds(rule, value, false).is_err(),
        "anyOf" => rule.as_array().unwrap().iter().any(|schema| holds(schema, value, false).is_ok()),
        "oneOf" => rule.as_array().unwrap().iter().filter(|schema| holds(schema, value, false).is_ok()).count() == 1,
        "minimum" => !value.is_number() || number() >= rule.as_f64().unwrap(),
        "maximum" => !value.is_number() || number() <= rule.as_f64().unwrap(),
        "minLength" => !value.is_string() || length() as u64 >= rule.as_u64().unwrap(),
        "maxLength" => length() as u64 <= rule.as_u64().unwrap(),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "format" => value.as_str().is_none_or(|text| is_formed(rule.as_str().unwrap(), text)),
        "items" => return value.as_array().into_iter().flatten().try_for_each(|item| within("an item", rule, item)),
        "required" => {
            value.as_object().is_none_or(|fields| rule.as_array().unwrap().iter().all(|name| fields.contains_key(name.as_str().unwrap())))
        }
        "properties" => {
            let Some(fields) = value.as_object() else { return Ok(()) };
            let mut known = rule.as_object().unwrap().iter().filter_map(|(name, schema)| Some((name, schema, fields.get(name)?)));
            return known.try_for_each(|(name, schema, value)| within(name, schema, value));
        }
        "additionalProperties" => {
            let known = |name: &str| schema.get("properties").is_some_and(|properties| properties.get(name).is_some());
            let mut others = value.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
            return others.try_for_each(|(name, value)| match rule {
                Value::Bool(false) => say(&|| format!("{name} is not described")),
                schema => within(name, schema, value),
            });
        }
        other => panic!("{other} is not understood here"),
    };
    let shown = || value.to_string().chars().take(200).collect::<String>();
    if kept { Ok(()) } else { say(&|| format!("not {keyword} {rule}: {}", shown())) }
}

fn is_of(rule: &Value, value: &Value) -> bool {
    match rule.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("type {other} is not understood here"),
    }
}

fn is_formed(format: &str, text: &str) -> bool {
    match format {
        "uuid" => text.parse::<Uuid>().is_ok(),
        "date-time" => time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).is_ok(),
        other => panic!("format {other} is not understood here"),
    }
}

#[test]
fn what_is_not_described_is_noticed() {
    let check = |path: &str, side, frame: &str| Protocol::at(path).unwrap().check(side, &serde_json::from_str(frame).unwrap());
    let id = "00000000-0000-4000-8000-000000000000";
    assert!(Protocol::at("/elsewhere").is_none() && Protocol::at("/room/a/b/ws").is_none());
    assert_eq!(check("/mesh/ws?ice=1", Side::Server, r#"{"type":"connected-peers","peerIds":[]}"#), Ok(()));
    for (path, side, frame) in [
        ("/mesh/ws", Side::Server, r#"{"type":"connected-peers","peerIds":[7]}"#),
        ("/mesh/ws", Side::Server, r#"{"type":"connected-peers","peerIds":[],"more":1}"#),
        ("/mesh/ws", Side::Server, r#"{"type":"dance"}"#),
        ("/mesh/ws", Side::Client, r#"{"action":"forward-offer","toPeerId":"p"}"#),
        ("/ws", Side::Server, r#"{"type":"ready","ready":{"sessionUUID":"me"}}"#),
        ("/ws", Side::Client, r#"{"type":"callSubscribe","callSubscribe":{}}"#),
        ("/stage/ws", Side::Server, r#"{"type":"event","data":{"event":"user_entered_chat","data":7}}"#),
        ("/room/lido/ws", Side::Server, r#"{"sender":"ground control","receiver":"room","type":"error","data":7}"#),
        ("/lobby/ws", Side::Server, r#"{"type":"roomClosed","data":{}}"#),
    ] {
        assert!(check(path, side, frame).is_err(), "{path} {side:?} {frame}");
    }
    let relayed = format!(r#"{{"sender":"{id}","receiver":"room","type":"error","data":7}}"#);
    assert_eq!(check("/room/lido/ws", Side::Server, &relayed), Ok(()));
}
