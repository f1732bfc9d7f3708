//! The document has the messages that the protocols have. What is in the messages, integration tests see.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::config::{Config, DialectName};

type Kinds = BTreeSet<String>;

fn described(dialect: &str, side: &str) -> Kinds {
    let document: Value = serde_json::from_str(document()).unwrap();
    let messages = document["channels"][dialect]["messages"].as_object().unwrap();
    messages.keys().filter_map(|key| key.strip_prefix(side)?.strip_prefix('.')).map(str::to_owned).collect()
}

/// A protocol's own code, without tests.
fn code(dialect: &str) -> String {
    fn read(path: &Path, text: &mut String) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| read(&entry.unwrap().path(), text));
        } else if !path.ends_with("tests.rs") {
            let file = fs::read_to_string(path).unwrap();
            text.push_str(file.split("#[cfg(test)]").next().unwrap());
        }
    }
    let mut text = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect").join(dialect), &mut text);
    text
}

fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned)
}

/// The patterns of `match`es over texts in a file: what the server understands.
fn understood(file: &str) -> Kinds {
    let code = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect").join(file)).unwrap();
    let code = code.split("#[cfg(test)]").next().unwrap();
    let arms = code.lines().map(str::trim_start).filter(|line| line.starts_with('"')).filter_map(|line| line.split_once(" =>"));
    arms.flat_map(|(patterns, _)| quoted(patterns)).collect()
}

/// What stands in quotes right behind one of these words: what the server says.
fn said(dialect: &str, words: &[&str]) -> Kinds {
    let code = code(dialect);
    let calls = words.iter().flat_map(|word| code.split(word).skip(1));
    calls.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()).map(str::to_owned).collect()
}

fn check_client(dialect: &str, file: &str, fallback: &[&str]) {
    let mut known = understood(file);
    known.extend(fallback.iter().map(ToString::to_string));
    assert_eq!(described(dialect, "client"), known, "left: src/dialect/asyncapi/{dialect}.json, right: src/dialect/{file}");
}

/// All that is said by these words is described, and what is described stands somewhere in the code.
fn check_server(dialect: &str, words: &[&str], fallback: &[&str]) {
    let described = described(dialect, "server");
    let said = said(dialect, words);
    assert!(said.len() > 3, "{dialect}: {said:?}");
    let missing: Vec<_> = said.difference(&described).collect();
    assert!(missing.is_empty(), "to be described in src/dialect/asyncapi/{dialect}.json: {missing:?}");
    let code = code(dialect);
    let gone: Vec<_> =
        described.iter().filter(|kind| !fallback.contains(&kind.as_str()) && !code.contains(&format!("\"{kind}\""))).collect();
    assert!(gone.is_empty(), "src/dialect/asyncapi/{dialect}.json describes what is nowhere in src/dialect/{dialect}: {gone:?}");
}

#[test]
fn chat_is_described() {
    check_client("chat", "chat/conversation.rs", &[]);
    check_server("chat", &["Outgoing::new(", "acknowledge(client, request,", "message_frame("], &[]);
}

#[test]
fn stage_is_described() {
    check_client("stage", "stage/conversation.rs", &[]);
    check_server("stage", &["event(", "question("], &[]);
}

#[test]
fn rooms_are_described() {
    check_client("rooms", "rooms/conversation.rs", &["relayed"]);
    check_server("rooms", &["from_server(&to.to_string(),", "from_server(&receiver,"], &["relayed"]);
}

#[test]
fn mesh_is_described() {
    check_client("mesh", "mesh/wire.rs", &[]);
    check_server("mesh", &["\"type\":", "Kind::Offer =>", "MeshNews::PeerConnected { peer } => ("], &[]);
}

#[test]
fn lobby_is_described() {
    check_client("lobby", "lobby/conversation.rs", &[]);
    check_server("lobby", &["written(", "bare(", "LobbySignal::GuestOffer => ("], &[]);
}

#[test]
fn every_message_says_what_is_in_it() {
    for (dialect, text) in PARTS {
        let part: Part = serde_json::from_str(text).unwrap();
        for direction in [&part.client, &part.server] {
            for (kind, message) in &direction.messages {
                let whole = message.schema.is_some();
                assert!(whole || direction.frame.is_some(), "{dialect}, {kind}: neither a frame nor a schema");
                assert!(!whole || message.payload.is_none() && !message.optional, "{dialect}, {kind}: a schema and a payload");
                assert!(!message.optional || message.payload.is_some(), "{dialect}, {kind}: no payload, and that optional");
            }
        }
    }
    for left in ["{type}", "{payload}"] {
        assert!(!document().contains(left));
    }
}

#[test]
fn channels_are_where_the_protocols_are_unless_a_site_says_otherwise() {
    let document: Value = serde_json::from_str(document()).unwrap();
    let mut described = BTreeSet::new();
    for (name, channel) in document["channels"].as_object().unwrap() {
        let also = channel["x-also-at"].as_array().cloned().unwrap_or_default();
        for path in also.iter().chain([&channel["address"]]) {
            described.insert((path.as_str().unwrap().to_owned(), name.clone()));
        }
    }
    let config = Config::from_flags([""; 0]).unwrap();
    let mounted = config.network.mounts.0.iter().map(|mount| (mount.path.clone(), mount.dialect.as_str().to_owned())).collect();
    assert_eq!(described, mounted);
    assert_eq!(document["channels"].as_object().unwrap().len(), DialectName::ALL.len());
}
