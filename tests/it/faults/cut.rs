//! A node that does not hear Redis any more, although nobody reports anything broken.

use std::time::{Duration, Instant};

use serde_json::json;

use super::crew::{Crew, all_have_the_same, last_word, nodes, wait_for};
use crate::support::client::{Client, seqs, texts};
use crate::support::node::{Node, Settings};
use crate::support::proxy::{FaultProxy, Mode};
use crate::support::redis::RedisServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_subscriber_connection_is_noticed_and_nothing_is_missed() {
    let redis = wait_for(RedisServer::start);
    let proxy = FaultProxy::start(redis.port).await;
    let here = Node::start(&Settings::redis(&redis.url())).await;
    let there = Node::start(&Settings::redis(&format!("redis://127.0.0.1:{}", proxy.port))).await;
    let mut ann = Client::guest(&here).await;
    let mut bob = Client::guest(&there).await;
    let mut carol = Client::guest(&there).await;
    let mut stranger = Client::guest(&here).await;
    ann.join("").await;
    bob.join("").await;
    carol.request("watch", json!({ "all": true })).await;
    ann.say("", "before").await;
    bob.hears("before").await;

    let cut = Instant::now();
    assert!(proxy.set_carrying("SUBSCRIBE", Mode::Blackhole) > 0);
    for words in ["one", "two", "three"] {
        ann.say("", words).await;
    }
    // Also the first words of a stranger, in a channel that nobody there has heard of yet.
    stranger.say(&carol.uuid(), "do you know me?").await;

    there.logged("subscriber connection lost").await;
    assert!(cut.elapsed() < Duration::from_secs(15), "noticed after {:?}", cut.elapsed());
    bob.hears("three").await;
    carol.hears("do you know me?").await;
    ann.say("", "after").await;
    bob.hears("after").await;
    stranger.say(&carol.uuid(), "now you do").await;
    carol.hears("now you do").await;
    assert_eq!(texts(&bob.messages()), ["before", "one", "two", "three", "after"]);
    assert_eq!(seqs(&bob.messages()), [1, 2, 3, 4, 5]);
    assert_eq!(texts(&carol.messages()), ["do you know me?", "now you do"]);
    assert!(bob.received_of("channelReset").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hears_nothing_in_the_middle_of_a_storm_hands_everything_out_once() {
    let redis = wait_for(RedisServer::start);
    let proxy = FaultProxy::start(redis.port).await;
    let nodes = one_here_one_behind(&redis, &proxy).await;
    let crew = Crew::write(&nodes, 20).await;
    crew.acknowledged(50).await;
    assert!(proxy.set_carrying("SUBSCRIBE", Mode::Blackhole) > 0);
    nodes[1].logged("subscriber connection lost").await;
    crew.acknowledged(50).await;

    let mut crew = crew.stop().await;
    last_word(&mut crew).await;
    all_have_the_same(&crew);
    assert!(crew.iter().all(|writer| writer.refused.is_empty() && writer.client.is_open()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_again_and_again_cost_nothing_but_refusals() {
    let redis = wait_for(RedisServer::start);
    let proxy = FaultProxy::start(redis.port).await;
    let nodes = one_here_one_behind(&redis, &proxy).await;
    let crew = Crew::write(&nodes, 20).await;
    for _ in 0..8 {
        crew.acknowledged(40).await;
        assert!(proxy.set_all(Mode::Cut) > 0);
    }
    crew.acknowledged(40).await;

    let mut crew = crew.stop().await;
    last_word(&mut crew).await;
    all_have_the_same(&crew);
    assert!(crew.iter().all(|writer| writer.client.is_open() && writer.client.received_of("channelReset").is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_swallows_everything_for_a_while_hangs_nobody() {
    let redis = wait_for(RedisServer::start);
    let proxy = FaultProxy::start(redis.port).await;
    // Both: a node that is left would bury the other one after six seconds, which is another story.
    let nodes = nodes(2, &Settings::redis(&format!("redis://127.0.0.1:{}", proxy.port))).await;
    let crew = Crew::write(&nodes, 10).await;
    crew.acknowledged(20).await;
    proxy.refuse(true);
    proxy.set_all(Mode::Blackhole);
    crew.refused(5).await;
    proxy.refuse(false);
    crew.acknowledged(40).await;

    let mut crew = crew.stop().await;
    last_word(&mut crew).await;
    all_have_the_same(&crew);
    assert!(crew.iter().all(|writer| writer.client.is_open()));
}

async fn one_here_one_behind(redis: &RedisServer, proxy: &FaultProxy) -> Vec<Node> {
    let behind = Settings::redis(&format!("redis://127.0.0.1:{}", proxy.port));
    let mut all = nodes(1, &Settings::redis(&redis.url())).await;
    all.extend(nodes(1, &behind).await);
    all
}
