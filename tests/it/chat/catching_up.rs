//! Numbers without gaps, epochs, what was missed, and retries. (+)

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::{Client, seqs, text, texts};

everywhere!(
    a_client_that_was_away_gets_what_it_missed,
    what_was_missed_comes_in_pages,
    what_is_no_longer_kept_is_said_to_be with [("HISTORY_MAX", "200"), ("RATE_MESSAGES", "0")],
    another_epoch_means_reloading,
    history_is_read_backwards_in_pages,
    changes_made_meanwhile_are_told,
    a_retry_is_stored_and_delivered_once,
    two_hundred_retries_at_once_store_one_message with [("RATE_MESSAGES", "0")],
);

async fn a_client_that_was_away_gets_what_it_missed(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::guest(site.there()).await;
    let opened = ann.ask("channelJoin", json!({})).await;
    assert_eq!((&opened["seq"], &opened["more"], &opened["reset"]), (&json!(0), &json!(false), &json!(false)));
    bob.say("", "one").await;
    assert_eq!(seqs(&[ann.hears("one").await]), [1]);
    let account = ann.account();
    ann.close().await;
    bob.say("", "two").await;
    bob.say("", "three").await;

    let mut ann = Client::resume(site.there(), &account).await;
    let back = ann.ask("channelJoin", json!({ "after": 1, "epoch": opened["epoch"], "limit": 200 })).await;
    assert_eq!(texts(back["messages"].as_array().unwrap()), ["two", "three"]);
    assert_eq!((&back["seq"], &back["more"], &back["reset"], &back["epoch"]), (&json!(3), &json!(false), &json!(false), &opened["epoch"]));
    bob.say("", "four").await;
    ann.hears("four").await;
    assert_eq!(seqs(&ann.messages()), [4]);
    // Nothing missed is nothing sent.
    let again = ann.ask("channelJoin", json!({ "after": 4, "epoch": opened["epoch"] })).await;
    assert_eq!((&again["messages"], &again["reset"]), (&json!([]), &json!(false)));
}

async fn what_was_missed_comes_in_pages(site: Site) {
    const MESSAGES: u64 = 230;
    let mut bob = Client::guest(site.there()).await;
    for number in 1..=MESSAGES {
        bob.post("", &number.to_string()).await;
    }
    bob.hears(&MESSAGES.to_string()).await;
    let mut ann = Client::guest(site.here()).await;
    let mut got = Vec::new();
    for (limit, expected) in [(200, 200), (20, 20), (1_000, 10)] {
        let page = ann.ask("channelJoin", json!({ "after": got.len(), "limit": limit })).await;
        got.extend(seqs(page["messages"].as_array().unwrap()));
        assert_eq!(page["messages"].as_array().unwrap().len(), expected);
        assert_eq!((&page["more"], &page["seq"]), (&json!((got.len() as u64) < MESSAGES), &json!(MESSAGES)));
    }
    assert_eq!(got, (1..=MESSAGES).collect::<Vec<_>>());
    assert_eq!(ann.ask("channelJoin", json!({ "after": 0, "limit": 1_000 })).await["messages"].as_array().unwrap().len(), 200);
}

async fn what_is_no_longer_kept_is_said_to_be(site: Site) {
    let mut bob = Client::guest(site.there()).await;
    // Enough that every store has trimmed, however roughly it does so.
    for number in 1..=800 {
        let words = number.to_string();
        bob.post("", &words).await;
        // A slow disk has its time for each hundred.
        if number % 100 == 0 {
            bob.hears(&words).await;
        }
    }
    let mut ann = Client::guest(site.here()).await;
    let opened = ann.ask("channelJoin", json!({ "after": 1, "limit": 5 })).await;
    assert_eq!((&opened["reset"], &opened["seq"]), (&json!(true), &json!(800)));
    assert_eq!(seqs(opened["messages"].as_array().unwrap()), [796, 797, 798, 799, 800]);
    let opened = ann.ask("channelJoin", json!({ "after": 790 })).await;
    assert_eq!(opened["reset"], false);
    assert_eq!(seqs(opened["messages"].as_array().unwrap()), (791..=800).collect::<Vec<_>>());
    let kept = read_back(&mut ann, "", 200).await;
    assert!((200..800).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept, (kept[0]..=800).collect::<Vec<_>>());
}

async fn another_epoch_means_reloading(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    for words in ["one", "two", "three"] {
        ann.say("", words).await;
    }
    let epoch = ann.ask("channelJoin", json!({})).await["epoch"].as_u64().unwrap();
    let mut bob = Client::guest(site.there()).await;
    for other in [epoch + 1, epoch.saturating_sub(1)] {
        let opened = bob.ask("channelJoin", json!({ "after": 2, "epoch": other })).await;
        assert_eq!((&opened["reset"], &opened["epoch"]), (&json!(other != epoch), &json!(epoch)), "{other} for {epoch}");
        assert_eq!(opened["messages"].as_array().unwrap().len(), if other == epoch { 1 } else { 3 });
    }
}

