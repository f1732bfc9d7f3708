//! The store loses what it had; the guests are still there.

use std::time::Duration;

use rialto::ids::{ChannelId, Slug};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::guest::{Guest, SERVER, ids, ids_of, knock};
use super::web::{make, post_form, post_json};
use crate::faults::crew::{nodes, wait_for};
use crate::support::client::PATIENCE;
use crate::support::node::Settings;
use crate::support::redis::RedisServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_comes_back_empty_and_the_room_is_as_it_was() {
    let mut redis = wait_for(RedisServer::start);
    let nodes = nodes(2, &Settings::redis(&redis.url())).await;
    make(&nodes[0], json!({ "name": "r", "password": "hush", "guest_limit": 3 })).await;
    let [one, two] = [post_form(&nodes[0], "/room/r", "password=hush").await, post_form(&nodes[1], "/room/r", "password=hush").await];
    let mut ann = knock(&nodes[0], "r", "", Some(&one.cookie())).await.unwrap().introduced().await;
    let bob = knock(&nodes[1], "r", "", Some(&two.cookie())).await.unwrap().introduced().await;
    ann.sees(&[&ann, &bob]).await;
    wait_for(|| redis.restart_empty());
    let together = ids_of(&[&ann, &bob]);
    timeout(PATIENCE, async { while asks(&mut ann).await.as_ref() != Some(&together) {} }).await.expect("both are in the room again");
    // From now on there are letters to Bob's node again.
    nodes[1].logged("writing again what it holds").await;
    ann.send(&bob.id, "offer", json!("again")).await;
    assert_eq!(bob.message("offer").await["sender"], ann.id.as_str());
    // Its password and its limit are those that it had.
    assert_eq!(post_json(&nodes[1], "/room/r/join", &json!({ "password": "a guess" })).await.status, 401);
    let third = post_form(&nodes[0], "/room/r", "password=hush").await.cookie();
    let _third = knock(&nodes[0], "r", "", Some(&third)).await.unwrap();
    assert_eq!(post_form(&nodes[1], "/room/r", "password=hush").await.status, 418);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_of_a_lost_room_are_not_in_another_of_the_same_name() {
    let redis = wait_for(RedisServer::start);
    let nodes = nodes(2, &Settings::redis(&redis.url()).with("ROOM_IDLE_SECONDS", 6)).await;
    make(&nodes[0], json!({ "name": "r" })).await;
    let ann = Guest::come(&nodes[0], "r").await;
    let mut line = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let channel = ChannelId::of_slug(&Slug::parse("r".to_owned()).unwrap());
    loop {
        let keys = ["room", "m"].map(|what| format!("rialto:{{c:{channel}}}:{what}"));
        redis::cmd("DEL").arg(&keys).exec_async(&mut line).await.unwrap();
        match post_json(&nodes[1], "/room", &json!({ "name": "r" })).await.status {
            201 => break,
            // Its node was quicker and has written it anew.
            status => assert_eq!(status, 409),
        }
    }
    let bob = Guest::come(&nodes[0], "r").await;
    assert_eq!(ann.wire.closed().await.0, 1012);
    bob.sees(&[&bob]).await;
    let back = Guest::come(&nodes[0], "r").await;
    bob.sees(&[&bob, &back]).await;
}

/// Who is in the room; `None` while that cannot be told.
async fn asks(guest: &mut Guest) -> Option<Vec<String>> {
    let before = guest.wire.received().len();
    guest.send(SERVER, "get-room-info", Value::Null).await;
    loop {
        let answers = guest.wire.received().split_off(before);
        let is_for_me = |answer: &&Value| answer["receiver"] == guest.id.as_str();
        if let Some(answer) = answers.iter().find(is_for_me) {
            return (answer["type"] == "room-info").then(|| ids(answer));
        }
        sleep(Duration::from_millis(10)).await;
    }
}
