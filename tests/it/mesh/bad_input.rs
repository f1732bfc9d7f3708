//! What no client should send: it gets an error, and the connection stays.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::peer::Peer;
use crate::chat::site::Site;

everywhere!(
    malformed_frames_get_their_error with [("RATE_MESSAGES", "0")],
    frames_that_are_too_large_are_refused with [("MAX_FRAME_BYTES", "2048")],
    too_many_messages_are_refused with [("RATE_MESSAGES", "20,1")],
);

const MALFORMED: [&str; 27] = [
    "",
    " ",
    "{",
    "null",
    "7",
    "\"forward-offer\"",
    "[]",
    "[\"forward-offer\",{},\"x\"]",
    "{}",
    "{\"action\":null}",
    "{\"action\":7}",
    "{\"action\":{}}",
    "{\"action\":\"\"}",
    "{\"action\":\"dance\",\"toPeerId\":\"x\"}",
    "{\"action\":\"FORWARD-OFFER\",\"offer\":1,\"toPeerId\":\"x\"}",
    "{\"Action\":\"forward-offer\",\"offer\":1,\"toPeerId\":\"x\"}",
    "{\"type\":\"offer\",\"offer\":1,\"fromPeerId\":\"x\"}",
    "{\"action\":\"forward-offer\"}",
    "{\"action\":\"forward-offer\",\"offer\":1}",
    "{\"action\":\"forward-offer\",\"toPeerId\":\"x\"}",
    "{\"action\":\"forward-offer\",\"answer\":1,\"toPeerId\":\"x\"}",
    "{\"action\":\"forward-answer\",\"offer\":1,\"toPeerId\":\"x\"}",
    "{\"action\":\"forward-icecandidate\",\"icecandidate\":1,\"toPeerId\":\"x\"}",
    "{\"action\":\"forward-offer\",\"offer\":1,\"toPeerId\":null}",
    "{\"action\":\"forward-offer\",\"offer\":1,\"toPeerId\":7}",
    "{\"action\":\"forward-offer\",\"offer\":1,\"toPeerId\":[\"x\"]}",
    "{\"action\":\"forward-offer\",\"offer\":1,\"toPeerId\":\"x\"} {}",
];

async fn bad_message(peer: &Peer) {
    let error = peer.wire.expect("an error", |frame| frame["error"] == "bad-message").await;
    assert_eq!((&error["type"], error.as_object().unwrap().len()), (&json!("error"), 3), "{error}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
}

async fn malformed_frames_get_their_error(site: Site) {
    let mut ann = Peer::come(site.here(), "").await;
    let mut bob = Peer::come_to(site.there(), "", &[&ann]).await;
    for frame in MALFORMED {
        ann.wire.send_text(frame).await;
        bad_message(&ann).await;
    }
    for binary in [vec![], vec![0; 100], br#"{"action":"forward-offer","offer":1,"toPeerId":"x"}"#.to_vec()] {
        ann.wire.send_message(Message::binary(binary)).await;
        bad_message(&ann).await;
    }
    ann.wire.send_text("[".repeat(30_000)).await;
    bad_message(&ann).await;
    ann.offer(&bob.id, json!("still here")).await;
    bob.wire.expect("the offer", |frame| frame["offer"] == "still here").await;
    bob.fence().await;
    for node in &site.nodes {
        assert_eq!(node.metric("rialto_handler_panics_total").await, 0.0);
    }
}

async fn frames_that_are_too_large_are_refused(site: Site) {
    let mut ann = Peer::come(site.here(), "").await;
    let bob = Peer::come_to(site.there(), "", &[&ann]).await;
    for size in [2_049, 8_000] {
        ann.offer(&bob.id, json!("x".repeat(size))).await;
        bad_message(&ann).await;
    }
    ann.offer(&bob.id, json!("still here")).await;
    bob.wire.expect("the offer", |frame| frame["offer"] == "still here").await;
}

async fn too_many_messages_are_refused(site: Site) {
    let mut ann = Peer::come(site.here(), "").await;
    for _ in 0..30 {
        ann.candidate("nobody", Value::Null).await;
    }
    let error = ann.wire.expect("an error", |frame| frame["error"] == "too-many-messages").await;
    assert_eq!(error["type"], "error");
    assert!(ann.wire.is_open());
}
