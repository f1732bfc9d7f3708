//! Who gets in, by name and password or by key, and who is out again.

use std::time::Instant;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::site::Site;
use crate::support::client::{Client, PATIENCE, text};

everywhere!(
    a_name_never_seen_makes_an_account,
    a_taken_name_is_nobody_elses,
    everybody_connected_hears_of_a_sign_in_once,
    one_socket_may_change_its_user,
    a_key_signs_in_on_any_node,
    a_key_that_ended_is_worth_nothing_anywhere,
    unknown_types_come_before_the_question_who_asks,
    requests_may_follow_each_other_without_waiting,
    a_guest_has_a_readable_name_and_no_password,
);

async fn a_name_never_seen_makes_an_account(site: Site) {
    let first = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let again = Client::sign_in(site.there(), " Ann ", "secret of ann").await;
    assert_eq!(first.uuid(), again.uuid());
    assert_ne!(first.account().key, again.account().key);
    assert_eq!(again.name(), "ann", "as it was written first");

    let mut guesser = Client::connect(site.there()).await;
    guesser.send("signIn", json!({ "username": "ann", "password": "a guess" })).await;
    assert_eq!(guesser.expect_error().await, (4, json!({ "type": "signIn", "signIn": { "username": "ann" } })));
    guesser.send("users", Value::Null).await;
    assert_eq!(guesser.expect_error().await.0, 14);
}

async fn a_taken_name_is_nobody_elses(site: Site) {
    let mut ann = Client::connect(site.here()).await;
    ann.send("signUp", json!({ "username": "ann", "password": "secret of ann" })).await;
    ann.authorized().await;

    let mut other = Client::connect(site.there()).await;
    for password in ["secret of ann", "another one"] {
        other.send("signUp", json!({ "username": "ANN", "password": password })).await;
        assert_eq!(other.expect_error().await.0, 5);
    }
    other.send("signUp", json!({ "username": "bob", "password": "secret of bob" })).await;
    assert_eq!(other.authorized().await.name, "bob");
}

async fn everybody_connected_hears_of_a_sign_in_once(site: Site) {
    let stranger = Client::connect(site.there()).await;
    let bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    let ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let of_ann = json!({ "type": "signIn", "signIn": { "uuid": ann.uuid(), "username": "ann" } });
    for client in [&stranger, &bob] {
        client.expect("ann's sign-in", |v| v["sys"] == of_ann).await;
    }
    // What comes behind it on the same way shows that nothing came twice.
    let last = Client::guest(site.here()).await;
    for client in [&ann, &bob, &stranger] {
        client.expect("the last sign-in", |v| v["sys"]["signIn"]["uuid"] == last.uuid()).await;
        assert_eq!(client.received_of("sys").iter().filter(|news| **news == of_ann).count(), 1);
    }
}

async fn one_socket_may_change_its_user(site: Site) {
    let mut watcher = Client::sign_in(site.there(), "watcher", "secret of watcher").await;
    watcher.join("").await;
    let mut client = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let ann = client.account();
    client.join("").await;
    watcher.expect("ann's join", |v| v["type"] == "sys" && v["userUUID"] == ann.uuid.as_str()).await;

    client.send("signIn", json!({ "username": "bob", "password": "secret of bob" })).await;
    let bob = client.authorized().await;
    assert_ne!(ann.uuid, bob.uuid);
    let left = watcher.expect_type("channelLeave").await;
    assert_eq!(left["userUUID"], ann.uuid.as_str());
    let users = watcher.ask("users", Value::Null).await;
    let online = |uuid: &str| users["users"].as_array().unwrap().iter().find(|user| user["UUID"] == uuid).unwrap()["OnLine"].clone();
    assert_eq!((online(&ann.uuid), online(&bob.uuid)), (json!(false), json!(true)));
    // Out of the channel: what is said there does not reach this session any more.
    watcher.say("", "who is there?").await;
    client.join("").await;
    client.say("", "bob is").await;
    watcher.hears("bob is").await;
    assert!(!client.messages().iter().any(|message| message["Message"] == "who is there?"));
}

async fn a_key_signs_in_on_any_node(site: Site) {
    let witness = Client::connect(site.there()).await;
    let ann = Client::sign_in(site.here(), "ann", "secret of ann").await.account();
    witness.expect_type("sys").await;
    let mut back = Client::connect(site.there()).await;
    let join = json!({ "type": "channelJoin", "channelJoin": {}, "userUUID": ann.uuid, "userAccessKey": ann.key });
    back.send_json(join).await;
    back.expect_type("channelJoin").await;
    back.fence().await;
    let types: Vec<_> = back.received().iter().map(|frame| text(&frame["type"])).filter(|kind| kind != "error").collect();
    assert_eq!(types, ["ready", "channelJoin"], "neither authorized nor sys");
    back.post("", "I am ann").await;
    assert_eq!(back.hears("I am ann").await["SenderUUID"], ann.uuid.as_str());
}

