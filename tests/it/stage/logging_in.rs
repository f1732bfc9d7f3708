//! Who somebody is: tokens, temporary accounts, names and passwords.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::visitor::{PASSWORD, Visitor, make_room};
use crate::chat::site::Site;
use crate::support::client::{Client, PATIENCE};

everywhere!(
    without_a_good_token_somebody_new_comes_in,
    a_token_is_good_anywhere,
    a_password_keeps_the_rule,
    a_name_needs_a_password_and_is_unique,
    a_name_and_password_log_in_and_make_no_account,
    guessing_is_slowed_down with [("RATE_SIGNIN_FAILURES", "3/1h")],
    accounts_are_the_same_as_in_the_chat_protocol,
    a_key_that_ends_elsewhere_ends_here,
    who_is_not_logged_in_can_do_little,
);

async fn without_a_good_token_somebody_new_comes_in(site: Site) {
    let room = make_room(site.here()).await;
    let witness = Visitor::come(site.there(), &room).await;
    for details in [json!({ "details": "" }), json!({ "details": null }), json!({}), json!({ "details": "no such token" })] {
        let mut visitor = Visitor::enter(site.here(), &room).await;
        let mut order = details;
        order["order"] = json!("validate_access_token");
        visitor.wire.send_json(order).await;
        visitor.logged_in().await;
        visitor.question("credentials").await;
        assert!(visitor.name.len() > 3 && visitor.id > witness.id && visitor.token.len() >= 32);
        assert_eq!(witness.event("user_entered_chat").await, visitor.name.as_str());
    }
    let mut odd = Visitor::enter(site.here(), &room).await;
    odd.order("validate_access_token", json!(7)).await;
    assert_eq!(odd.error().await.0, 400);
}

async fn a_token_is_good_anywhere(site: Site) {
    let (room, other) = (make_room(site.here()).await, make_room(site.there()).await);
    let witness = Visitor::come(site.here(), &other).await;
    let ann = Visitor::come(site.here(), &room).await;
    let mut back = Visitor::come_back(site.there(), &other, &ann.token).await;
    assert_eq!((back.id, &back.name, &back.token), (ann.id, &ann.name, &ann.token));
    assert_eq!(witness.event("user_entered_chat").await, ann.name.as_str());
    back.guests().await;
    let questions = back.wire.received().iter().filter(|frame| frame["type"] == "question").count();
    assert_eq!(questions, 1, "nobody who is known is asked for credentials");
}

async fn a_password_keeps_the_rule(site: Site) {
    let room = make_room(site.here()).await;
    let witness = Visitor::come(site.there(), &room).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    for password in ["", "short-1", "no-digit", "nospecial1", "12345678!", &format!("a1!{}", "x".repeat(70))] {
        ann.order("set_user_password", json!({ "password": password })).await;
        let (code, message) = ann.error().await;
        assert_eq!(code, 400);
        assert!(message.contains("at least 8 characters") && (password.is_empty() || !message.contains(password)));
    }
    ann.order("set_user_password", json!({ "password": PASSWORD })).await;
    let told = ann.event("user_message").await;
    assert_eq!((&told["from_user_name"], &told["to_user_id"]), (&json!("ADMIN (to you)"), &json!(ann.id)));
    ann.say("and now?").await;
    assert_eq!(witness.hears("and now?").await["user_verified"], true);
    assert_eq!(witness.all("user_message").len(), 1, "the server spoke to one only");
}

async fn a_name_needs_a_password_and_is_unique(site: Site) {
    let room = make_room(site.here()).await;
    let ann = Visitor::member(site.there(), &room, "ann").await;
    let mut bob = Visitor::come(site.here(), &room).await;
    for name in ["bob", "ann"] {
        bob.order("set_user_name", json!({ "name": name })).await;
        assert_eq!(bob.error().await.0, 403);
    }
    bob.order("set_user_password", json!({ "password": PASSWORD })).await;
    bob.event("user_message").await;
    for name in ["ann", " ANN ", "", "a\u{0}b", &"x".repeat(33)] {
        bob.order("set_user_name", json!({ "name": name })).await;
        assert_eq!(bob.error().await.0, 400, "{name:?}");
    }
    bob.order("set_user_name", json!({ "name": "Bob" })).await;
    assert_eq!(bob.event("user_name_change").await, "Bob");
    for visitor in [&ann, &bob] {
        visitor
            .wire
            .expect("the new name", |frame| frame["data"] == json!({ "event": "streamid_user_name", "data": { "name": "Bob" } }))
            .await;
    }
    bob.say("it is me").await;
    let said = ann.hears("it is me").await;
    assert_eq!(said, json!({ "text": "it is me", "from_user_name": "Bob", "from_user_id": bob.id, "user_verified": true }));
}

