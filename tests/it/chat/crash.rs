//! `kill -9` of a node by itself: accounts and every acknowledged message are there when it starts again.

use serde_json::json;

use super::site::Site;
use crate::support::client::{Client, seqs, text};

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    const WRITERS: usize = 10;
    let mut site = Site::embedded(&[("RATE_MESSAGES", "0")]).await;
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    ann.ask("account", json!({ "username": "Anna" })).await;
    let opened = ann.ask("channelJoin", json!({})).await;
    let account = ann.account();
    let mut writers = Vec::new();
    for index in 0..WRITERS {
        let mut client = Client::guest(site.here()).await;
        // More than is acknowledged by the time of the kill: it comes in the middle of writing.
        for number in 0..1_000 {
            client.post("", &format!("{index} {number}")).await;
        }
        writers.push(client);
    }
    ann.until("a hundred messages", |received| received.iter().filter(|v| v["type"] == "channelMessage").count() > 100).await;
    site.nodes[0].kill9();
    let mut acknowledged = ann.messages();
    for client in &writers {
        client.closed().await;
        acknowledged.extend(client.messages());
    }
    acknowledged.sort_by_key(|message| message["Seq"].as_u64());
    let node = site.nodes[0].again().await;
    site.nodes = vec![node];

    let mut back = Client::resume(site.here(), &account).await;
    let mut kept = Vec::new();
    loop {
        let page = back.ask("channelJoin", json!({ "after": kept.len(), "epoch": opened["epoch"], "limit": 200 })).await;
        assert_eq!(page["reset"], false);
        kept.extend(page["messages"].as_array().unwrap().clone());
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seqs(&kept), (1..=kept.len() as u64).collect::<Vec<_>>());
    for message in &acknowledged {
        let same = &kept[message["Seq"].as_u64().unwrap() as usize - 1];
        for field in ["UUID", "Message", "SenderUUID", "CreatedAt"] {
            assert_eq!(same[field], message[field]);
        }
    }
    let again = Client::sign_in(site.here(), "anna", "secret of ann").await;
    assert_eq!((again.uuid(), again.name()), (account.uuid, "Anna".to_owned()));
    let users = back.ask("users", json!({})).await;
    assert_eq!(users["total"], 1 + WRITERS);
    // Nobody is a ghost: those who have not come back are offline.
    let online: Vec<_> =
        users["users"].as_array().unwrap().iter().filter(|user| user["OnLine"] == true).map(|user| text(&user["UUID"])).collect();
    assert_eq!(online, [again.uuid()]);
}
