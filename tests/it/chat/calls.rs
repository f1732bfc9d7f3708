//! Calls as clients see them who are in none. (+)

use std::time::{Duration, Instant};

use serde_json::json;

use super::site::Site;
use crate::support::client::Client;
use crate::support::node::{Node, Settings};
use crate::support::redis::RedisServer;

everywhere!(who_is_in_no_call_is_told_so, what_is_no_call_cannot_be_joined,);

async fn who_is_in_no_call_is_told_so(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let (participant, answer) = (ann.session().to_owned(), json!({ "type": "answer", "sdp": "v=0\r\n", "connection": 1, "offer": 1 }));
    for (kind, payload) in [
        ("callAnswer", answer.clone()),
        ("callCandidate", json!({ "candidate": "" })),
        ("callPublish", json!({ "source": "camera", "on": true })),
        ("callState", json!({ "hand": true })),
        ("callSubscribe", json!({ "participant": participant, "source": "camera", "height": 360 })),
        ("callRestart", json!({})),
    ] {
        let refused = ann.request(kind, payload).await;
        assert_eq!((&refused["error"]["code"], &refused["error"]["error"]), (&json!(16), &json!("not in a call")), "{kind}");
    }
    assert_eq!(ann.ask("callLeave", json!({})).await, json!({}));
    let mut nobody = Client::connect(site.here()).await;
    assert_eq!(nobody.refused("callJoin", json!({})).await, 14);
    assert_eq!(nobody.refused("callAnswer", answer).await, 14);
}

async fn what_is_no_call_cannot_be_joined(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    for bad in ["", "a b", "../a", "café", &"x".repeat(65)] {
        assert_eq!(ann.refused("callJoin", json!({ "room": bad })).await, 16, "{bad:?}");
    }
    for bad in [json!({ "recipientUUID": "bob" }), json!({ "muted": "camera" }), json!({ "audio": 1 })] {
        assert_eq!(ann.refused("callJoin", bad).await, 16);
    }
    assert_eq!(ann.refused("callJoin", json!({ "recipientUUID": "00000000-0000-4000-8000-000000000000" })).await, 10);
    bob.ask("block", json!({ "userUUID": ann.uuid(), "on": true })).await;
    assert_eq!(ann.refused("callJoin", json!({ "recipientUUID": bob.uuid() })).await, 18);
    assert_eq!(ann.refused("callState", json!({ "hand": true })).await, 16, "she is in none of them");
}

#[tokio::test]
async fn without_a_media_node_nobody_waits_for_long() {
    let redis = tokio::task::spawn_blocking(RedisServer::start).await.unwrap();
    let node = Node::start(&Settings::redis(&redis.url()).with("ROLE", "chat")).await;
    let mut ann = Client::guest(&node).await;
    let asked = Instant::now();
    assert_eq!(ann.refused("callJoin", json!({})).await, 17);
    assert!(asked.elapsed() < Duration::from_secs(6), "it took {:?}", asked.elapsed());
    assert_eq!(ann.refused("callState", json!({ "hand": true })).await, 16);
}
