//! Sentinel puts a replica in the master's place that missed the last writes.

use std::collections::HashSet;

use serde_json::json;

use super::crew::{Crew, Writer, acknowledged, all_have_the_same, last_word, no_number_names_two_messages, nodes, wait_for};
use crate::support::client::{Client, texts};
use crate::support::node::Settings;
use crate::support::redis::{RedisSentinel, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_that_loses_messages_begins_a_new_epoch() {
    let mut redis = wait_for(RedisSentinel::start);
    let nodes = nodes(2, &Settings::redis(&redis.url())).await;
    let crew = Crew::write(&nodes, 12).await;
    crew.acknowledged(24).await;

    wait_for(|| redis.cut_replication());
    crew.acknowledged(24).await;
    wait_for(|| redis.fail_over());
    crew.acknowledged(24).await;

    everybody_loads_anew(crew.stop().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_wakes_up_after_it_was_replaced_confuses_nobody() {
    let redis = wait_for(RedisSentinel::start);
    let nodes = nodes(2, &Settings::redis(&redis.url())).await;
    let crew = Crew::write(&nodes, 12).await;
    crew.acknowledged(24).await;

    wait_for(|| redis.cut_replication());
    crew.acknowledged(24).await;
    redis.master.pause(true);
    wait_for(|| redis.replica_takes_over());
    crew.acknowledged(24).await;
    redis.master.pause(false);
    wait_for(|| wait_until("the old master follows", || redis.master.cli(&["INFO", "replication"]).contains("role:slave")));
    crew.acknowledged(24).await;

    everybody_loads_anew(crew.stop().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replica_has_to_confirm_is_not_lost_with_the_master() {
    let mut redis = wait_for(RedisSentinel::start);
    let nodes = nodes(2, &Settings::redis(&redis.url()).with("ACK_REPLICAS", 1)).await;
    let crew = Crew::write(&nodes, 6).await;
    crew.acknowledged(24).await;

    // From here on the master has nobody to confirm: nothing may be acknowledged.
    wait_for(|| redis.cut_replication());
    crew.refused(6).await;
    let mut crew = crew.stop().await;
    let acknowledged = acknowledged(&crew);
    wait_for(|| redis.fail_over());

    for writer in &mut crew {
        let kept = whole_history(&mut writer.client).await;
        let distinct: HashSet<String> = kept.iter().cloned().collect();
        assert_eq!(distinct.len(), kept.len(), "a message is there twice");
        let lost: Vec<_> = acknowledged.difference(&distinct).collect();
        assert!(lost.is_empty(), "acknowledged, and lost: {lost:?}");
        let got: HashSet<_> = texts(&writer.client.messages()).into_iter().collect();
        for refused in &writer.refused {
            assert!(!got.contains(refused) || distinct.contains(refused), "{refused:?} was acknowledged and is lost");
        }
    }
    no_number_names_two_messages(&crew);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replica_confirms_late_comes_to_its_author_late_and_once() {
    let redis = wait_for(RedisSentinel::start);
    let nodes = nodes(2, &Settings::redis(&redis.url()).with("ACK_REPLICAS", 1)).await;
    let crew = Crew::write(&nodes, 6).await;
    crew.acknowledged(24).await;
    redis.replica.pause(true);
    crew.refused(12).await;
    // Later, a machine that stands still may have something refused that was never written.
    let early = crew.refusals();
    redis.replica.pause(false);
    crew.acknowledged(24).await;

    let mut crew = crew.stop().await;
    last_word(&mut crew).await;
    all_have_the_same(&crew);
    for writer in &crew {
        let got = texts(&writer.client.messages());
        // Nobody knew whether these were safe; in the end they were.
        assert!(early.iter().all(|words| got.contains(words)));
        assert!(writer.client.received_of("channelReset").is_empty());
    }
}

/// Everything in the channel, page by page.
async fn whole_history(client: &mut Client) -> Vec<String> {
    let mut wish = json!({ "recipientUUID": "", "limit": 200 });
    let mut kept = Vec::new();
    loop {
        let page = client.ask("channelHistory", wish.clone()).await;
        let messages = page["messages"].as_array().unwrap();
        kept.extend(texts(messages));
        if page["more"] == false {
            return kept;
        }
        wish["before"] = messages[0]["Seq"].clone();
    }
}

async fn everybody_loads_anew(mut crew: Vec<Writer>) {
    for writer in &mut crew {
        let reset = writer.client.expect_type("channelReset").await;
        assert!(reset["channelReset"]["epoch"].as_u64().unwrap() > writer.epoch);
        let loaded = writer.client.ask("channelJoin", json!({ "recipientUUID": "", "after": 1, "epoch": writer.epoch })).await;
        assert_eq!((&loaded["reset"], &loaded["epoch"]), (&json!(true), &reset["channelReset"]["epoch"]));
    }
    last_word(&mut crew).await;
    no_number_names_two_messages(&crew);
    assert!(crew.iter().all(|writer| writer.client.is_open()));
}
