//! Calls of rooms with a name: who gets in, and that no link leads there.

use serde_json::json;

use super::guest::{Guest, knock};
use super::web::{ask, make, make_room, page, post_form, post_json};
use crate::chat::site::Site;
use crate::support::client::Client;
use crate::support::node::Node;

everywhere!(
    a_call_of_a_protected_room_asks_for_its_pass,
    an_open_room_admits_to_its_call,
    where_guests_are_counted_they_alone_are_in_the_call,
    a_link_leads_elsewhere_whatever_rooms_there_are with [("RATE_ROOMS", "3/15m")],
    who_was_let_in_is_let_in_again,
);

/// The token that the password gives.
async fn token(node: &Node, slug: &str, password: &str) -> String {
    let joined = post_json(node, &format!("/room/{slug}/join"), &json!({ "password": password })).await;
    joined.json()["token"].as_str().unwrap_or_else(|| panic!("no token: {joined:?}")).to_owned()
}

async fn a_call_of_a_protected_room_asks_for_its_pass(site: Site) {
    let slug = make(site.here(), json!({ "name": "Protected", "password": "hush" })).await;
    make(site.here(), json!({ "name": "Other", "password": "hush" })).await;
    let (good, others) = (token(site.there(), &slug, "hush").await, token(site.there(), "other", "hush").await);
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    for (room, bad) in [(slug.as_str(), ""), (&slug, "x"), (&slug, &others), ("nowhere", &good)] {
        let refused = ann.request("callJoin", json!({ "room": room, "token": bad })).await;
        let told = (&refused["error"]["code"], &refused["error"]["error"]);
        assert_eq!(told, (&json!(18), &json!("there is no such room any more")), "{room} {bad}");
    }
    assert_eq!(ann.refused("callState", json!({ "hand": true })).await, 16, "she is in no call");
    let joined = ann.call(json!({ "room": slug, "token": good })).await;
    assert_eq!(joined["room"], slug.as_str());
    // Somebody else, at the other node, with a pass of their own.
    let joined = bob.call(json!({ "room": slug, "token": token(site.here(), &slug, "hush").await })).await;
    assert_eq!(joined["participants"].as_array().unwrap().len(), 2, "{joined}");
}

async fn an_open_room_admits_to_its_call(site: Site) {
    let slug = make_room(site.here(), "open").await;
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.call(json!({ "room": slug, "token": token(site.here(), &slug, "").await })).await;
    let joined = bob.call(json!({ "room": slug, "token": token(site.there(), &slug, "").await })).await;
    assert_eq!(joined["participants"].as_array().unwrap().len(), 2, "{joined}");
}

async fn where_guests_are_counted_they_alone_are_in_the_call(site: Site) {
    let slug = make(site.here(), json!({ "name": "two", "guest_limit": 2 })).await;
    let mut ann = Client::guest(site.here()).await;
    let pass = token(site.here(), &slug, "").await;
    let refused = ann.request("callJoin", json!({ "room": slug, "token": pass })).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["error"]), (&json!(18), &json!("this room counts its guests: come in first")));
    let query = format!("?token={pass}");
    let came = || knock(site.here(), &slug, &query, None);
    let first = came().await.unwrap().introduced().await;
    let mut bob = Client::guest(site.there()).await;
    let other_pass = token(site.there(), &slug, "").await;
    assert_eq!(bob.refused("callJoin", json!({ "room": slug, "token": other_pass })).await, 18);
    // The same pass once more, from another window: that one stays when the first goes, also under another name.
    let mut second = came().await.unwrap().introduced().await;
    assert_ne!(first.id, second.id);
    let refused = bob.request("callJoin", json!({ "room": slug, "token": other_pass })).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["error"]), (&json!(11), &json!("the room is full")));
    second.send("ground control", "profile", json!({ "username": "Ann" })).await;
    drop(first);
    second.is_alone().await;
    ann.call(json!({ "room": slug, "token": pass })).await;
    let _other = Guest::come(site.there(), &slug).await;
}

async fn a_link_leads_elsewhere_whatever_rooms_there_are(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.call(json!({ "room": "blue" })).await;
    assert_eq!(bob.call(json!({ "room": "blue" })).await["participants"].as_array().unwrap().len(), 2, "a link, and nothing else");
    make(site.there(), json!({ "name": "Blue", "password": "hush" })).await;
    let again = bob.call(json!({ "room": "blue" })).await;
    assert_eq!(again["participants"].as_array().unwrap().len(), 2, "whoever comes back to a link is where they were: {again}");
    let joined = bob.call(json!({ "room": "blue", "token": token(site.here(), "blue", "hush").await })).await;
    assert_eq!(joined["participants"].as_array().unwrap().len(), 1, "the call of the room is another one: {joined}");
    // Case matters in links, and slugs have no capitals.
    assert_eq!(ann.call(json!({ "room": "Blue" })).await["participants"].as_array().unwrap().len(), 1);
    // Nothing is found out by links, and nobody is slowed down.
    for index in 0..5 {
        ann.call(json!({ "room": format!("guess-{index}") })).await;
    }
}

async fn who_was_let_in_is_let_in_again(site: Site) {
    make(site.here(), json!({ "name": "p", "password": "hush" })).await;
    // As a form does it, without a script. The page that follows asks for the token with the cookie alone.
    let cookie = post_form(site.here(), "/room/p", "password=hush").await.cookie();
    let headers = [("Cookie", cookie.as_str()), ("Content-Type", "application/json")];
    let again = ask(site.there(), "POST", "/room/p/join", &headers, "{}").await;
    assert_eq!((again.status, format!("room-p={}", again.json()["token"].as_str().unwrap())), (200, cookie.clone()));
    assert_eq!(ask(site.there(), "POST", "/room/p/join", &headers, r#"{"password":"wrong"}"#).await.status, 401, "a password is looked at");
    assert_eq!(ask(site.there(), "POST", "/room/p/join", &[("Cookie", "room-p=x")], "{}").await.status, 401);
    let kept = ask(site.there(), "POST", "/room/p/join", &headers, r#"{"password":"hush"}"#).await;
    assert_eq!(kept.json()["client_id"], again.json()["client_id"], "they are who they were");
    // Where one is turned away, a browser gets the page that says why, and keeps the status.
    for (path, status) in [("/room/nowhere", 404), ("/room/p", 200)] {
        let answer = page(site.there(), path, &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("text/html; charset=utf-8")), "{path}");
        assert!(answer.header("content-security-policy").is_some() && answer.header("etag").is_some());
    }
    let plain = ask(site.there(), "GET", "/room/nowhere", &[], "").await;
    assert_eq!((plain.status, plain.body.trim()), (404, "There is no such room"));
    make_room(site.here(), "open").await;
    assert_eq!(post_json(site.there(), "/room/open/join", &json!({})).await.status, 200);
}
