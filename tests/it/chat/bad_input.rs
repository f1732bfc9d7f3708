//! What no client should send: it gets an error of the protocol, and the connection stays.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::site::Site;
use crate::support::client::Client;

everywhere!(
    malformed_frames_get_their_error with [("RATE_MESSAGES", "0")],
    numbers_at_the_edge_do_no_harm,
    messages_that_are_too_large_are_refused with [("MAX_FRAME_BYTES", "2048"), ("RATE_MESSAGES", "0")],
);

/// Frames of somebody who is signed in, and the code of the error that each of them gets.
const MALFORMED: [(&str, u64); 68] = [
    ("", 1),
    (" ", 1),
    ("{", 1),
    ("}", 1),
    ("null", 1),
    ("true", 1),
    ("7", 1),
    ("\"users\"", 1),
    ("[]", 1),
    ("[{\"type\":\"users\"}]", 1),
    ("{\"type\":\"users\"} {}", 1),
    ("{\"type\":\"users\",}", 1),
    ("{'type':'users'}", 1),
    ("{\"type\":\"users\"", 1),
    ("{\"type\":\"\\ud800\"}", 13),
    ("{\"type\":\"users\u{0}\"}", 1),
    ("{}", 13),
    ("{\"Type\":\"users\"}", 13),
    ("{\"type\":null}", 13),
    ("{\"type\":7}", 13),
    ("{\"type\":[\"users\"]}", 13),
    ("{\"type\":{}}", 13),
    ("{\"type\":\"\"}", 13),
    ("{\"type\":\"Users\"}", 13),
    ("{\"type\":\"users \"}", 13),
    ("{\"type\":\"ready\"}", 13),
    ("{\"type\":\"authorized\"}", 13),
    ("{\"type\":\"sys\"}", 13),
    ("{\"type\":\"error\"}", 13),
    ("{\"type\":\"__proto__\"}", 13),
    ("{\"type\":\"users\",\"id\":1}", 16),
    ("{\"type\":\"users\",\"users\":[]}", 16),
    ("{\"type\":\"users\",\"users\":\"all\"}", 16),
    ("{\"type\":\"users\",\"users\":{\"limit\":-1}}", 16),
    ("{\"type\":\"users\",\"users\":{\"query\":\"a\\u0000b\"}}", 16),
    ("{\"type\":\"signIn\"}", 16),
    ("{\"type\":\"signIn\",\"signIn\":null}", 16),
    ("{\"type\":\"signIn\",\"signIn\":{\"username\":7,\"password\":\"x\"}}", 16),
    ("{\"type\":\"signIn\",\"signIn\":{\"username\":\"x\",\"password\":{}}}", 16),
    ("{\"type\":\"signIn\",\"signIn\":{\"guest\":\"yes\"}}", 16),
    ("{\"type\":\"signUp\",\"signUp\":{\"guest\":true}}", 16),
    ("{\"type\":\"signUp\",\"signUp\":[\"x\",\"y\"]}", 16),
    ("{\"type\":\"channelJoin\",\"channelJoin\":{\"recipientUUID\":7}}", 16),
    ("{\"type\":\"channelJoin\",\"channelJoin\":{\"recipientUUID\":\"general\"}}", 16),
    ("{\"type\":\"channelJoin\",\"channelJoin\":{\"after\":-1}}", 16),
    ("{\"type\":\"channelJoin\",\"channelJoin\":{\"after\":1e400}}", 16),
    ("{\"type\":\"channelJoin\",\"channelJoin\":{\"epoch\":\"1\"}}", 16),
    ("{\"type\":\"channelMessage\"}", 16),
    ("{\"type\":\"channelMessage\",\"channelMessage\":\"hello\"}", 16),
    ("{\"type\":\"channelMessage\",\"channelMessage\":{\"message\":null}}", 16),
    ("{\"type\":\"channelMessage\",\"channelMessage\":{\"message\":[\"hello\"]}}", 16),
    ("{\"type\":\"channelMessage\",\"channelMessage\":{\"message\":\"\\ud800\"}}", 16),
    ("{\"type\":\"channelMessage\",\"channelMessage\":{\"message\":\"x\",\"clientID\":\"\"}}", 16),
    ("{\"type\":\"channelLeave\",\"channelLeave\":{\"recipientUUID\":[]}}", 16),
    ("{\"type\":\"typing\",\"typing\":{\"recipientUUID\":\"x\"}}", 16),
    ("{\"type\":\"read\"}", 16),
    ("{\"type\":\"watch\",\"watch\":{\"recipientUUIDs\":[null,7]}}", 16),
    ("{\"type\":\"account\",\"account\":{\"username\":\"a\\nb\"}}", 16),
    ("{\"type\":\"callJoin\",\"callJoin\":{\"room\":\"a/b\"}}", 16),
    ("{\"type\":\"callAnswer\"}", 16),
    ("{\"type\":\"callAnswer\",\"callAnswer\":{\"type\":\"offer\",\"sdp\":\"v=0\",\"connection\":1,\"offer\":1}}", 16),
    ("{\"type\":\"callCandidate\",\"callCandidate\":\"candidate:1\"}", 16),
    ("{\"type\":\"callPublish\",\"callPublish\":{\"source\":\"webcam\",\"on\":true}}", 16),
    ("{\"type\":\"callState\",\"callState\":{\"reaction\":\"hello\"}}", 16),
    ("{\"type\":\"callSubscribe\",\"callSubscribe\":{\"height\":360}}", 16),
    ("{\"type\":\"callRestart\",\"callRestart\":[]}", 16),
    ("{\"type\":\"block\",\"block\":{\"userUUID\":\"me\",\"on\":true}}", 16),
    ("{\"type\":\"deleteAccount\",\"deleteAccount\":{\"password\":7}}", 16),
];

