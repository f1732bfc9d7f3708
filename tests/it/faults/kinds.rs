//! The same day in the chat on every kind of Redis.

use serde_json::json;

use super::crew::{nodes, wait_for};
use crate::support::client::{Client, seqs, text, texts};
use crate::support::node::Settings;
use crate::support::redis::{RedisCluster, RedisSentinel, RedisServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_single_server() {
    let redis = wait_for(RedisServer::start);
    a_day(&Settings::redis(&redis.url())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_cluster_of_three_masters() {
    let redis = wait_for(RedisCluster::start);
    a_day(&Settings::redis(&redis.url())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinels() {
    let redis = wait_for(RedisSentinel::start);
    a_day(&Settings::redis(&redis.url())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_with_a_certificate_that_nobody_signed() {
    let redis = wait_for(RedisServer::start_tls);
    a_day(&Settings::redis(&redis.url()).with("REDIS_TLS_INSECURE", true)).await;
}

/// Two nodes; whoever talks with whom is on the other one.
async fn a_day(settings: &Settings) {
    let nodes = nodes(2, settings).await;
    let (here, there) = (&nodes[0], &nodes[1]);

    // People come in, by name and as guests, and the name is one account on both nodes.
    let mut ann = Client::sign_in(here, "Ann", "secret of ann").await;
    let mut bob = Client::guest(there).await;
    let mut again = Client::sign_in(there, "ann", "secret of ann").await;
    assert_eq!(again.uuid(), ann.uuid());
    let mut thief = Client::connect(there).await;
    thief.send("signIn", json!({ "username": "Ann", "password": "a guess" })).await;
    assert_eq!(thief.expect_error().await.0, 4);

    // The general channel.
    ann.join("").await;
    bob.join("").await;
    ann.expect("the join of bob", |frame| frame["sys"]["type"] == "channelJoin" && frame["userUUID"] == bob.uuid().as_str()).await;
    for round in 0..5 {
        ann.say("", &format!("ann {round}")).await;
        bob.hears(&format!("ann {round}")).await;
        bob.say("", &format!("bob {round}")).await;
        ann.hears(&format!("bob {round}")).await;
    }
    assert_eq!(seqs(&ann.messages()), (1..=10).collect::<Vec<_>>());
    assert_eq!(uuids(&ann), uuids(&bob));

    // History, page by page, and what a client missed.
    let page = bob.ask("channelHistory", json!({ "recipientUUID": "", "before": 7, "limit": 4 })).await;
    assert_eq!(seqs(page["messages"].as_array().unwrap()), [3, 4, 5, 6]);
    assert_eq!(page["more"], true);
    let missed = again.ask("channelJoin", json!({ "recipientUUID": "", "after": 8, "epoch": page["epoch"] })).await;
    assert_eq!(texts(missed["messages"].as_array().unwrap()), ["ann 4", "bob 4"]);

    // A retry on the other node is the same message.
    let wish = json!({ "recipientUUID": "", "message": "only once", "clientID": "attempt" });
    let first = ann.ask("channelMessage", wish.clone()).await;
    let second = again.ask("channelMessage", wish).await;
    assert_eq!((&first["UUID"], &first["Seq"]), (&second["UUID"], &second["Seq"]));
    bob.hears("only once").await;

    // A direct channel has one log, whichever end looks.
    ann.join(&bob.uuid()).await;
    bob.join(&ann.uuid()).await;
    ann.say(&bob.uuid(), "between us").await;
    bob.hears("between us").await;
    bob.say(&ann.uuid(), "of course").await;
    ann.hears("of course").await;
    let read = again.ask("channelHistory", json!({ "recipientUUID": bob.uuid() })).await;
    assert_eq!(texts(read["messages"].as_array().unwrap()), ["between us", "of course"]);
    let private = again.received_of("channelMessage");
    assert!(!texts(&private).contains(&"between us".to_owned()), "who has not joined is not told");
    ann.ask("editMessage", json!({ "recipientUUID": bob.uuid(), "seq": 1, "message": "between you and me" })).await;
    let changed = bob.expect_type("messageChanged").await;
    assert_eq!(changed["messageChanged"]["Message"], "between you and me");

    // Who is there: the first to come and the last to go are news.
    let mut watcher = Client::guest(there).await;
    watcher.request("watch", json!({ "recipientUUIDs": [ann.uuid(), bob.uuid()] })).await;
    let (ann_is, bob_is) = (ann.uuid(), bob.uuid());
    bob.close().await;
    watcher.expect("bob going", |frame| frame["presence"]["UUID"] == bob_is.as_str() && frame["presence"]["OnLine"] == false).await;
    ann.close().await;
    again.close().await;
    watcher.expect("ann going", |frame| frame["presence"]["UUID"] == ann_is.as_str() && frame["presence"]["OnLine"] == false).await;
    let _back = Client::sign_in(here, "ann", "secret of ann").await;
    watcher.expect("ann coming", |frame| frame["presence"]["UUID"] == ann_is.as_str() && frame["presence"]["OnLine"] == true).await;
    let goings = watcher.received_of("presence").iter().filter(|user| user["UUID"] == ann_is.as_str()).count();
    assert_eq!(goings, 2, "one session of two is no news");
}

fn uuids(client: &Client) -> Vec<String> {
    client.messages().iter().map(|message| text(&message["UUID"])).collect()
}
