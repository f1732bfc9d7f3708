//! A node dies, is stopped, or sleeps for too long.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::crew::{Crew, Writer, acknowledged, last_word, nodes, wait_for};
use crate::support::client::{Client, texts};
use crate::support::node::Settings;
use crate::support::redis::{RedisServer, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_a_killed_node_have_left_and_are_offline_soon() {
    let redis = wait_for(RedisServer::start);
    let nodes = nodes(3, &Settings::redis(&redis.url())).await;
    let mut ghosts = join_all((0..5).map(|_| Client::guest(&nodes[2]))).await;
    for ghost in &mut ghosts {
        ghost.join("").await;
    }
    let mut watcher = Client::guest(&nodes[0]).await;
    watcher.request("watch", json!({ "recipientUUIDs": [""] })).await;
    watcher.join("").await;

    nodes[2].kill9();
    let killed = Instant::now();
    for ghost in &ghosts {
        watcher.expect("the leave", |frame| has_left(frame, ghost)).await;
        watcher.expect("the news of going offline", |frame| is_offline(frame, ghost)).await;
    }
    assert!(killed.elapsed() < Duration::from_secs(30), "after {:?}", killed.elapsed());

    // Nobody will reap it once more.
    wait_for(|| wait_until("the node is buried", || redis.cli(&["ZCARD", "rialto:{nodes}"]) == "2"));
    watcher.fence().await;
    let received = watcher.received();
    for ghost in &ghosts {
        assert_eq!(received.iter().filter(|frame| has_left(frame, ghost)).count(), 1);
        assert_eq!(received.iter().filter(|frame| is_offline(frame, ghost)).count(), 1);
    }
    let seen = watcher.ask("users", json!({ "limit": 200 })).await;
    let online = seen["users"].as_array().unwrap().iter().filter(|user| user["OnLine"] == true).count();
    assert_eq!(online, 1, "{seen}");
    let room = watcher.join("").await;
    assert_eq!(room["users"].as_array().unwrap().len(), 1, "{room}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_a_node_that_is_stopped_go_on_elsewhere_and_miss_nothing() {
    let redis = wait_for(RedisServer::start);
    let nodes = nodes(2, &Settings::redis(&redis.url()).with("DRAIN_SECONDS", 2)).await;
    let crew = Crew::write(&nodes, 12).await;
    crew.acknowledged(60).await;
    nodes[1].sigterm();
    assert!(nodes[1].wait().await.success());
    crew.acknowledged(30).await;

    let mut crew = crew.stop().await;
    let acknowledged = acknowledged(&crew);
    let mut said_before = Vec::new();
    for (index, writer) in crew.iter_mut().enumerate() {
        assert!(writer.refused.is_empty(), "{:?}", writer.refused);
        let mut said = Vec::new();
        if index % 2 == 1 {
            let (code, reason) = writer.client.closed().await;
            assert_eq!(code, 1001);
            assert!(reason.starts_with("reconnect in ") && reason.ends_with(" ms"), "{reason}");
            said = writer.client.messages();
            writer.client = Client::resume(&nodes[0], &writer.client.account()).await;
            let missed = missed(writer, said.last()).await;
            said.extend(missed);
        }
        said_before.push(said);
    }
    last_word(&mut crew).await;
    for (writer, mut said) in crew.iter().zip(said_before) {
        said.extend(writer.client.messages());
        let said = texts(&said);
        let distinct: HashSet<String> = said.iter().cloned().collect();
        assert_eq!(distinct.len(), said.len(), "a message came twice");
        let lost: Vec<_> = acknowledged.difference(&distinct).collect();
        assert!(lost.is_empty(), "acknowledged, and missed: {lost:?}");
    }
    assert_eq!(redis.cli(&["ZCARD", "rialto:{nodes}"]), "1", "the node has taken itself off the list");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_slept_through_its_own_funeral_begins_anew() {
    let redis = wait_for(RedisServer::start);
    let nodes = nodes(2, &Settings::redis(&redis.url())).await;
    let mut ann = Client::guest(&nodes[0]).await;
    let mut bob = Client::guest(&nodes[1]).await;
    bob.join("").await;
    ann.join("").await;
    ann.say("", "good night").await;
    bob.hears("good night").await;

    nodes[1].pause(true);
    ann.expect("the leave", |frame| has_left(frame, &bob)).await;
    wait_for(|| wait_until("the node is buried", || redis.cli(&["ZCARD", "rialto:{nodes}"]) == "1"));
    ann.say("", "is he dead?").await;
    nodes[1].pause(false);

    assert_eq!(bob.closed().await.0, 1012);
    let begun = || nodes[1].log().into_iter().filter(|line| line.contains("listening")).collect::<Vec<_>>();
    wait_for(|| wait_until("the node serves again", || begun().len() == 2));
    assert_ne!(identity(&begun()[0]), identity(&begun()[1]));
    let mut bob = Client::resume(&nodes[1], &bob.account()).await;
    let room = bob.ask("channelJoin", json!({ "recipientUUID": "", "after": 1 })).await;
    assert_eq!(texts(room["messages"].as_array().unwrap()), ["is he dead?"]);
    bob.say("", "only asleep").await;
    ann.hears("only asleep").await;
    let leaves = ann.received().iter().filter(|frame| frame["type"] == "channelLeave").count();
    assert_eq!(leaves, 1, "it is announced once that he left");
    wait_for(|| wait_until("both nodes are on the list", || redis.cli(&["ZCARD", "rialto:{nodes}"]) == "2"));
}

fn has_left(frame: &Value, who: &Client) -> bool {
    frame["type"] == "channelLeave" && frame["userUUID"] == who.uuid().as_str()
}

fn is_offline(frame: &Value, who: &Client) -> bool {
    frame["type"] == "presence" && frame["presence"]["UUID"] == who.uuid().as_str() && frame["presence"]["OnLine"] == false
}

/// The node's own name in its first words.
fn identity(line: &str) -> &str {
    line.split_whitespace().find_map(|word| word.strip_prefix("node=")).expect("a node says who it is")
}

/// What somebody missed behind the last message they have, page by page.
async fn missed(writer: &mut Writer, last: Option<&Value>) -> Vec<Value> {
    let seq = |message: &Value| message["Seq"].as_u64().unwrap();
    let mut after = last.map_or(0, seq);
    let mut missed = Vec::new();
    loop {
        let wish = json!({ "recipientUUID": "", "after": after, "epoch": writer.epoch, "limit": 200 });
        let page = writer.client.ask("channelJoin", wish).await;
        assert_eq!(page["reset"], false);
        missed.extend(page["messages"].as_array().unwrap().iter().cloned());
        if page["more"] == false {
            return missed;
        }
        after = missed.last().map_or(after, seq);
    }
}
