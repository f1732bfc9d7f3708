//! Redis is away, comes back empty, or is not heard.

use std::time::Duration;

use rialto::ids::{MeshId, SessionId};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::peer::Peer;
use crate::faults::crew::{nodes, wait_for};
use crate::support::client::text;
use crate::support::node::{Node, Settings};
use crate::support::proxy::{FaultProxy, Mode};
use crate::support::redis::RedisServer;

mod two_nodes {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_was_there_is_found_again_after_redis_came_back_empty() {
        let mut redis = wait_for(RedisServer::start);
        let nodes = nodes(2, &Settings::redis(&redis.url())).await;
        let mut ann = Peer::come(&nodes[0], "?events=1").await;
        let mut bob = Peer::come_to(&nodes[1], "", &[&ann]).await;
        let mut neighbour = Peer::come_to(&nodes[0], "", &[&ann, &bob]).await;
        wait_for(|| redis.kill());

        // On one's own node all goes on; to others nothing is lost without a word.
        ann.offer(&neighbour.id, json!("next door")).await;
        neighbour.wire.expect("the offer", |frame| frame["offer"] == "next door").await;
        ann.offer(&bob.id, json!("over there")).await;
        ann.wire.expect("an error", |frame| frame["error"] == "unavailable" && frame["toPeerId"] == bob.id.as_str()).await;
        let stranger = super::super::peer::connect(&nodes[0], "").await;
        assert_eq!(stranger.expect_type("error").await["error"], "unavailable");
        assert_eq!(stranger.closed().await.0, 1012);

        wait_for(|| redis.restart_empty());
        let all = [bob.before[0].clone(), bob.id.clone(), neighbour.id.clone()];
        let newcomer = loop {
            let newcomer = knock(&nodes[1]).await;
            if newcomer.as_ref().is_some_and(|newcomer| all.iter().all(|id| newcomer.before.contains(id))) {
                break newcomer.unwrap();
            }
            if let Some(newcomer) = newcomer {
                newcomer.wire.close().await;
            }
            sleep(Duration::from_millis(50)).await;
        };
        ann.offer(&bob.id, json!("there you are")).await;
        bob.wire.expect("the offer", |frame| frame["offer"] == "there you are").await;
        bob.answer(&all[0], json!("here I am")).await;
        ann.wire.expect_type("answer").await;

        // Who asked for events is told of the newcomer, and of nobody that he had left who had not.
        let told = |frame: &Value| frame["type"] == "peer-disconnected" && all.contains(&text(&frame["peerId"]));
        let mut newcomer = newcomer;
        newcomer.offer(&all[0], json!("hello")).await;
        let newcomers = text(&ann.wire.expect("the offer", |frame| frame["offer"] == "hello").await["fromPeerId"]);
        ann.hears("peer-connected", &newcomers).await;
        newcomer.wire.close().await;
        ann.hears("peer-disconnected", &newcomers).await;
        assert!(!ann.wire.received().iter().any(told));
        neighbour.fence().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_node_leaves_that_stops_in_good_order_is_cleared_away() {
        let redis = wait_for(RedisServer::start);
        let nodes = nodes(2, &Settings::redis(&redis.url())).await;
        let (mesh, ghost) = (MeshId::of("/mesh/ws", None), SessionId::random());
        let line = nodes[1].logged("listening").await;
        let node = line.split_once("node=").unwrap().1.split_whitespace().next().unwrap();
        // A place that was written behind its own leave.
        let mut redis = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
        let holding = format!("x {mesh} {ghost}");
        redis::cmd("SADD").arg(format!("rialto:own:{node}")).arg(holding).exec_async(&mut redis).await.unwrap();
        let place = [ghost.to_string(), format!("1 {node}")];
        redis::cmd("HSET").arg(format!("rialto:{{x:{mesh}}}")).arg(&place).exec_async(&mut redis).await.unwrap();
        let watcher = Peer::come(&nodes[0], "?events=1").await;
        assert_eq!(watcher.before, [ghost.to_string()]);
        nodes[1].sigterm();
        assert!(nodes[1].wait().await.success());
        watcher.hears("peer-disconnected", &ghost.to_string()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_came_and_went_unheard_is_told_of_later() {
        let redis = wait_for(RedisServer::start);
        let proxy = FaultProxy::start(redis.port).await;
        let here = Node::start(&Settings::redis(&redis.url())).await;
        let there = Node::start(&Settings::redis(&format!("redis://127.0.0.1:{}", proxy.port))).await;
        let leaver = Peer::come(&here, "").await;
        let watcher = Peer::come_to(&there, "?events=1", &[&leaver]).await;
        let leavers = watcher.before[0].clone();

        assert!(proxy.set_carrying("SUBSCRIBE", Mode::Blackhole) > 0);
        leaver.wire.close().await;
        let newcomer = Peer::come_to(&here, "", &[&watcher]).await;
        watcher.hears("peer-disconnected", &leavers).await;
        watcher.hears("peer-connected", &newcomer.id).await;
        newcomer.wire.close().await;
        watcher.hears("peer-disconnected", &newcomer.id).await;
        let news = watcher.wire.received().iter().filter(|frame| frame["peerId"].is_string()).count();
        assert_eq!(news, 3, "each is told once");
    }
}

/// Into a mesh, if that can be entered now.
async fn knock(node: &Node) -> Option<Peer> {
    let wire = super::peer::connect(node, "").await;
    wire.until("an answer", |received| !received.is_empty()).await;
    let is_in = wire.received()[0]["type"] == "connected-peers";
    if is_in { Some(Peer::entered(wire).await) } else { None }
}
