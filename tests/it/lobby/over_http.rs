//! `/rooms`.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::player::{Answer, Player, post_room, rooms};
use crate::chat::site::Site;
use crate::support::client::Client;

everywhere!(
    a_room_has_a_code_that_people_can_read_out,
    pages_of_any_origin_may_ask,
    or_those_of_some with [("LOBBY_ORIGINS", "https://game.example")],
    public_rooms_are_listed,
    what_a_host_says_of_its_room_stands_as_it_was_written,
);

async fn a_room_has_a_code_that_people_can_read_out(site: Site) {
    let mut codes = HashSet::new();
    for index in 0..20 {
        let code = post_room(site.any(index)).await;
        assert!(code.len() == 5 && code.bytes().all(|byte| b"abcdefghjkmnpqrstuvwxyz23456789".contains(&byte)), "{code}");
        codes.insert(code);
    }
    assert_eq!(codes.len(), 20);
    // The app is still where it was.
    assert_eq!(site.here().get("/").await.0, 200);
}

async fn pages_of_any_origin_may_ask(site: Site) {
    let address = site.here().address();
    for method in ["POST", "GET", "OPTIONS"] {
        let answer = rooms(address, method, Some("https://game.example")).await;
        assert_eq!(answer.status, if method == "OPTIONS" { 204 } else { 200 });
        assert!(answer.head.contains("access-control-allow-origin: *"), "{}", answer.head);
    }
    assert!(Client::open_at(address, "/lobby/ws", Some("https://game.example")).await.is_ok());
}

async fn or_those_of_some(site: Site) {
    let address = site.there().address();
    let answer = rooms(address, "POST", Some("https://game.example")).await;
    assert!(answer.status == 200 && answer.head.contains("access-control-allow-origin: https://game.example"), "{}", answer.head);
    for method in ["POST", "GET", "OPTIONS"] {
        assert_eq!(rooms(address, method, Some("https://evil.example")).await.status, 403);
        assert_ne!(rooms(address, method, None).await.status, 403, "no browser");
    }
    assert!(Client::open_at(address, "/?host=true", Some("https://evil.example")).await.is_err());
}

async fn public_rooms_are_listed(site: Site) {
    let wishes = json!({ "name": "Chess", "maxGuests": 2, "public": true, "metadata": { "map": [1, 2] } });
    let (mut host, code) = Player::create(site.here(), wishes).await;
    let (_hidden, _) = Player::create(site.here(), json!({ "name": "Secret" })).await;
    let _guest = Player::join(site.there(), &code, None).await;
    let room = json!({ "code": code, "name": "Chess", "guests": 1, "maxGuests": 2, "metadata": { "map": [1, 2] } });
    assert_eq!(listed(&site).await.json(), json!({ "rooms": [room] }));
    host.send("closeRoom", Value::Null).await;
    host.told("roomClosed").await;
    let begun = Instant::now();
    while listed(&site).await.json() != json!({ "rooms": [] }) {
        // A node answers with the same list for a moment.
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

async fn listed(site: &Site) -> Answer {
    rooms(site.there().address(), "GET", None).await
}

async fn what_a_host_says_of_its_room_stands_as_it_was_written(site: Site) {
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let mut hosts = Vec::new();
    let all = [r#"{"b":1e400,"a":[1.0,2]}"#, r#""\ud800""#, &deep];
    for metadata in all {
        let mut host = Player::connect(site.here(), "").await;
        host.wire.send_text(format!(r#"{{"type":"createRoom","data":{{"public":true,"metadata":{metadata}}}}}"#)).await;
        host.told("roomCreated").await;
        hosts.push(host);
    }
    let answer = listed(&site).await;
    for metadata in all {
        assert!(answer.status == 200 && answer.body.contains(&format!(r#""metadata":{metadata}}}"#)), "{} {}", answer.status, answer.body);
    }
}
