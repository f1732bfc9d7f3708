//! Channels: who joins, who hears what, in which order.

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::{Client, seqs, text, texts};

everywhere!(
    two_people_talk_in_general,
    joins_and_leaves_are_told_to_the_others,
    a_session_is_in_one_channel_at_a_time,
    a_channel_opens_with_its_last_ten_messages,
    every_byte_of_a_message_is_kept,
    each_message_reaches_each_session_once_in_order,
    a_message_is_acknowledged_wherever_its_author_has_gone,
    a_direct_channel_is_the_same_from_both_ends_and_nobody_elses,
    a_direct_channel_with_oneself_is_a_notebook,
    users_who_do_not_exist_have_no_channel,
    a_crowd_of_more_than_a_hundred_announces_no_joins,
);

async fn two_people_talk_in_general(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::guest(site.there()).await;
    ann.join("").await;
    bob.join("").await;
    let said = ann.say("", "hello").await;
    bob.hears("hello").await;
    bob.say("", "hello, ann").await;
    ann.hears("hello, ann").await;
    assert_eq!(texts(&ann.messages()), ["hello", "hello, ann"]);
    assert_eq!(seqs(&ann.messages()), [1, 2]);
    assert_eq!(ann.messages(), bob.messages());

    let sender = json!({ "UUID": ann.uuid(), "Username": "ann", "OnLine": true });
    assert_eq!((&said["Sender"], &said["SenderUUID"]), (&sender, &json!(ann.uuid())));
    assert_eq!((&said["RecipientUUID"], said.get("Recipient")), (&json!(""), None));
    let created = text(&said["CreatedAt"]);
    assert!(created.ends_with('Z') && created.contains('.'), "{created}");
    assert!(uuid::Uuid::parse_str(&text(&said["UUID"])).is_ok());
}

async fn joins_and_leaves_are_told_to_the_others(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    // Without a payload at all it is the general channel, too.
    ann.send_json(json!({ "type": "channelJoin" })).await;
    let opened = ann.expect_type("channelJoin").await["channelJoin"].clone();
    assert_eq!((&opened["recipientUUID"], &opened["messages"]), (&json!(""), &json!([])));
    assert_eq!(opened["users"], json!([{ "UUID": ann.uuid(), "Username": "ann", "OnLine": true }]));

    let seen = bob.join("").await;
    assert_eq!(seen["users"].as_array().unwrap().len(), 2);
    let news = ann.expect("bob's join", |v| v["type"] == "sys" && v["sys"]["type"] == "channelJoin").await;
    let user = json!({ "UUID": bob.uuid(), "Username": "bob", "OnLine": true });
    let expected = json!({ "type": "sys", "SUUID": bob.session(), "userUUID": bob.uuid(), "user": user,
        "sys": { "type": "channelJoin", "channelJoin": { "recipientUUID": "" } } });
    assert_eq!(news, expected);

    bob.send("channelLeave", json!({ "recipientUUID": "" })).await;
    let expected =
        json!({ "type": "channelLeave", "SUUID": bob.session(), "userUUID": bob.uuid(), "channelLeave": { "recipientUUID": "" } });
    assert_eq!(bob.expect_type("channelLeave").await["channelLeave"], expected["channelLeave"]);
    assert_eq!(ann.expect_type("channelLeave").await, expected);

    // A connection that ends leaves as well.
    bob.join("").await;
    ann.expect("bob's second join", |v| v["sys"]["type"] == "channelJoin").await;
    bob.close().await;
    ann.expect_type("channelLeave").await;
    assert_eq!(ann.join("").await["users"].as_array().unwrap().len(), 1);
}

async fn a_session_is_in_one_channel_at_a_time(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    ann.join("").await;
    bob.join("").await;
    ann.join(&bob.uuid()).await;
    assert_eq!(bob.expect_type("channelLeave").await["userUUID"], ann.uuid());
    bob.say("", "not for ann").await;
    bob.join(&ann.uuid()).await;
    bob.say(&ann.uuid(), "for ann").await;
    ann.hears("for ann").await;
    ann.join("").await;
    assert_eq!(texts(&ann.messages()), ["for ann"]);
    // Joining again where one is changes nothing.
    ann.join("").await;
    bob.join("").await;
    bob.say("", "once").await;
    bob.say("", "over").await;
    ann.hears("over").await;
    assert_eq!(texts(&ann.messages()), ["for ann", "once", "over"]);
}