async fn history_is_read_backwards_in_pages(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    for number in 1..=45 {
        ann.post("", &number.to_string()).await;
    }
    ann.hears("45").await;
    let mut bob = Client::guest(site.there()).await;
    let page = bob.ask("channelHistory", json!({ "before": 10, "limit": 4 })).await;
    assert_eq!(seqs(page["messages"].as_array().unwrap()), [6, 7, 8, 9]);
    assert_eq!((&page["more"], &page["recipientUUID"]), (&json!(true), &json!("")));
    let page = bob.ask("channelHistory", json!({ "before": 5, "limit": 4 })).await;
    assert_eq!((seqs(page["messages"].as_array().unwrap()), &page["more"]), (vec![1, 2, 3, 4], &json!(false)));
    assert_eq!(bob.ask("channelHistory", json!({ "before": 1 })).await["messages"], json!([]));
    assert_eq!(read_back(&mut bob, "", 7).await, (1..=45).collect::<Vec<_>>());
    // Reading is not joining.
    ann.say("", "unheard").await;
    bob.fence().await;
    assert_eq!(bob.messages(), Vec::<Value>::new());
    for bad in [json!({ "before": "1" }), json!({ "before": -1 }), json!({ "limit": 1.5 }), json!({ "recipientUUID": 1 })] {
        assert_eq!(bob.refused("channelHistory", bad).await, 16);
    }
}

async fn changes_made_meanwhile_are_told(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    for words in ["one", "two"] {
        ann.say("", words).await;
    }
    let mut bob = Client::guest(site.there()).await;
    let opened = bob.ask("channelJoin", json!({})).await;
    let account = bob.account();
    bob.close().await;
    ann.ask("editMessage", json!({ "seq": 1, "message": "ONE" })).await;
    ann.ask("react", json!({ "seq": 2, "emoji": "👍", "on": true })).await;
    ann.say("", "three").await;
    ann.ask("editMessage", json!({ "seq": 3, "message": "THREE" })).await;

    let mut bob = Client::resume(site.there(), &account).await;
    let back = bob.ask("channelJoin", json!({ "after": 2, "epoch": opened["epoch"] })).await;
    assert_eq!(texts(back["messages"].as_array().unwrap()), ["THREE"], "in its present form");
    assert_eq!(bob.expect_type("messageChanged").await["messageChanged"]["Message"], "ONE");
    assert_eq!(bob.expect_type("reacted").await["reacted"]["seq"], 2);
    ann.say("", "four").await;
    assert_eq!(seqs(&[bob.hears("four").await]), [4], "changes take no number");
    assert_eq!(bob.received_of("messageChanged").len(), 1);
}

async fn a_retry_is_stored_and_delivered_once(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut elsewhere = Client::resume(site.there(), &ann.account()).await;
    let mut bob = Client::guest(site.there()).await;
    bob.join("").await;
    let stored = ann.ask("channelMessage", json!({ "message": "hello", "clientID": "my first" })).await;
    assert_eq!((&stored["clientID"], &stored["Seq"]), (&json!("my first"), &json!(1)));
    for client in [&mut ann, &mut elsewhere] {
        // Whatever it says: what counts is the identifier.
        let again = client.ask("channelMessage", json!({ "message": "hello?", "clientID": "my first" })).await;
        assert_eq!((&again["UUID"], &again["Message"], &again["clientID"]), (&stored["UUID"], &json!("hello"), &json!("my first")));
    }
    // Another's identifiers are their own, and nobody else's business.
    let other = bob.ask("channelMessage", json!({ "message": "hi", "clientID": "my first" })).await;
    assert_eq!(other["Seq"], 2);
    assert_eq!(texts(&bob.messages()), ["hello", "hi"]);
    assert_eq!(bob.messages()[0].get("clientID"), None);
    let own = |messages: &Value| messages.as_array().unwrap().iter().map(|message| message["clientID"].clone()).collect::<Vec<_>>();
    assert_eq!(own(&elsewhere.join("").await["messages"]), [json!("my first"), Value::Null]);
    assert_eq!(own(&bob.ask("channelHistory", json!({})).await["messages"]), [Value::Null, json!("my first")]);
}

async fn two_hundred_retries_at_once_store_one_message(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.join("").await;
    bob.join("").await;
    let account = ann.account();
    let retries = (0..20).map(|index| {
        let (node, account) = (site.any(index), &account);
        async move {
            let mut client = Client::resume(node, account).await;
            client.ask("users", json!({ "limit": 1 })).await;
            for _ in 0..10 {
                client.send("channelMessage", json!({ "message": "only once", "clientID": "the same" })).await;
            }
            client.until("ten answers", |received| received.iter().filter(|v| v["type"] == "channelMessage").count() == 10).await;
            client.messages()
        }
    });
    let answers: Vec<Value> = futures_util::future::join_all(retries).await.concat();
    assert_eq!(answers.len(), 200);
    let first = text(&answers[0]["UUID"]);
    assert!(answers.iter().all(|answer| answer["UUID"] == first.as_str() && answer["Seq"] == 1));
    bob.say("", "and now?").await;
    ann.hears("and now?").await;
    for client in [&ann, &bob] {
        assert_eq!(texts(&client.messages()), ["only once", "and now?"]);
        assert_eq!(seqs(&client.messages()), [1, 2]);
    }
}

/// Every number there is, read page by page from the newest.
async fn read_back(client: &mut Client, recipient: &str, limit: u64) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::new();
    loop {
        let mut request = json!({ "recipientUUID": recipient, "limit": limit });
        if let Some(first) = all.first() {
            request["before"] = json!(first);
        }
        let page = client.ask("channelHistory", request).await;
        all.splice(0..0, seqs(page["messages"].as_array().unwrap()));
        if page["more"] == false {
            return all;
        }
    }
}
