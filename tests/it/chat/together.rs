//! Many at once, on several nodes: everybody ends with the same.

use serde_json::json;

use super::site::Site;
use crate::support::client::{Client, seqs, text, texts};

everywhere!(
    a_direct_channel_opened_by_both_ends_at_once_is_one,
    a_name_signed_up_twice_at_once_is_one_account,
    a_new_name_signed_in_twice_at_once_is_one_account,
);

#[tokio::test]
async fn fifty_writers_on_three_nodes_end_with_identical_histories() {
    everybody_writes_at_once(Site::on_redis(3, &[("RATE_MESSAGES", "0")]).await).await;
}

#[tokio::test]
async fn fifty_writers_on_one_node_end_with_identical_histories() {
    everybody_writes_at_once(Site::embedded(&[("RATE_MESSAGES", "0")]).await).await;
}

async fn everybody_writes_at_once(site: Site) {
    const WRITERS: usize = 50;
    const EACH: usize = 8;
    let mut clients = futures_util::future::join_all((0..WRITERS).map(|index| {
        let node = site.any(index);
        async move {
            let mut client = Client::guest(node).await;
            client.join("").await;
            client
        }
    }))
    .await;
    // Half of them write to everybody, all of them at once, without waiting.
    futures_util::future::join_all(clients.iter_mut().enumerate().map(|(index, client)| async move {
        for number in 0..EACH {
            client.post("", &format!("{index} {number}")).await;
        }
    }))
    .await;
    let expected = clients[0].gather(WRITERS * EACH).await;
    assert_eq!(seqs(&expected), (1..=(WRITERS * EACH) as u64).collect::<Vec<_>>());
    for index in 0..WRITERS {
        let prefix = format!("{index} ");
        let own: Vec<_> = texts(&expected).into_iter().filter(|words| words.starts_with(&prefix)).collect();
        assert_eq!(own, (0..EACH).map(|number| format!("{index} {number}")).collect::<Vec<_>>());
    }
    for client in &clients[1..] {
        assert_eq!(client.gather(WRITERS * EACH).await, expected);
    }
    let mut late = Client::guest(site.there()).await;
    let history = late.ask("channelJoin", json!({ "after": 200, "limit": 200 })).await;
    assert_eq!(texts(history["messages"].as_array().unwrap()), texts(&expected[200..]));
}

async fn a_direct_channel_opened_by_both_ends_at_once_is_one(site: Site) {
    for round in 0..10 {
        let (mut ann, mut bob) = tokio::join!(Client::guest(site.here()), Client::guest(site.there()));
        let (to_bob, to_ann) = (bob.uuid(), ann.uuid());
        tokio::join!(
            async {
                ann.send("channelJoin", json!({ "recipientUUID": to_bob })).await;
                ann.post(&to_bob, "from ann").await;
            },
            async {
                bob.send("channelJoin", json!({ "recipientUUID": to_ann })).await;
                bob.post(&to_ann, "from bob").await;
            }
        );
        for client in [&ann, &bob] {
            client.expect_type("channelJoin").await;
        }
        ann.hears("from ann").await;
        bob.hears("from bob").await;
        // Whoever joined a moment later has the first message in its answer.
        let (ann, bob) = (ann.join(&to_bob).await, bob.join(&to_ann).await);
        assert_eq!(ann["messages"], bob["messages"], "round {round}");
        assert_eq!(seqs(ann["messages"].as_array().unwrap()), [1, 2]);
    }
}

async fn a_name_signed_up_twice_at_once_is_one_account(site: Site) {
    for round in 0..10 {
        let (mut one, mut other) = tokio::join!(Client::connect(site.here()), Client::connect(site.there()));
        let name = format!("name {round}");
        let sign_up = json!({ "username": name, "password": "secret" });
        let (one, other) = tokio::join!(one.request("signUp", sign_up.clone()), other.request("signUp", sign_up.clone()));
        let (winner, loser) = if one["type"] == "authorized" { (one, other) } else { (other, one) };
        assert_eq!((&winner["type"], &loser["error"]["code"]), (&json!("authorized"), &json!(5)), "{winner} {loser}");
        let account = Client::sign_in(site.there(), &name, "secret").await;
        assert_eq!(account.uuid(), text(&winner["authorized"]["userUUID"]));
    }
}

async fn a_new_name_signed_in_twice_at_once_is_one_account(site: Site) {
    for round in 0..10 {
        let name = format!("name {round}");
        let (one, other) = tokio::join!(Client::sign_in(site.here(), &name, "the same"), Client::sign_in(site.there(), &name, "the same"));
        assert_eq!(one.uuid(), other.uuid());
    }
}

impl Client {
    /// Waits for so many messages; answers them without what only their authors are told.
    async fn gather(&self, count: usize) -> Vec<serde_json::Value> {
        self.until("all messages", |received| received.iter().filter(|v| v["type"] == "channelMessage").count() >= count).await;
        self.messages()
    }
}
