//! Calls whose media node dies, freezes or stops, and nodes that do not hear of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::crew::wait_for;
use crate::support::client::{Client, PATIENCE};
use crate::support::node::{Node, Settings};
use crate::support::proxy::{FaultProxy, Mode};
use crate::support::redis::{RedisServer, wait_until};

/// No call stands still for so long when its media node is gone, on a machine however busy. What is promised is much less, and measured
/// where nothing else runs (`tests/browser/timed/moving.test.mjs`).
const GAP: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_outlives_its_media_node() {
    let redis = wait_for(RedisServer::start);
    let scene = Scene::of_two(&redis).await;
    let before = scene.newest();
    let killed = Instant::now();
    scene.serving.kill9();
    scene.both_have_another_connection(before, killed).await;
    scene.ann.expect("both, and his hand", |v| is_raised(v, 2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_node_that_slept_does_no_harm_when_it_wakes() {
    let redis = wait_for(RedisServer::start);
    let mut scene = Scene::of_two(&redis).await;
    let before = scene.newest();
    let frozen = Instant::now();
    scene.serving.pause(true);
    scene.both_have_another_connection(before, frozen).await;
    let moves = scene.ann.received_of("callMoved").len();
    scene.serving.pause(false);
    for emoji in ["👍", "👋"] {
        scene.bob.ask("callState", json!({ "reaction": emoji })).await;
        scene.ann.expect("his reaction", |v| v["callState"]["reaction"] == emoji).await;
    }
    // Unless the other one has stood still, too, for longer than its lease lasts.
    let lost_it = scene.idle.metric("rialto_media_renewals_refused_total").await > 0.0;
    assert!(lost_it || scene.ann.received_of("callMoved").len() == moves, "it has moved once more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_node_that_is_stopped_hands_its_calls_over() {
    let redis = wait_for(RedisServer::start);
    let scene = Scene::of_two(&redis).await;
    let before = scene.newest();
    let stopped = Instant::now();
    scene.serving.sigterm();
    scene.both_have_another_connection(before, stopped).await;
    assert!(scene.serving.wait().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_did_not_hear_of_a_call_is_told_once_it_hears_again() {
    let redis = wait_for(RedisServer::start);
    let proxy = FaultProxy::start(redis.port).await;
    let here = Node::start(&Settings::redis(&redis.url())).await;
    let deaf = Node::start(&Settings::redis(&format!("redis://127.0.0.1:{}", proxy.port)).with("ROLE", "chat")).await;
    let mut ann = Client::guest(&here).await;
    let mut eve = Client::guest(&deaf).await;
    eve.watch(json!({ "recipientUUIDs": [""] })).await;
    ann.call(json!({})).await;
    eve.sees_in_call("", &[&ann]).await;
    assert!(proxy.set_carrying("SUBSCRIBE", Mode::Blackhole) > 0);
    ann.ask("callLeave", json!({})).await;
    eve.sees_in_call("", &[]).await;
}

/// Two people in a call, one with a raised hand, and two media nodes.
struct Scene {
    ann: Client,
    bob: Client,
    serving: Node,
    idle: Node,
    _chat: Node,
}

impl Scene {
    async fn of_two(redis: &RedisServer) -> Self {
        let (chat, one, other) = tokio::join!(node(redis, "chat"), node(redis, "media"), node(redis, "media"));
        wait_for(|| wait_until("all are on the list", || redis.cli(&["ZCARD", "rialto:{nodes}"]) == "3"));
        let (mut ann, mut bob) = (Client::guest(&chat).await, Client::guest(&chat).await);
        ann.call(json!({ "audio": true })).await;
        bob.call(json!({ "audio": true })).await;
        bob.ask("callState", json!({ "hand": true })).await;
        ann.expect("his hand", |v| is_raised(v, 2)).await;
        ann.offered().await;
        bob.offered().await;
        // Its figures are told once a second.
        let start = Instant::now();
        let (serving, idle) = loop {
            assert!(start.elapsed() < PATIENCE, "nobody serves the room");
            match (one.metric(ROOMS).await, other.metric(ROOMS).await) {
                (1.0, 0.0) => break (one, other),
                (0.0, 1.0) => break (other, one),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        Self { ann, bob, serving, idle, _chat: chat }
    }

    /// The highest number of a connection so far.
    fn newest(&self) -> u64 {
        self.ann.newest_connection().max(self.bob.newest_connection())
    }

    async fn both_have_another_connection(&self, before: u64, since: Instant) {
        for client in [&self.ann, &self.bob] {
            client.expect_type("callMoved").await;
            let offer = client.expect("another connection", |v| v["callOffer"]["connection"].as_u64() > Some(before)).await;
            assert_eq!(offer["callOffer"]["lines"][0]["source"], "microphone");
            assert!(since.elapsed() < GAP, "it took {:?}", since.elapsed());
        }
    }
}

/// The figure that says how many rooms a node serves.
const ROOMS: &str = "rialto_media_rooms";

async fn node(redis: &RedisServer, role: &str) -> Node {
    Node::start(&Settings::redis(&redis.url()).with("ROLE", role)).await
}

/// Whether so many are there, and somebody's hand is up.
fn is_raised(frame: &Value, count: usize) -> bool {
    let hand = |of: &Value| of["hand"] == true;
    frame["callTracks"]["participants"].as_array().is_some_and(|all| all.len() == count && all.iter().any(hand))
}
