//! What no client should send: it gets an error, and the connection stays.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::visitor::{Visitor, make_room};
use crate::chat::site::Site;

everywhere!(
    malformed_frames_get_their_error with [("RATE_MESSAGES", "0")],
    frames_that_are_too_large_are_refused with [("MAX_FRAME_BYTES", "2048")],
    too_many_orders_are_refused with [("RATE_MESSAGES", "20,1")],
    the_log_knows_no_secrets with [("RUST_LOG", "rialto=trace")],
);

const MALFORMED: [&str; 44] = [
    "",
    " ",
    "{",
    "null",
    "7",
    "\"user_message\"",
    "[]",
    "[\"user_message\",{\"text\":\"x\"}]",
    "{}",
    "{\"order\":null}",
    "{\"order\":7}",
    "{\"order\":{}}",
    "{\"order\":\"\"}",
    "{\"order\":\"dance\"}",
    "{\"order\":\"USER_MESSAGE\",\"details\":{\"text\":\"x\"}}",
    "{\"Order\":\"get_current_guests\"}",
    "{\"order\":\"joined_room\"}",
    "{\"order\":\"\\ud800\"}",
    "{\"type\":\"event\",\"data\":{\"event\":\"user_message\",\"data\":{\"text\":\"x\"}}}",
    "{\"order\":\"user_message\"}",
    "{\"order\":\"user_message\",\"details\":null}",
    "{\"order\":\"user_message\",\"details\":\"x\"}",
    "{\"order\":\"user_message\",\"details\":[\"x\"]}",
    "{\"order\":\"user_message\",\"details\":{}}",
    "{\"order\":\"user_message\",\"details\":{\"text\":null}}",
    "{\"order\":\"user_message\",\"details\":{\"text\":7}}",
    "{\"order\":\"user_message\",\"details\":{\"text\":\"\"}}",
    "{\"order\":\"user_message\",\"details\":{\"text\":\"\\ud800\"}}",
    "{\"order\":\"validate_access_token\",\"details\":{}}",
    "{\"order\":\"validate_access_token\",\"details\":[\"x\"]}",
    "{\"order\":\"validate_access_token\",\"details\":true}",
    "{\"order\":\"set_user_password\"}",
    "{\"order\":\"set_user_password\",\"details\":{\"password\":null}}",
    "{\"order\":\"set_user_password\",\"details\":{\"password\":[]}}",
    "{\"order\":\"set_user_password\",\"details\":\"secret-1\"}",
    "{\"order\":\"set_user_name\",\"details\":{\"name\":7}}",
    "{\"order\":\"set_user_name\",\"details\":[\"x\"]}",
    "{\"order\":\"validate_user_name_password\"}",
    "{\"order\":\"validate_user_name_password\",\"details\":{\"name\":\"x\"}}",
    "{\"order\":\"validate_user_name_password\",\"details\":{\"name\":{},\"password\":\"x\"}}",
    "{\"order\":\"validate_user_name_password\",\"details\":[\"x\",\"y\"]}",
    "{\"order\":\"identify_streamid\",\"details\":{}}",
    "{\"order\":\"__proto__\"}",
    "{\"order\":\"get_current_guests\"} {}",
];

async fn malformed_frames_get_their_error(site: Site) {
    let room = make_room(site.here()).await;
    let witness = Visitor::come(site.there(), &room).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    for frame in MALFORMED {
        ann.wire.send_text(frame).await;
        let (code, message) = ann.error().await;
        assert_eq!(code, 400, "{frame}: {message}");
        assert!(!message.is_empty());
    }
    for deep in ["[".repeat(30_000), format!("{{\"order\":\"user_message\",\"details\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000))] {
        ann.wire.send_text(deep).await;
        assert_eq!(ann.error().await.0, 400);
    }
    for binary in [vec![], vec![0; 100], br#"{"order":"get_current_guests"}"#.to_vec()] {
        ann.wire.send_message(Message::binary(binary)).await;
        assert_eq!(ann.error().await.0, 400);
    }
    // Whoever one says that one is: the connection knows.
    let claim = json!({ "text": "still here", "from_user_name": "witness", "from_user_id": witness.id, "user_verified": true });
    ann.order("user_message", claim).await;
    let said = witness.hears("still here").await;
    assert_eq!(said, json!({ "text": "still here", "from_user_name": ann.name, "from_user_id": ann.id, "user_verified": false }));
    assert_eq!(witness.all("user_message").len(), 1);
    assert_eq!(site.here().metric("rialto_handler_panics_total").await, 0.0);
}

async fn frames_that_are_too_large_are_refused(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    for size in [2_049, 8_000] {
        ann.say(&"x".repeat(size)).await;
        assert_eq!(ann.error().await.0, 413);
    }
    ann.say("still here").await;
    ann.hears("still here").await;
    assert_eq!(ann.all("user_message").len(), 1);
}

async fn too_many_orders_are_refused(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    for _ in 0..30 {
        ann.order("get_current_guests", Value::Null).await;
    }
    assert_eq!(ann.error().await.0, 429);
    assert!(ann.wire.is_open());
}

async fn the_log_knows_no_secrets(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::member(site.here(), &room, "ann").await;
    let bob = Visitor::come(site.there(), &room).await;
    ann.say("a word in confidence").await;
    bob.hears("a word in confidence").await;
    ann.order("user_message", json!({ "text": "a whisper in confidence", "toUserID": bob.id })).await;
    bob.hears("a whisper in confidence").await;
    ann.order("validate_user_name_password", json!({ "name": "ann", "password": "wrong-secret-1" })).await;
    ann.error().await;
    let secrets = ["in confidence", super::visitor::PASSWORD, "wrong-secret-1", &ann.token, &bob.token];
    for node in &site.nodes {
        for line in node.log() {
            assert!(!secrets.iter().any(|secret| line.contains(*secret)), "{line}");
        }
    }
}
