//! Clients that have never heard of Rialto's additions, and the original one with its misspellings.

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::{Client, text, texts};

everywhere!(
    an_old_client_gets_nothing_that_it_does_not_know with [("MODERATORS", "mia")],
    a_client_that_misspells_hears_of_its_own_sign_in_only,
    the_original_client_signs_out_locally_and_in_again,
);

async fn an_old_client_gets_nothing_that_it_does_not_know(site: Site) {
    const KNOWN: [&str; 9] = ["ready", "authorized", "signOut", "users", "channelJoin", "channelMessage", "channelLeave", "sys", "error"];
    let mut old = Client::sign_in(site.there(), "old", "secret of old").await;
    let mut new = Client::sign_in(site.here(), "mia", "secret of mia").await;
    old.send_json(json!({ "type": "users" })).await;
    old.expect_type("users").await;
    old.join("").await;
    new.watch(json!({ "recipientUUIDs": ["", old.uuid()], "all": true })).await;
    new.ask("channelJoin", json!({})).await;
    new.say("", "hello").await;
    old.say("", "good day").await;
    for seq in [1, 2] {
        new.ask("editMessage", json!({ "seq": seq, "message": "changed" })).await;
        new.ask("react", json!({ "seq": seq, "emoji": "👍", "on": true })).await;
        new.ask("deleteMessage", json!({ "seq": seq })).await;
    }
    new.ask("typing", json!({ "recipientUUID": "" })).await;
    new.ask("typing", json!({ "recipientUUID": old.uuid() })).await;
    new.say(&old.uuid(), "psst").await;
    old.say(&new.uuid(), "yes?").await;
    new.ask("read", json!({ "recipientUUID": old.uuid(), "seq": 2 })).await;
    for recipient in [old.uuid(), String::new()] {
        new.call(json!({ "recipientUUID": recipient })).await;
        new.sees_in_call(&recipient, &[&new]).await;
        new.ask("callLeave", json!({})).await;
        new.sees_in_call(&recipient, &[]).await;
    }
    new.ask("block", json!({ "userUUID": old.uuid(), "on": true })).await;
    new.ask("account", json!({ "username": "Mia" })).await;
    new.ask("ban", json!({ "userUUID": old.uuid(), "minutes": 0 })).await;
    let mut guest = Client::guest(site.here()).await;
    guest.ask("channelJoin", json!({ "after": 0 })).await;
    guest.ask("deleteAccount", Value::Null).await;
    guest.closed().await;
    new.say("", "the end").await;
    old.hears("the end").await;
    old.fence().await;
    for frame in old.received() {
        assert!(KNOWN.contains(&text(&frame["type"]).as_str()), "{frame}");
        assert_eq!(frame.get("id"), None, "{frame}");
    }
    assert_eq!(texts(&old.messages()), ["hello", "good day", "yes?", "the end"]);
}

async fn a_client_that_misspells_hears_of_its_own_sign_in_only(site: Site) {
    let witness = Client::connect(site.there()).await;
    let mut misspelling = Vec::new();
    for (index, header) in ["SSUID", "accessKey"].into_iter().enumerate() {
        let mut client = Client::connect(site.there()).await;
        let name = format!("original {index}");
        let sign_in = json!({ "username": name, "password": "secret" });
        client.send_json(json!({ "type": "signIn", "signIn": sign_in, header: "" })).await;
        let own = client.authorized().await.uuid;
        // Before the next one connects, which until its first request is a client like any other.
        witness.expect("its sign-in", |v| v["sys"]["signIn"]["uuid"] == own.as_str()).await;
        misspelling.push(client);
    }
    let ann = Client::guest(site.here()).await;
    witness.expect("ann's sign-in", |v| v["sys"]["signIn"]["uuid"] == ann.uuid()).await;
    // One's own from elsewhere is told; it also comes behind ann's.
    for (index, client) in misspelling.iter_mut().enumerate() {
        Client::sign_in(site.here(), &format!("original {index}"), "secret").await;
        let own = client.uuid();
        client.expect("the own sign-in elsewhere", |v| v["sys"]["signIn"]["uuid"] == own).await;
        let heard: Vec<_> = client.received_of("sys").into_iter().map(|news| text(&news["signIn"]["uuid"])).collect();
        assert_eq!(heard, [own.clone(), own]);
        // Joins are another matter.
        client.join("").await;
        let mut bob = Client::guest(site.here()).await;
        bob.join("").await;
        client.expect("bob's join", |v| v["sys"]["type"] == "channelJoin" && v["userUUID"] == bob.uuid()).await;
        client.join(&bob.uuid()).await;
    }
}

async fn the_original_client_signs_out_locally_and_in_again(site: Site) {
    let mut client = Client::connect(site.here()).await;
    // It has a stale user and key in its local storage and sends both with everything.
    let stale = json!("00000000-0000-4000-8000-000000000000");
    let session = client.session().to_owned();
    let frame =
        |kind: &str, payload: Value| json!({ "type": kind, "SSUID": session, "userUUID": stale, "accessKey": "old", kind: payload });
    client.send_json(frame("users", Value::Null)).await;
    assert_eq!(client.expect_error().await.0, 14);
    for (name, words) in [("ann", "I am ann"), ("bob", "I am bob now")] {
        client.send_json(frame("signIn", json!({ "username": name, "password": "secret" }))).await;
        let account = client.authorized().await;
        client.send_json(frame("users", Value::Null)).await;
        client.expect_type("users").await;
        client.send_json(frame("channelJoin", json!({ "recipientUUID": "" }))).await;
        client.expect_type("channelJoin").await;
        client.send_json(frame("channelMessage", json!({ "recipientUUID": "", "message": words }))).await;
        assert_eq!(client.hears(words).await["SenderUUID"], account.uuid.as_str());
    }
    let mut other = Client::guest(site.there()).await;
    assert_eq!(texts(other.join("").await["messages"].as_array().unwrap()), ["I am ann", "I am bob now"]);
}
