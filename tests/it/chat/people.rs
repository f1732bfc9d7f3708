//! Users as others see them, accounts as their owners change them, and what moderators do.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::{Client, text, texts};

everywhere!(
    users_are_listed_those_online_first,
    long_lists_of_users_come_in_pages with [("RATE_MESSAGES", "0")],
    a_guest_becomes_a_member,
    an_account_is_deleted_for_good,
    an_export_holds_everything_but_secrets,
    blocked_people_write_to_nobody,
    moderators_kick with [("MODERATORS", "mia")],
    moderators_ban with [("MODERATORS", "mia")],
    others_do_neither,
);

async fn users_are_listed_those_online_first(site: Site) {
    let gone = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let uuid = gone.uuid();
    gone.close().await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    let carol = Client::sign_in(site.here(), "carol", "secret of carol").await;
    loop {
        bob.send_json(json!({ "type": "users" })).await;
        let users = bob.expect_type("users").await["users"].clone();
        assert_eq!((&users["total"], &users["received"]), (&json!(3), &json!(3)));
        let listed = users["users"].as_array().unwrap();
        let of = |uuid: &str| listed.iter().find(|user| user["UUID"] == uuid).unwrap().clone();
        assert_eq!(of(&carol.uuid()), json!({ "UUID": carol.uuid(), "Username": "carol", "OnLine": true }));
        // The connection that ended may need a moment.
        if of(&uuid)["OnLine"] == false {
            assert_eq!(listed[2], of(&uuid));
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn long_lists_of_users_come_in_pages(site: Site) {
    const PEOPLE: usize = 230;
    let mut ann = Client::sign_in(site.here(), "Zoë", "secret of zoe").await;
    let mut many = Client::connect(site.there()).await;
    let start = Instant::now();
    for _ in 1..PEOPLE {
        many.send("signIn", json!({ "guest": true })).await;
    }
    many.until("all are in", |received| received.iter().filter(|v| v["type"] == "authorized").count() == PEOPLE - 1).await;
    let first = ann.ask("users", Value::Null).await;
    // Sign-ins are news, not state: at most fifty a second are told.
    let told = ann.received_of("sys").len() as u64;
    assert!(told <= 50 * (start.elapsed().as_secs() + 2), "{told} in {:?}", start.elapsed());
    assert_eq!((&first["total"], &first["received"]), (&json!(PEOPLE), &json!(200)));
    assert_eq!(first["users"].as_array().unwrap().iter().filter(|user| user["OnLine"] == true).count(), 2);
    assert_eq!((&first["users"][0]["OnLine"], &first["users"][1]["OnLine"]), (&json!(true), &json!(true)));

    let mut all = Vec::new();
    let mut after = json!("");
    loop {
        let page = ann.ask("users", json!({ "after": after, "limit": 100 })).await;
        let users = page["users"].as_array().unwrap();
        all.extend(users.iter().map(|user| text(&user["UUID"])));
        let Some(last) = users.last() else { break };
        after = last["UUID"].clone();
    }
    assert_eq!(all.len(), PEOPLE);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), PEOPLE);
    let found = ann.ask("users", json!({ "query": "ZO" })).await;
    assert!(found["users"].as_array().unwrap().iter().any(|user| user["Username"] == "Zoë"));
    assert_eq!(ann.ask("users", json!({ "query": "nobody's name" })).await["users"], json!([]));
    for bad in [json!({ "after": "x" }), json!({ "limit": "x" }), json!({ "query": 7 })] {
        assert_eq!(ann.refused("users", bad).await, 16);
    }
}

async fn a_guest_becomes_a_member(site: Site) {
    let mut guest = Client::guest(site.here()).await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    let (uuid, name) = (guest.uuid(), guest.name());
    guest.ask("channelJoin", json!({})).await;
    bob.ask("channelJoin", json!({})).await;
    assert_eq!(guest.refused("account", json!({ "username": "ann" })).await, 18, "a password first");
    assert_eq!(guest.refused("account", json!({ "password": "secret of ann", "username": "BOB" })).await, 5);
    let account = guest.ask("account", json!({ "password": "secret of ann", "username": "ann" })).await;
    let user = json!({ "UUID": uuid, "Username": "ann", "OnLine": true });
    assert_eq!(account, user);
    assert_eq!(bob.expect_type("userChanged").await["userChanged"], user);
    guest.say("", "hello").await;
    assert_eq!(bob.hears("hello").await["Sender"], user);

    assert_eq!(Client::sign_in(site.there(), "ann", "secret of ann").await.uuid(), uuid);
    Client::sign_in(site.there(), &name, "the old name is free").await;
    guest.ask("account", json!({ "password": "another secret" })).await;
    let mut other = Client::connect(site.there()).await;
    assert_eq!(other.refused("signIn", json!({ "username": "ann", "password": "secret of ann" })).await, 4);
    Client::sign_in(site.there(), "ann", "another secret").await;
    // One's own name in other letters is free for oneself.
    assert_eq!(guest.ask("account", json!({ "username": "Ann" })).await["Username"], "Ann");
    assert_eq!(guest.refused("account", json!({ "username": "" })).await, 16);
}

async fn an_account_is_deleted_for_good(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let elsewhere = Client::sign_in(site.there(), "ann", "secret of ann").await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    bob.ask("channelJoin", json!({})).await;
    ann.ask("channelJoin", json!({})).await;
    ann.say("", "remember me").await;
    ann.say(&bob.uuid(), "and this").await;
    let account = ann.account();
    assert_eq!(ann.refused("deleteAccount", json!({ "password": "a guess" })).await, 4);
    assert_eq!(ann.refused("deleteAccount", Value::Null).await, 4);
    assert_eq!(ann.ask("deleteAccount", json!({ "password": "secret of ann" })).await["userUUID"], account.uuid.as_str());
    for client in [&ann, &elsewhere] {
        assert_eq!(client.closed().await.0, 4004);
    }
    let changed = bob.expect_type("userChanged").await["userChanged"].clone();
    assert_eq!((&changed["UUID"], &changed["OnLine"]), (&json!(account.uuid), &json!(false)));
    let mut late = Client::resume(site.there(), &account).await;
    assert_eq!(late.refused("users", Value::Null).await, 14);
    assert_eq!(bob.refused("channelMessage", json!({ "recipientUUID": account.uuid, "message": "?" })).await, 10);
    let history = bob.ask("channelHistory", json!({})).await;
    assert_eq!(texts(history["messages"].as_array().unwrap()), ["remember me"]);
    assert_eq!(bob.ask("users", Value::Null).await["total"], 1);
    let new = Client::sign_in(site.here(), "ann", "a new person").await;
    assert_ne!(new.uuid(), account.uuid);

    // A guest has no password to give.
    let mut guest = Client::guest(site.there()).await;
    guest.ask("deleteAccount", Value::Null).await;
    assert_eq!(guest.closed().await.0, 4004);
}

async fn an_export_holds_everything_but_secrets(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::guest(site.there()).await;
    ann.say("", "to all").await;
    ann.say(&bob.uuid(), "to bob").await;
    bob.say("", "bob's own").await;
    bob.say(&ann.uuid(), "bob's as well").await;
    ann.ask("block", json!({ "userUUID": bob.uuid(), "on": true })).await;
    let export = ann.ask("exportAccount", Value::Null).await;
    assert_eq!((&export["user"]["UUID"], &export["user"]["Username"]), (&json!(ann.uuid()), &json!("ann")));
    assert_eq!(export["blocked"], json!([bob.uuid()]));
    let mut written: Vec<_> =
        export["channels"].as_array().unwrap().iter().flat_map(|channel| texts(channel["messages"].as_array().unwrap())).collect();
    written.sort();
    assert_eq!(written, ["to all", "to bob"]);
    let whole = export.to_string();
    for secret in [ann.account().key.as_str(), "secret of ann", "$2b$", "$2y$"] {
        assert!(!whole.contains(secret), "{secret} in {whole}");
    }
}

async fn blocked_people_write_to_nobody(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.watch(json!({ "recipientUUIDs": ["", bob.uuid()], "all": true })).await;
    let blocked = bob.uuid();
    let block = |on: bool| json!({ "userUUID": blocked, "on": on });
    let own = ann.uuid();
    bob.say(&own, "hello").await;
    ann.hears("hello").await;
    assert_eq!(ann.refused("block", json!({ "userUUID": own, "on": true })).await, 18);
    assert_eq!(ann.refused("block", json!({ "userUUID": "x", "on": true })).await, 16);
    assert_eq!(ann.ask("block", block(true)).await, block(true));
    assert_eq!(bob.refused("channelMessage", json!({ "recipientUUID": own, "message": "listen!" })).await, 18);
    bob.ask("typing", json!({ "recipientUUID": own })).await;
    // What was written before can be withdrawn, not turned into something else.
    assert_eq!(bob.refused("editMessage", json!({ "recipientUUID": own, "seq": 1, "message": "listen!" })).await, 18);
    assert_eq!(bob.refused("react", json!({ "recipientUUID": own, "seq": 1, "emoji": "😠", "on": true })).await, 18);
    bob.ask("deleteMessage", json!({ "recipientUUID": own, "seq": 1 })).await;
    // In the general channel everybody is heard.
    bob.say("", "hello, all").await;
    ann.hears("hello, all").await;
    ann.ask("block", block(false)).await;
    bob.say(&own, "thank you").await;
    ann.hears("thank you").await;
    assert_eq!(texts(&ann.messages()), ["hello", "hello, all", "thank you"]);
    assert_eq!(ann.received_of("typing"), Vec::<Value>::new());
}

async fn moderators_kick(site: Site) {
    let mut mia = Client::sign_in(site.here(), "mia", "secret of mia").await;
    let ann = Client::sign_in(site.there(), "ann", "secret of ann").await;
    let here = Client::sign_in(site.here(), "ann", "secret of ann").await;
    mia.ask("kick", json!({ "userUUID": ann.uuid() })).await;
    for client in [&ann, &here] {
        assert_eq!(client.closed().await.0, 4001);
    }
    let mut back = Client::resume(site.there(), &ann.account()).await;
    back.ask("users", Value::Null).await;
    assert_eq!(mia.refused("kick", json!({ "userUUID": "00000000-0000-4000-8000-000000000000" })).await, 10);
    assert_eq!(mia.refused("kick", json!({})).await, 16);
}

async fn moderators_ban(site: Site) {
    let mut mia = Client::sign_in(site.here(), "mia", "secret of mia").await;
    let ann = Client::sign_in(site.there(), "ann", "secret of ann").await;
    mia.ask("ban", json!({ "userUUID": ann.uuid(), "minutes": 10 })).await;
    assert_eq!(ann.closed().await.0, 4003);
    let mut back = Client::resume(site.here(), &ann.account()).await;
    assert_eq!(back.refused("users", Value::Null).await, 18);
    let sign_in = json!({ "username": "ann", "password": "secret of ann" });
    assert_eq!(back.refused("signIn", sign_in.clone()).await, 18);
    assert_eq!(back.refused("signIn", json!({ "username": "ann", "password": "a guess" })).await, 4, "not even that is told");
    mia.ask("ban", json!({ "userUUID": ann.uuid(), "minutes": u64::MAX })).await;
    assert_eq!(back.refused("users", Value::Null).await, 18);
    mia.ask("ban", json!({ "userUUID": ann.uuid(), "minutes": 0 })).await;
    back.ask("users", Value::Null).await;
    back.send("signIn", sign_in).await;
    back.authorized().await;
    assert_eq!(mia.refused("ban", json!({ "userUUID": "00000000-0000-4000-8000-000000000000", "minutes": 1 })).await, 10);
}

async fn others_do_neither(site: Site) {
    let mut ann = Client::sign_in(site.here(), "mia", "secret of mia").await;
    let bob = Client::guest(site.there()).await;
    assert_eq!(ann.refused("kick", json!({ "userUUID": bob.uuid() })).await, 18);
    assert_eq!(ann.refused("ban", json!({ "userUUID": bob.uuid(), "minutes": 1 })).await, 18);
    assert!(bob.is_open());
}
