//! Redis dies under fifty people who write, and comes back: with its data, or with nothing.

use std::time::Duration;

use rialto::ids::ChannelId;
use serde_json::json;

use super::crew::{Crew, UNAVAILABLE, all_have_the_same, last_word, no_number_names_two_messages, nodes, wait_for};
use crate::store_contract::vocabulary::eventually;
use crate::support::client::{Client, Pace};
use crate::support::node::{Node, Settings};
use crate::support::redis::{RedisCluster, RedisServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_restart_of_redis_and_reaches_everybody_once() {
    let mut redis = wait_for(RedisServer::start);
    let nodes = nodes(3, &Settings::redis(&redis.url())).await;
    let crew = Crew::write(&nodes, 50).await;
    crew.acknowledged(200).await;

    wait_for(|| redis.kill());
    crew.refused(50).await;
    wait_for(|| redis.restart());
    crew.acknowledged(200).await;

    let mut crew = crew.stop().await;
    last_word(&mut crew).await;
    all_have_the_same(&crew);
    for writer in &crew {
        assert!(writer.client.is_open());
        assert!(writer.client.received_of("channelReset").is_empty(), "nothing was lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_restart_of_a_master_of_a_cluster() {
    let mut redis = wait_for(RedisCluster::start);
    let nodes = nodes(2, &Settings::redis(&redis.url())).await;
    let crew = Crew::write(&nodes, 12).await;
    crew.acknowledged(50).await;

    let key = format!("rialto:{{c:{}}}", ChannelId::general());
    let masters = redis.servers.iter_mut();
    let master = masters.into_iter().find(|server| server.cli(&["EXISTS", &key]) == "1").expect("the channel is somewhere");
    wait_for(|| master.kill());
    crew.refused(12).await;
    wait_for(|| master.restart());
    crew.acknowledged(50).await;

    let mut crew = crew.stop().await;
    last_word(&mut crew).await;
    all_have_the_same(&crew);
    assert!(crew.iter().all(|writer| writer.client.is_open() && writer.client.received_of("channelReset").is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_empty_begins_a_new_epoch_and_everybody_loads_anew() {
    let mut redis = wait_for(RedisServer::start);
    let nodes = nodes(2, &Settings::redis(&redis.url())).await;
    let crew = Crew::write(&nodes, 20).await;
    crew.acknowledged(60).await;

    wait_for(|| redis.kill());
    crew.refused(1).await;
    wait_for(|| redis.restart_empty());
    crew.acknowledged(60).await;

    let mut crew = crew.stop().await;
    for writer in &mut crew {
        let reset = writer.client.expect_type("channelReset").await;
        let epoch = reset["channelReset"]["epoch"].as_u64().unwrap();
        assert!(epoch > writer.epoch);
        let loaded = writer.client.ask("channelJoin", json!({ "recipientUUID": "", "after": 1, "epoch": writer.epoch })).await;
        assert_eq!((loaded["reset"].as_bool(), loaded["epoch"].as_u64()), (Some(true), Some(epoch)));
    }
    last_word(&mut crew).await;
    no_number_names_two_messages(&crew);

    // Accounts were in that Redis, too; the door is open all the same.
    let mut stranger = Client::guest(&nodes[0]).await;
    let seen = stranger.join("").await;
    assert_eq!(seen["messages"].as_array().unwrap().last().unwrap()["Message"], "the last word");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wrote_what_was_stored_and_lost_before_it_came_back_is_told() {
    let mut redis = wait_for(RedisServer::start);
    let settings = Settings::redis(&redis.url()).with("STALL_SECONDS", "600").with("RATE_MESSAGES", "0");
    let node = Node::start(&settings).await;
    let mut others = Client::guest(&node).await;
    let mut slow = Client::guest(&node).await;
    slow.join("").await;

    // So much that it falls behind: its own message is stored and not brought to it.
    slow.read_at(Pace::Stopped);
    let filler = "🦀".repeat(3_990);
    let mut written = 0.0;
    while node.metric("rialto_refills_total").await == 0.0 {
        others.say("", &filler).await;
        written += 1.0;
    }
    slow.send_json(json!({ "type": "channelMessage", "id": "mine", "channelMessage": { "recipientUUID": "", "message": "mine" } })).await;
    eventually("its message is stored", || async { node.metric("rialto_messages_posted_total").await > written }).await;
    wait_for(|| redis.restart_empty());
    eventually("the log begins anew", || async { node.metric("rialto_resets_total").await > 0.0 }).await;

    slow.read_at(Pace::Full);
    let answer = slow.expect("an answer", |frame| frame["id"] == "mine").await;
    assert_eq!((&answer["type"], &answer["error"]["code"]), (&json!("error"), &json!(UNAVAILABLE)), "{answer}");
    assert_eq!(answer["error"]["payload"]["channelMessage"]["message"], "mine");
    // So it is sent again, until it is there.
    let again = async {
        while slow.request("channelMessage", json!({ "recipientUUID": "", "message": "mine" })).await["type"] != "channelMessage" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_first_after_an_outage_in_which_nobody_spoke_is_accepted() {
    let mut redis = wait_for(RedisServer::start);
    let node = Node::start(&Settings::redis(&redis.url())).await;
    let mut ann = Client::guest(&node).await;
    ann.join("").await;
    ann.say("", "before").await;

    // One that the node has noticed, and one that it has not.
    wait_for(|| redis.kill());
    answers(&node, 503).await;
    wait_for(|| redis.restart());
    answers(&node, 200).await;
    ann.say("", "after").await;
    // Whoever writes all the time meets the restart himself; this one has been silent for a while.
    tokio::time::sleep(Duration::from_secs(1)).await;
    wait_for(|| redis.restart());
    ann.say("", "after that").await;
}

/// Waits until the node says that it is ready, or not.
async fn answers(node: &Node, status: u16) {
    eventually(&format!("/readyz answers {status}"), || async { node.get("/readyz").await.0 == status }).await;
}
