//! All protocols in one AsyncAPI document (AsyncAPI 3.0.0): what clients and the server send, with a JSON Schema each.
//!
//! Each protocol has a part in `asyncapi/`, which is written by hand: its channel, and for each direction its messages by type. A part says
//! once what stands around every payload (`frame`, with `{type}` and `{payload}` in it); a message has a `payload`, or none, or as a whole a
//! `schema` of its own. Integration tests hold everything that their clients get against this document, so that it stays true.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Where the pages of the protocols are.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/protocols/");

/// What is the same for all protocols.
const FRAME: &str = include_str!("asyncapi/document.json");
/// The protocols, by name.
const PARTS: [(&str, &str); 5] = [
    ("chat", include_str!("asyncapi/chat.json")),
    ("stage", include_str!("asyncapi/stage.json")),
    ("rooms", include_str!("asyncapi/rooms.json")),
    ("mesh", include_str!("asyncapi/mesh.json")),
    ("lobby", include_str!("asyncapi/lobby.json")),
];

/// The document, as text.
#[must_use]
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        #[allow(clippy::expect_used, reason = "it is made of files that are in the binary, and does not depend on anything else")]
        let document = compose().expect("the parts of the AsyncAPI document are JSON of the form that is read here");
        format!("{document:#}\n")
    });
    &DOCUMENT
}

/// A protocol.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    channel: Map<String, Value>,
    client: Direction,
    server: Direction,
    schemas: Map<String, Value>,
}

/// What one side sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Direction {
    #[serde(default)]
    frame: Option<Frame>,
    messages: BTreeMap<String, Message>,
}

/// What stands around a payload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    /// The field that holds the payload.
    field: String,
    /// A template.
    schema: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    summary: String,
    #[serde(default)]
    payload: Option<Value>,
    /// The payload may be left out.
    #[serde(default)]
    optional: bool,
    /// The message as a whole, in place of a frame with a payload.
    #[serde(default)]
    schema: Option<Value>,
}

fn compose() -> Result<Value, serde_json::Error> {
    let mut document: Value = serde_json::from_str(FRAME)?;
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    for (name, text) in PARTS {
        let Part { mut channel, client, server, schemas } = serde_json::from_str(text)?;
        let mut messages = Map::new();
        // The application is the server: it receives what clients send.
        for (side, action, direction) in [("client", "receive", client), ("server", "send", server)] {
            let mut references = Vec::new();
            for (kind, message) in &direction.messages {
                let key = format!("{side}.{kind}");
                references.push(json!({ "$ref": format!("#/channels/{name}/messages/{key}") }));
                let payload = schema(kind, message, direction.frame.as_ref());
                messages.insert(key, json!({ "name": kind, "summary": message.summary, "payload": payload }));
            }
            document["operations"][format!("{name}.{side}")] = json!({
                "action": action,
                "summary": format!("What the {side} says in the {name} protocol"),
                "channel": { "$ref": format!("#/channels/{name}") },
                "messages": references,
            });
        }
        channel.insert("externalDocs".to_owned(), json!({ "description": "The protocol in tables", "url": format!("{PAGES}{name}.md") }));
        channel.insert("messages".to_owned(), Value::Object(messages));
        document["channels"][name] = Value::Object(channel);
        for (name, schema) in schemas {
            document["components"]["schemas"][name] = schema;
        }
    }
    Ok(document)
}

/// The schema of a message, whole.
fn schema(kind: &str, message: &Message, frame: Option<&Frame>) -> Value {
    let (None, Some(frame)) = (&message.schema, frame) else { return json!(message.schema) };
    let mut schema = filled(&frame.schema, kind, message.payload.as_ref());
    let field = frame.field.replace("{type}", kind);
    if message.payload.is_none() {
        if let Some(fields) = schema["properties"].as_object_mut() {
            fields.remove(&field);
        }
    } else if let (false, Some(required)) = (message.optional, schema["required"].as_array_mut()) {
        let field = json!(field);
        if !required.contains(&field) {
            required.push(field);
        }
    }
    schema
}

/// A template with what belongs in its places.
fn filled(template: &Value, kind: &str, payload: Option<&Value>) -> Value {
    match template {
        Value::String(text) if text == "{payload}" => payload.cloned().unwrap_or_default(),
        Value::String(text) => json!(text.replace("{type}", kind)),
        Value::Array(values) => values.iter().map(|value| filled(value, kind, payload)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.replace("{type}", kind), filled(value, kind, payload))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