async fn a_name_and_password_log_in_and_make_no_account(site: Site) {
    let room = make_room(site.here()).await;
    let ann = Visitor::member(site.here(), &room, "ann").await;
    let witness = Visitor::come(site.there(), &room).await;
    ann.wire.close().await;
    witness.event("user_exited_chat").await;

    let mut back = Visitor::come(site.there(), &room).await;
    let (temporary, number) = (back.name.clone(), back.id);
    witness.event("user_entered_chat").await;
    for (name, password) in [("ann", "a guess-1"), ("nobody", PASSWORD), ("", PASSWORD), ("ann", ""), (&temporary, PASSWORD)] {
        back.order("validate_user_name_password", json!({ "name": name, "password": password })).await;
        assert_eq!(back.error().await, (400, "failed login".to_owned()));
    }
    back.order("validate_user_name_password", json!({ "name": "Ann", "password": PASSWORD })).await;
    back.logged_in().await;
    assert_eq!((back.name.as_str(), back.id), ("ann", ann.id));
    assert_eq!(witness.event("user_exited_chat").await, json!({ "name": temporary, "id": number }));
    assert_eq!(witness.event("user_entered_chat").await, "ann");
    assert_eq!(back.guests().await, [json!({ "id": ann.id, "name": "ann" }), witness.card()]);
}

async fn guessing_is_slowed_down(site: Site) {
    let room = make_room(site.here()).await;
    Visitor::member(site.here(), &room, "ann").await;
    let mut thief = Visitor::enter(site.there(), &room).await;
    for expected in [400, 400, 400, 429, 429] {
        thief.order("validate_user_name_password", json!({ "name": "ann", "password": "a guess-1" })).await;
        assert_eq!(thief.error().await.0, expected);
    }
    thief.order("validate_access_token", json!("")).await;
    thief.logged_in().await;
}

async fn accounts_are_the_same_as_in_the_chat_protocol(site: Site) {
    let room = make_room(site.here()).await;
    let witness = Visitor::come(site.here(), &room).await;
    let mut chat = Client::sign_in(site.there(), "ann", "secret of ann").await;
    let account = chat.account();
    let mut ann = Visitor::come_back(site.here(), &room, &account.key).await;
    assert_eq!(ann.name, "ann");
    assert_eq!(witness.event("user_entered_chat").await, "ann");
    chat.ask("account", json!({ "username": "Anna" })).await;
    let renamed = async {
        loop {
            ann.say("who am I?").await;
            if ann.event("user_message").await["from_user_name"] == "Anna" {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, renamed).await.expect("a new name is known in the room");

    let member = Visitor::member(site.there(), &room, "bob").await;
    let again = Client::sign_in(site.here(), "bob", PASSWORD).await;
    let users = chat.ask("users", json!({ "query": "bob" })).await;
    assert_eq!((&users["users"][0]["UUID"], &users["users"][0]["OnLine"]), (&json!(again.uuid()), &json!(true)));
    assert_eq!(member.name, "bob");
}

async fn a_key_that_ends_elsewhere_ends_here(site: Site) {
    let room = make_room(site.here()).await;
    let witness = Visitor::come(site.here(), &room).await;
    let mut chat = Client::sign_in(site.there(), "ann", "secret of ann").await;
    let mut ann = Visitor::come_back(site.here(), &room, &chat.account().key).await;
    chat.send("signOut", Value::Null).await;
    ann.question("access_token").await;
    assert_eq!(witness.event("user_exited_chat").await, json!({ "name": "ann", "id": ann.id }));
    ann.say("am I still here?").await;
    assert_eq!(ann.error().await.0, 401);
    // The token is worth nothing any more: somebody new.
    let token = ann.token.clone();
    ann.order("validate_access_token", json!(token)).await;
    ann.logged_in().await;
    ann.question("credentials").await;
    assert_ne!(ann.name, "ann");
}

async fn who_is_not_logged_in_can_do_little(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.there(), &room).await;
    let mut stranger = Visitor::enter(site.here(), &room).await;
    for (order, details) in [
        ("user_message", json!({ "text": "hello" })),
        ("user_message", json!({ "text": "hello", "toUserID": ann.id })),
        ("set_user_password", json!({ "password": PASSWORD })),
        ("set_user_name", json!({ "name": "stranger" })),
    ] {
        stranger.order(order, details).await;
        assert_eq!(stranger.error().await.0, 401, "{order}");
    }
    assert_eq!(stranger.guests().await, Vec::<Value>::new());
    assert_eq!(ann.guests().await, [ann.card()]);
    assert_eq!(ann.all("user_message"), Vec::<Value>::new());
}