async fn malformed_frames_get_their_error(site: Site) {
    let mut witness = Client::guest(site.there()).await;
    witness.join("").await;
    let mut client = Client::guest(site.here()).await;
    client.join("").await;
    for (frame, code) in MALFORMED {
        client.send_text(frame).await;
        let error = client.expect_type("error").await;
        assert_eq!(error["error"]["code"], code, "{frame}: {error}");
        assert!(!error["error"]["error"].as_str().unwrap().is_empty());
        let payload = &error["error"]["payload"];
        assert!(payload.is_object() || payload == "", "{frame}: {payload}");
    }
    for deep in ["[".repeat(30_000), format!("{{\"type\":\"users\",\"users\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000))] {
        client.send_text(deep).await;
        assert!([1, 16].contains(&client.expect_error().await.0));
    }
    for binary in [vec![], vec![0; 100], br#"{"type":"users"}"#.to_vec()] {
        client.send_message(Message::binary(binary)).await;
        assert_eq!(client.expect_error().await, (1, json!("")));
    }
    client.say("", "still here").await;
    witness.hears("still here").await;
    assert_eq!(witness.messages().len(), 1);
}

async fn numbers_at_the_edge_do_no_harm(site: Site) {
    const MOST: u64 = u64::MAX;
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    let opened = bob.ask("channelJoin", json!({})).await;
    ann.say("", "one").await;
    let view = ann.ask("channelJoin", json!({ "after": MOST, "epoch": opened["epoch"], "limit": MOST })).await;
    assert_eq!((&view["reset"], &view["seq"], &view["epoch"]), (&json!(true), &json!(1), &opened["epoch"]));
    assert_eq!(ann.ask("channelJoin", json!({ "after": 0, "epoch": MOST, "limit": 0 })).await["reset"], true);
    assert_eq!(ann.ask("channelHistory", json!({ "before": MOST, "limit": MOST })).await["messages"].as_array().unwrap().len(), 1);
    assert_eq!(ann.ask("channelHistory", json!({ "before": 0, "limit": 0 })).await["messages"], json!([]));
    assert_eq!(ann.ask("users", json!({ "limit": MOST })).await["received"], 2);
    ann.ask("users", json!({ "limit": 0 })).await;
    ann.ask("read", json!({ "seq": MOST })).await;
    for (kind, payload) in [
        ("editMessage", json!({ "seq": MOST, "message": "x" })),
        ("deleteMessage", json!({ "seq": MOST })),
        ("react", json!({ "seq": MOST, "emoji": "👍", "on": true })),
    ] {
        assert_eq!(ann.refused(kind, payload).await, 7);
    }
    // Whatever one client says that it has, the others' channel is what it was.
    ann.say("", "two").await;
    bob.hears("two").await;
    assert_eq!(bob.received_of("channelReset"), Vec::<Value>::new());
    assert_eq!(bob.ask("channelJoin", json!({})).await["epoch"], opened["epoch"]);
}

async fn messages_that_are_too_large_are_refused(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    for size in [2_049, 8_000] {
        ann.post("", &"x".repeat(size)).await;
        assert_eq!(ann.expect_error().await, (16, json!("")));
        ann.send_message(Message::binary(vec![0; size])).await;
        assert_eq!(ann.expect_error().await, (16, json!("")));
    }
    ann.say("", "still here").await;
    // Many times too large is not even read.
    ann.send_message(Message::text("x".repeat(100_000))).await;
    assert_eq!(ann.closed().await.0, 1009);
    let mut bob = Client::guest(site.there()).await;
    assert_eq!(bob.join("").await["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn random_json_around_valid_messages_never_ends_a_connection() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let site = runtime.block_on(Site::embedded(&[("RATE_MESSAGES", "0")]));
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let cases = AtomicUsize::new(0);
    let result = runner.run(&vec(frame(), 1..12), |frames| {
        let case = cases.fetch_add(1, Ordering::Relaxed);
        runtime.block_on(async {
            let mut client = Client::connect(site.here()).await;
            // A member, so that no frame can happen to delete the account and so end the connection rightly.
            client.send("signUp", json!({ "username": format!("case {case}"), "password": "known to nobody" })).await;
            client.authorized().await;
            for frame in &frames {
                client.send_anything(frame).await;
            }
            tokio::time::timeout(Duration::from_secs(60), client.fence()).await.expect("answered");
            for frame in client.received().iter().filter(|frame| frame["type"] == "error") {
                let code = frame["error"]["code"].as_u64().unwrap();
                // 17: no media node for a call.
                assert!([1, 4, 5, 7, 10, 11, 13, 14, 16, 17, 18].contains(&code), "{frame}");
            }
            client.close().await;
        });
        Ok(())
    });
    result.unwrap();
    assert_eq!(runtime.block_on(site.here().metric("rialto_handler_panics_total")), 0.0);
    assert!(!site.here().log().iter().any(|line| line.contains("panicked")));
}

/// A message of the protocol with some of it changed at random.
fn frame() -> impl Strategy<Value = String> {
    const KINDS: [&str; 27] = [
        "signIn",
        "signUp",
        "signOut",
        "users",
        "channelJoin",
        "channelMessage",
        "channelLeave",
        "channelHistory",
        "watch",
        "typing",
        "read",
        "editMessage",
        "deleteMessage",
        "react",
        "account",
        "deleteAccount",
        "exportAccount",
        "block",
        "kick",
        "callJoin",
        "callAnswer",
        "callCandidate",
        "callPublish",
        "callState",
        "callSubscribe",
        "callRestart",
        "callLeave",
    ];
    // Not `guest`: a guest's account needs no password to be deleted.
    const FIELDS: [&str; 27] = [
        "username",
        "password",
        "uuid",
        "after",
        "limit",
        "query",
        "recipientUUID",
        "message",
        "before",
        "clientID",
        "epoch",
        "recipientUUIDs",
        "all",
        "seq",
        "emoji",
        "on",
        "userUUID",
        "minutes",
        "room",
        "muted",
        "source",
        "hand",
        "reaction",
        "participant",
        "height",
        "sdp",
        "unknown",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        Just(json!("")),
        Just(json!("00000000-0000-4000-8000-000000000000")),
        Just(json!([])),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-zA-Z]{0,8}", inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    let field = proptest::sample::select(FIELDS.as_slice());
    let payload = prop_oneof![
        6 => vec((field, value.clone()), 0..5).prop_map(|fields| {
            Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
        }),
        1 => value.clone(),
    ];
    let header = proptest::sample::select(["id", "SUUID", "SSUID", "userUUID", "userAccessKey", "accessKey", "x"].as_slice());
    let headers = vec((header, value), 0..3);
    let whole = (proptest::sample::select(KINDS.as_slice()), payload, headers).prop_map(|(kind, payload, headers)| {
        let mut frame = json!({ "type": kind, kind: payload });
        for (name, value) in headers {
            frame[name] = value;
        }
        frame.to_string()
    });
    // And some that are cut off.
    (whole, proptest::option::weighted(0.1, 0.0..1.0_f64)).prop_map(|(text, cut)| match cut {
        Some(share) => text.chars().take((text.chars().count() as f64 * share) as usize).collect(),
        None => text,
    })
}