async fn a_key_that_ended_is_worth_nothing_anywhere(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let account = ann.account();
    let mut same_key = Client::resume(site.there(), &account).await;
    same_key.ask("users", Value::Null).await;
    let mut other_key = Client::sign_in(site.there(), "ann", "secret of ann").await;
    let mut watcher = Client::sign_in(site.there(), "bob", "secret of bob").await;

    // With another's uuid it still is one's own sign-out.
    ann.send("signOut", json!({ "uuid": watcher.uuid() })).await;
    assert_eq!(ann.expect_type("signOut").await["signOut"]["uuid"], account.uuid.as_str());
    assert_eq!(same_key.expect_type("signOut").await["signOut"]["uuid"], account.uuid.as_str());
    for client in [&mut ann, &mut same_key] {
        client.send("channelJoin", json!({})).await;
        assert_eq!(client.expect_error().await.0, 14);
        assert_eq!(client.refused("users", Value::Null).await, 14, "the key came with this one");
    }
    let mut late = Client::resume(site.there(), &account).await;
    assert_eq!(late.refused("users", Value::Null).await, 14);
    assert_eq!(online(&mut watcher, &account.uuid).await, json!(true), "there is a session left");
    other_key.send_json(json!({ "type": "signOut" })).await;
    other_key.expect_type("signOut").await;
    // That of the second session was taken out behind its news.
    let start = Instant::now();
    while online(&mut watcher, &account.uuid).await != json!(false) {
        assert!(start.elapsed() < PATIENCE, "there is no session left");
    }
    watcher.ask("users", Value::Null).await;
}

async fn unknown_types_come_before_the_question_who_asks(site: Site) {
    let mut client = Client::connect(site.here()).await;
    for (frame, code) in [(r#"{"type":"dance"}"#, 13), (r#"{"type":"users"}"#, 14), ("{", 1), (r#"{"type":"watch"}"#, 14)] {
        client.send_text(frame).await;
        assert_eq!(client.expect_error().await.0, code, "{frame}");
    }
    client.send_message(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.expect_error().await, (1, json!("")));

    let ann = Client::sign_in(site.there(), "ann", "secret of ann").await.account();
    let bob = Client::sign_in(site.there(), "bob", "secret of bob").await.account();
    for (uuid, key) in [(&ann.uuid, &bob.key), (&bob.uuid, &ann.key), (&ann.uuid, &"0".repeat(ann.key.len())), (&ann.uuid, &String::new())]
    {
        client.send_json(json!({ "type": "users", "userUUID": uuid, "userAccessKey": key })).await;
        let (code, payload) = client.expect_error().await;
        assert_eq!((code, payload), (14, json!({ "type": "users", "userUUID": uuid })));
    }
}

async fn requests_may_follow_each_other_without_waiting(site: Site) {
    let mut listener = Client::guest(site.there()).await;
    listener.join("").await;
    let mut ann = Client::connect(site.here()).await;
    ann.send("signIn", json!({ "username": "ann", "password": "secret of ann" })).await;
    ann.send("users", Value::Null).await;
    ann.send("channelJoin", json!({ "recipientUUID": "" })).await;
    for number in 0..20 {
        ann.post("", &format!("number {number}")).await;
    }
    ann.send("channelLeave", json!({ "recipientUUID": "" })).await;
    let uuid = ann.authorized().await.uuid;
    for kind in ["users", "channelJoin", "channelLeave"] {
        assert_ne!(ann.expect_type(kind).await[kind], Value::Null);
    }
    for number in 0..20 {
        let words = format!("number {number}");
        assert_eq!(listener.hears(&words).await["SenderUUID"], uuid.as_str());
        ann.hears(&words).await;
    }
    let heard: Vec<_> = listener.messages().iter().map(|message| message["Seq"].as_u64().unwrap()).collect();
    assert_eq!(heard, (1..=20).collect::<Vec<_>>());
}

async fn a_guest_has_a_readable_name_and_no_password(site: Site) {
    let mut guest = Client::guest(site.here()).await;
    assert!((1..=32).contains(&guest.name().chars().count()));
    let mut thief = Client::connect(site.there()).await;
    let mut told = Vec::new();
    // Nobody is told which names exist, and which of them have a password.
    let member = Client::sign_in(site.here(), "ann", "secret of ann").await.name();
    for name in [guest.name(), member] {
        let answer = thief.request("signIn", json!({ "username": name, "password": "a guess" })).await;
        assert_eq!(answer["error"]["code"], 4);
        told.push(text(&answer["error"]["error"]));
    }
    assert_eq!(told[0], told[1]);
    guest.join("").await;
    guest.say("", "hello").await;
}

async fn online(watcher: &mut Client, uuid: &str) -> Value {
    let users = watcher.ask("users", Value::Null).await;
    users["users"].as_array().unwrap().iter().find(|user| user["UUID"] == uuid).unwrap()["OnLine"].clone()
}
