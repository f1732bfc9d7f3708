//! What no client should send: it is told so, and the connection stays.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::guest::{Guest, SERVER};
use super::web::make_room;
use crate::chat::site::Site;

everywhere!(
    what_is_no_message_is_told,
    unknown_types_are_for_guests,
    who_is_not_there_is_told with [("RUST_LOG", "debug")],
    too_much_is_told with [("RATE_MESSAGES", "20,1"), ("MAX_FRAME_BYTES", "2000")],
);

async fn what_is_no_message_is_told(site: Site) {
    make_room(site.here(), "r").await;
    let mut guest = Guest::come(site.here(), "r").await;
    for (bad, words) in [
        ("", "A message is one JSON object"),
        ("{", "A message is one JSON object"),
        ("[]", "A message is one JSON object"),
        ("7", "A message is one JSON object"),
        ("{}", "The field receiver is missing"),
        (r#"{"receiver":null,"type":"ping"}"#, "The field receiver is a string"),
        (r#"{"receiver":"room"}"#, "The field type is missing"),
        (r#"{"receiver":"room","type":{}}"#, "The field type is a string"),
    ] {
        guest.wire.send_text(bad).await;
        assert_eq!(guest.error().await, words, "{bad}");
    }
    guest.wire.send_message(Message::binary(vec![1, 2])).await;
    assert_eq!(guest.error().await, "Binary messages are not understood");
    guest.fence().await;
}

async fn unknown_types_are_for_guests(site: Site) {
    make_room(site.here(), "r").await;
    let mut guest = Guest::come(site.here(), "r").await;
    for kind in ["dance", "", "text", "offer", "room-info", "error"] {
        guest.send(SERVER, kind, Value::Null).await;
        assert_eq!(guest.error().await, format!("Unknown message type: {kind}"));
    }
}

async fn who_is_not_there_is_told(site: Site) {
    make_room(site.here(), "r").await;
    let mut guest = Guest::come(site.here(), "r").await;
    for nobody in ["", "nobody", "00000000-0000-0000-0000-000000000000", "Ground Control"] {
        guest.send(nobody, "text", json!("a secret word")).await;
        assert_eq!(guest.error().await, format!("No such client: {nobody}"));
    }
    // Of what is said nothing is in a log.
    let mut other = Guest::come(site.there(), "r").await;
    guest.send(&other.id, "text", json!("a secret word")).await;
    other.message("text").await;
    other.fence().await;
    assert!(site.nodes.iter().all(|node| node.log().iter().all(|line| !line.contains("a secret word"))));
}

async fn too_much_is_told(site: Site) {
    make_room(site.here(), "r").await;
    let mut guest = Guest::come(site.here(), "r").await;
    guest.send("room", "text", json!("x".repeat(3_000))).await;
    assert_eq!(guest.error().await, "The message is too large");
    for _ in 0..40 {
        guest.send(SERVER, "pong", Value::Null).await;
    }
    assert!(guest.error().await.starts_with("Too many messages; try again in "));
    assert!(guest.wire.is_open());
}
