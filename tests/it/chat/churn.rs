//! People who come and go while others write: whoever is in a channel gets every message of that time, once and in order.

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::{Client, seqs};

everywhere!(
    every_stay_in_a_channel_is_gapless with [("RATE_MESSAGES", "0")],
    every_client_that_resumes_has_everything with [("RATE_MESSAGES", "0")],
);

const PEOPLE: usize = 10;
const ROUNDS: usize = 12;

async fn every_stay_in_a_channel_is_gapless(site: Site) {
    let mut watcher = Client::guest(site.there()).await;
    watcher.watch(json!({ "recipientUUIDs": [""] })).await;
    let people = futures_util::future::join_all((0..PEOPLE).map(|person| {
        let node = site.any(person);
        async move {
            let mut client = Client::guest(node).await;
            let own = client.uuid();
            for round in 0..ROUNDS {
                client.join("").await;
                client.say("", &format!("{person} {round}")).await;
                match (person + round) % 3 {
                    0 => client.send("channelLeave", json!({})).await,
                    1 => drop(client.join(&own).await),
                    // Joins again where it is.
                    _ => {}
                }
            }
            client.fence().await;
            client
        }
    }))
    .await;
    for client in &people {
        assert_gapless(&client.received());
    }
    let total = PEOPLE * ROUNDS;
    watcher.until("everything", |received| received.iter().filter(|v| v["type"] == "channelMessage").count() >= total).await;
    assert_eq!(seqs(&watcher.messages()), (1..=total as u64).collect::<Vec<_>>());
}

/// Between the answer to a join and the way out, the numbers have no gap and none comes twice.
fn assert_gapless(received: &[Value]) {
    let mut next = None;
    for frame in received {
        match frame["type"].as_str().unwrap() {
            "channelJoin" => {
                let general = frame["channelJoin"]["recipientUUID"] == "";
                // Who joins where they are may have been handed what came since this answer was read.
                next = general.then(|| next.max(Some(frame["channelJoin"]["seq"].as_u64().unwrap() + 1)).unwrap());
            }
            "channelLeave" if frame["SUUID"] == received[0]["ready"]["sessionUUID"] => next = None,
            "channelMessage" => {
                let expected = next.unwrap_or_else(|| panic!("a message of a channel that was left: {frame}"));
                assert_eq!(frame["channelMessage"]["Seq"], expected, "{frame}");
                next = Some(expected + 1);
            }
            _ => {}
        }
    }
}

async fn every_client_that_resumes_has_everything(site: Site) {
    let mut writer = Client::guest(site.here()).await;
    let mut first = Client::guest(site.there()).await;
    first.join("").await;
    let account = first.account();
    drop(first);
    let writing = async {
        for number in 1..=300 {
            writer.say("", &number.to_string()).await;
        }
    };
    let resuming = async {
        let mut all: Vec<u64> = Vec::new();
        let mut turn = 0;
        while all.len() < 300 {
            turn += 1;
            let mut client = Client::resume(site.any(turn), &account).await;
            // The connection is lost in the middle of what comes: behind the answer, with or without some live messages.
            let view = client.ask("channelJoin", json!({ "after": all.len(), "limit": 50 })).await;
            all.extend(seqs(view["messages"].as_array().unwrap()));
            if view["more"] == false && all.len() < 300 && turn % 2 == 0 {
                client.expect_type("channelMessage").await;
            }
            if view["more"] == false {
                all.extend(seqs(&client.messages()));
            }
        }
        assert_eq!(all, (1..=300).collect::<Vec<_>>());
        assert!(turn > 3, "the test loses its connection too rarely");
    };
    tokio::join!(writing, resuming);
}