async fn a_channel_opens_with_its_last_ten_messages(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    for number in 1..=12 {
        ann.post("", &number.to_string()).await;
    }
    ann.hears("12").await;
    let bob = Client::guest(site.there()).await.join("").await;
    let messages = bob["messages"].as_array().unwrap();
    assert_eq!(texts(messages), (3..=12).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(seqs(messages), (3..=12).collect::<Vec<_>>());
}

async fn every_byte_of_a_message_is_kept(site: Site) {
    let odd =
        ["  \n two  spaces \t", "\u{0}\u{7f}\u{85}", "e\u{301} is not é", "\"\\</script>&amp;", "👩‍👩‍👧‍👦 \u{202e}אב\u{feff}", "null", "{}"];
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::guest(site.there()).await;
    bob.join("").await;
    for words in odd {
        ann.say("", words).await;
        bob.hears(words).await;
    }
    assert_eq!(texts(bob.join("").await["messages"].as_array().unwrap()), odd);
}

async fn each_message_reaches_each_session_once_in_order(site: Site) {
    const MESSAGES: u64 = 150;
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut elsewhere = Client::resume(site.there(), &ann.account()).await;
    let (mut bob, mut carol) = (Client::guest(site.here()).await, Client::guest(site.there()).await);
    for client in [&mut elsewhere, &mut bob, &mut carol] {
        client.ask("channelJoin", json!({})).await;
    }
    // The author need not have joined: the message comes back all the same.
    for number in 1..=MESSAGES {
        ann.post("", &number.to_string()).await;
    }
    let all: Vec<_> = (1..=MESSAGES).collect();
    for client in [&ann, &elsewhere, &bob, &carol] {
        client.hears(&MESSAGES.to_string()).await;
        assert_eq!(seqs(&client.messages()), all);
        assert_eq!(texts(&client.messages()), all.iter().map(u64::to_string).collect::<Vec<_>>());
    }
    // Joined, it comes back once, too.
    ann.join("").await;
    ann.say("", "once").await;
    ann.say("", "more").await;
    assert_eq!(ann.messages().len() as u64, MESSAGES + 2);
}

async fn a_message_is_acknowledged_wherever_its_author_has_gone(site: Site) {
    let mut bob = Client::guest(site.there()).await;
    let mut ann = Client::guest(site.here()).await;
    bob.join("").await;
    let ways_out = [
        ("channelLeave", json!({ "recipientUUID": "" })),
        ("channelJoin", json!({ "recipientUUID": bob.uuid() })),
        ("channelJoin", json!({ "recipientUUID": "" })),
        ("watch", json!({ "recipientUUIDs": [""] })),
        ("watch", json!({})),
        ("signIn", json!({ "guest": true })),
        ("signOut", json!({})),
    ];
    for round in 0..10 {
        for (way_out, payload) in &ways_out {
            if round > 0 && *way_out == "channelLeave" {
                ann.send("signIn", json!({ "guest": true })).await;
            }
            // Without waiting for anything: the author has left before the channel can have brought the message back.
            ann.send("channelJoin", json!({})).await;
            let words = format!("{round}, then {way_out}");
            ann.send_json(json!({ "type": "channelMessage", "channelMessage": { "message": words }, "id": words })).await;
            ann.send(way_out, payload.clone()).await;
            ann.expect(&words, |v| v["type"] == "channelMessage" && v["id"] == words.as_str()).await;
            bob.hears(&words).await;
        }
    }
    ann.fence().await;
    let own = ann.received().into_iter().filter(|v| v["type"] == "channelMessage" && v["channelMessage"]["RecipientUUID"] == "").count();
    assert_eq!((own, bob.messages().len()), (10 * ways_out.len(), 10 * ways_out.len()));
}

async fn a_direct_channel_is_the_same_from_both_ends_and_nobody_elses(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    let mut eve = Client::sign_in(site.there(), "eve", "secret of eve").await;
    let opened = ann.join(&bob.uuid()).await;
    assert_eq!(opened["users"].as_array().unwrap().len(), 2);
    bob.join(&ann.uuid()).await;
    ann.expect("bob's join", |v| v["sys"]["type"] == "channelJoin").await;
    for peer in [ann.uuid(), bob.uuid()] {
        assert_eq!(eve.join(&peer).await["messages"], json!([]));
    }
    let said = ann.say(&bob.uuid(), "for you only").await;
    assert_eq!((&said["RecipientUUID"], &said["Recipient"]["Username"]), (&json!(bob.uuid()), &json!("bob")));
    assert_eq!(bob.hears("for you only").await, said);
    bob.say(&ann.uuid(), "thank you").await;
    assert_eq!(seqs(&[ann.hears("thank you").await]), [2]);

    for peer in [ann.uuid(), bob.uuid()] {
        assert_eq!(eve.join(&peer).await["messages"], json!([]));
        assert_eq!(eve.ask("channelHistory", json!({ "recipientUUID": peer, "before": 100, "limit": 200 })).await["messages"], json!([]));
        eve.watch(json!({ "recipientUUIDs": [peer], "all": true })).await;
        // Changes by number miss as well: this is another channel.
        assert_eq!(eve.refused("editMessage", json!({ "recipientUUID": peer, "seq": 1, "message": "forged" })).await, 7);
        assert_eq!(eve.refused("deleteMessage", json!({ "recipientUUID": peer, "seq": 1 })).await, 7);
        assert_eq!(eve.refused("react", json!({ "recipientUUID": peer, "seq": 1, "emoji": "👀", "on": true })).await, 7);
    }
    ann.say(&bob.uuid(), "and this").await;
    bob.hears("and this").await;
    eve.say(&ann.uuid(), "hello from eve").await;
    assert_eq!(texts(&eve.messages()), ["hello from eve"]);
    assert_eq!(texts(&bob.messages()), ["for you only", "thank you", "and this"]);
    assert_eq!(texts(ann.join(&eve.uuid()).await["messages"].as_array().unwrap()), ["hello from eve"]);
}

async fn a_direct_channel_with_oneself_is_a_notebook(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    let own = ann.uuid();
    ann.join(&own).await;
    ann.say(&own, "milk, eggs").await;
    let mut elsewhere = Client::sign_in(site.there(), "ann", "secret of ann").await;
    let opened = elsewhere.join(&own).await;
    assert_eq!(texts(opened["messages"].as_array().unwrap()), ["milk, eggs"]);
    assert_eq!(opened["users"].as_array().unwrap().len(), 1);
    elsewhere.say(&own, "bread").await;
    ann.hears("bread").await;
    for peer in [own, bob.uuid()] {
        assert_eq!(bob.join(&peer).await["messages"], json!([]));
    }
}

async fn users_who_do_not_exist_have_no_channel(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (kind, payload) in [
        ("channelJoin", json!({ "recipientUUID": nobody })),
        ("channelMessage", json!({ "recipientUUID": nobody, "message": "hello?" })),
        ("channelHistory", json!({ "recipientUUID": nobody })),
        ("block", json!({ "userUUID": nobody, "on": true })),
    ] {
        let frame = json!({ "type": kind, kind: payload });
        ann.send_json(frame.clone()).await;
        assert_eq!(ann.expect_error().await, (10, frame));
    }
    // A failed join leaves one where one is.
    ann.join("").await;
    ann.send("channelJoin", json!({ "recipientUUID": nobody })).await;
    assert_eq!(ann.expect_error().await.0, 10);
    let mut bob = Client::guest(site.there()).await;
    bob.say("", "still there?").await;
    ann.hears("still there?").await;
    ann.send("channelJoin", json!({ "recipientUUID": "ann" })).await;
    assert_eq!(ann.expect_error().await.0, 16);
}

async fn a_crowd_of_more_than_a_hundred_announces_no_joins(site: Site) {
    const CROWD: usize = 101;
    let mut first = Client::sign_in(site.here(), "first", "secret of first").await;
    first.join("").await;
    let account = first.account();
    let others = futures_util::future::join_all((1..CROWD).map(|index| {
        let (account, node) = (&account, site.any(index));
        async move {
            let mut client = Client::resume(node, account).await;
            client.ask("channelJoin", json!({})).await;
            client
        }
    }))
    .await;
    let mut last = Client::sign_in(site.there(), "last", "secret of last").await;
    last.join("").await;
    last.say("", "here I am").await;
    first.hears("here I am").await;
    let joins: Vec<Value> = first.received().into_iter().filter(|v| v["sys"]["type"] == "channelJoin").collect();
    assert!(!joins.iter().any(|news| news["userUUID"] == last.uuid()), "{joins:?}");
    // And those that were announced came at most fifty times a second: here within one or two.
    assert!(joins.len() < CROWD, "{}", joins.len());
    drop(others);
}
