//! However a connection ends, its peer is gone from later lists.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::peer::Peer;
use crate::chat::site::Site;
use crate::support::client::{Client, text};

everywhere!(however_a_connection_ends_its_peer_is_gone, who_comes_while_others_leave_knows_who_is_there,);

async fn however_a_connection_ends_its_peer_is_gone(site: Site) {
    let watcher = Peer::come(site.here(), "?events=1").await;
    let goodbye = Peer::come_to(site.there(), "", &[&watcher]).await;
    let cut = Peer::come_to(site.there(), "", &[&watcher]).await;
    let mut rude = Peer::come_to(site.here(), "", &[&watcher]).await;
    let gone = [goodbye.id.clone(), cut.id.clone(), rude.id.clone()];
    goodbye.wire.close().await;
    drop(cut);
    rude.wire.send_message(Message::binary(vec![0; 1_000_000])).await;
    assert_eq!(rude.wire.closed().await.0, 1009);
    for peer in &gone {
        watcher.hears("peer-disconnected", peer).await;
    }
    assert_eq!(Peer::come(site.there(), "").await.before.len(), 1);
}

async fn who_comes_while_others_leave_knows_who_is_there(site: Site) {
    for round in 0..4 {
        let query = format!("?events=1&room={round}");
        let others = join_all((0..6).map(|index| Peer::come(site.any(index), &query))).await;
        let (late, _) = tokio::join!(
            join_all((0..6).map(|index| Peer::come(site.any(index), &query))),
            join_all(others.into_iter().map(|other| other.wire.close())),
        );
        // By what each was told, in the end these are there, each but oneself.
        for peer in &late {
            let told = |kind: &str| peer.wire.received().iter().filter(|frame| frame["type"] == kind).count();
            let is_right =
                |_: &[serde_json::Value]| peer.before.len() + told("peer-connected") == told("peer-disconnected") + late.len() - 1;
            peer.wire.until("the others are there", is_right).await;
        }
    }
}

mod three_nodes {
    use super::*;

    /// As a rule it takes 8 s; where Redis does not hear of a living node in time, its death is certain only later.
    const GONE_WITHIN: Duration = Duration::from_secs(25);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_peers_of_a_killed_node_are_gone_and_told_of_once() {
        let site = Site::on_redis(3, &[]).await;
        let mut watcher = Peer::come(site.here(), "?events=1").await;
        let plain = Peer::come_to(&site.nodes[1], "", &[&watcher]).await;
        let ghosts = join_all((0..5).map(|_| Peer::come(site.there(), ""))).await;
        let mut ids = Vec::new();
        for _ in &ghosts {
            ids.push(text(&watcher.wire.expect("a ghost", |frame| frame["type"] == "peer-connected" && frame["peerId"] != plain.id.as_str()).await["peerId"]));
        }
        site.there().kill9();
        let killed = Instant::now();
        // What is on its way to them comes back.
        watcher.offer(&ids[0], json!("hello?")).await;
        watcher.misses(&ids[0]).await;
        for ghost in &ids {
            watcher.hears("peer-disconnected", ghost).await;
        }
        for node in &site.nodes[..2] {
            let newcomer = Peer::come(node, "").await;
            assert!(!newcomer.before.iter().any(|before| ids.contains(before)), "a ghost");
            assert!(newcomer.before.contains(&plain.id));
        }
        assert!(killed.elapsed() < GONE_WITHIN, "after {:?}", killed.elapsed());
        for ghost in &ids {
            watcher.candidate(ghost, json!(null)).await;
            watcher.misses(ghost).await;
        }
        let gone = watcher
            .wire
            .received()
            .iter()
            .filter(|frame| frame["type"] == "peer-disconnected" && ids.contains(&text(&frame["peerId"])))
            .count();
        assert_eq!(gone, ids.len(), "each is told once");
        assert!(plain.wire.received().iter().all(|frame| frame["type"] != "peer-disconnected"), "who did not ask is not told");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_peers_of_a_node_that_is_stopped_are_gone_at_once() {
        let site = Site::on_redis(3, &[("DRAIN_SECONDS", "1")]).await;
        let watcher = Peer::come(site.here(), "?events=1").await;
        let leaver: Client = Peer::come_to(site.there(), "", &[&watcher]).await.wire;
        let id = text(&watcher.wire.expect_type("peer-connected").await["peerId"]);
        site.there().sigterm();
        assert_eq!(leaver.closed().await.0, 1001);
        watcher.hears("peer-disconnected", &id).await;
        assert!(site.there().wait().await.success());
        assert_eq!(Peer::come(&site.nodes[1], "").await.before.len(), 1);
    }
}
