//! The table of messages, row by row.

use serde_json::{Value, json};

use super::guest::{Guest, SERVER, ids, ids_of};
use super::web::make_room;
use crate::chat::site::Site;
use crate::support::client::text;

everywhere!(
    a_ping_is_answered_and_tells_who_one_is,
    everybody_is_greeted_once,
    a_profile_is_told_to_the_room,
    ice_servers_are_told with [("STUN_HOST", "stun.example.org"), ("TURN_HOST", "turn.example.org"), ("TURN_STATIC_AUTH_SECRET", "north")],
    text_goes_to_the_room_or_to_one,
    what_browsers_need_to_connect_is_relayed,
    a_bye_leaves_or_is_relayed,
    nobody_speaks_into_another_room,
);

async fn a_ping_is_answered_and_tells_who_one_is(site: Site) {
    make_room(site.here(), "r").await;
    let mut guest = Guest::come(site.here(), "r").await;
    for data in [json!(""), json!(7), json!(null), json!({ "a": [1, 2.5, "ü"] })] {
        guest.send(SERVER, "ping", data.clone()).await;
        let expected = json!({ "sender": SERVER, "receiver": guest.id, "type": "pong", "data": data });
        guest.wire.expect("pong", |message| *message == expected).await;
    }
    guest.wire.send_json(json!({ "receiver": SERVER, "type": "ping" })).await;
    guest.wire.expect("pong", |message| *message == json!({ "sender": SERVER, "receiver": guest.id, "type": "pong" })).await;
    guest.send(SERVER, "pong", Value::Null).await;
    guest.fence().await;
    assert_eq!(guest.all("pong").len(), 6, "a pong is not answered");
}

async fn everybody_is_greeted_once(site: Site) {
    make_room(site.here(), "r").await;
    let mut ann = Guest::come(site.here(), "r").await;
    let bob = Guest::come(site.there(), "r").await;
    ann.send(SERVER, "greeting", json!("hello")).await;
    ann.send(&bob.id, "greeting", json!("hello")).await;
    let greeting = bob.wire.expect("the greeting", |message| message["sender"] == ann.id.as_str()).await;
    assert_eq!(greeting, json!({ "sender": ann.id, "receiver": bob.id, "type": "greeting", "data": "hello" }));
    ann.fence().await;
    let all = ann.all("greeting");
    assert_eq!((all.len(), &all[0]["sender"], &all[0]["receiver"]), (1, &json!(SERVER), &json!(ann.id)));
}

async fn a_profile_is_told_to_the_room(site: Site) {
    make_room(site.here(), "r").await;
    let mut ann = Guest::come(site.here(), "r").await;
    let bob = Guest::come(site.there(), "r").await;
    ann.sees(&[&ann, &bob]).await;
    bob.sees(&[&ann, &bob]).await;
    let name_of = |info: &Value, guest: &Guest| {
        info["data"]["clients"]
            .as_array()
            .unwrap()
            .iter()
            .find(|client| client["id"] == guest.id.as_str())
            .map(|client| text(&client["username"]))
    };
    let first = &bob.all("room-info")[0];
    assert_eq!((first["data"]["room_id"].clone(), name_of(first, &ann)), (json!("r"), Some("Major Tom".to_owned())));
    // The same name once more is told as well.
    for _ in 0..2 {
        ann.send(SERVER, "profile", json!({ "username": " Ann " })).await;
        for guest in [&ann, &bob] {
            let info = guest.wire.expect("the name", |m| m["type"] == "room-info" && name_of(m, &ann).as_deref() == Some("Ann")).await;
            assert_eq!((&info["sender"], &info["receiver"]), (&json!(SERVER), &json!("room")));
        }
    }
    for bad in [json!({}), json!({ "username": 7 }), json!({ "username": "" }), json!(["Ann"]), json!({ "username": "x".repeat(33) })] {
        ann.send(SERVER, "profile", bad).await;
        assert!(!ann.error().await.is_empty());
    }
}

async fn ice_servers_are_told(site: Site) {
    make_room(site.here(), "r").await;
    let mut guest = Guest::come(site.there(), "r").await;
    guest.send(SERVER, "get-ice-servers", Value::Null).await;
    let servers = guest.message("ice-servers").await["data"].clone();
    assert_eq!(servers[0], json!({ "urls": ["stun:stun.example.org:3478"] }));
    let (until, id) =
        servers[1]["username"].as_str().unwrap().split_once(':').map(|(a, b)| (a.parse::<u64>().unwrap(), b.to_owned())).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(id, guest.id);
    assert!((now + 6 * 3600 - 60..=now + 6 * 3600).contains(&until), "six hours");
    assert!(servers[1]["urls"][0].as_str().unwrap().starts_with("turn:turn.example.org:3478"));
    assert_eq!(servers[1]["credential"].as_str().unwrap().len(), 28);
}

async fn text_goes_to_the_room_or_to_one(site: Site) {
    make_room(site.here(), "r").await;
    let mut ann = Guest::come(site.here(), "r").await;
    let bob = Guest::come(site.there(), "r").await;
    let mut cat = Guest::come(site.here(), "r").await;
    let data = json!({ "from": "Ann", "time": "12:00", "text": "hello" });
    ann.send("room", "text", data.clone()).await;
    let expected = json!({ "sender": ann.id, "receiver": "room", "type": "text", "data": data });
    for guest in [&ann, &bob, &cat] {
        assert_eq!(guest.message("text").await, expected, "the sender, too");
    }
    ann.send(&bob.id, "text", json!({ "text": "between us" })).await;
    assert_eq!(
        bob.message("text").await,
        json!({ "sender": ann.id, "receiver": bob.id, "type": "text", "data": { "text": "between us" } })
    );
    cat.fence().await;
    assert_eq!(cat.all("text").len(), 1);
    // In the order in which it was said, to whomever.
    for number in 0..100 {
        let to = if number % 2 == 0 { "room".to_owned() } else { bob.id.clone() };
        ann.send(&to, "text", json!(number)).await;
    }
    bob.wire.until("all has come", |received| received.iter().filter(|m| m["type"] == "text").count() == 102).await;
    let numbers: Vec<u64> = bob.all("text").iter().filter_map(|message| message["data"].as_u64()).collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

async fn what_browsers_need_to_connect_is_relayed(site: Site) {
    make_room(site.here(), "r").await;
    let mut ann = Guest::come(site.here(), "r").await;
    let mut bob = Guest::come(site.there(), "r").await;
    let offer = json!({ "type": "offer", "sdp": "v=0\r\n…" });
    let candidate = json!({ "candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0 });
    for (kind, data) in [("offer", offer), ("icecandidate", candidate), ("anything", json!([1]))] {
        ann.send(&bob.id, kind, data.clone()).await;
        assert_eq!(bob.message(kind).await, json!({ "sender": ann.id, "receiver": bob.id, "type": kind, "data": data }));
    }
    bob.send(&ann.id, "answer", json!({ "type": "answer", "sdp": "v=0" })).await;
    assert_eq!(ann.message("answer").await["sender"], bob.id.as_str(), "whatever it says of itself");
    bob.wire.send_json(json!({ "receiver": ann.id, "type": "icecandidate" })).await;
    assert_eq!(ann.message("icecandidate").await, json!({ "sender": bob.id, "receiver": ann.id, "type": "icecandidate" }));
}

async fn a_bye_leaves_or_is_relayed(site: Site) {
    make_room(site.here(), "r").await;
    let mut ann = Guest::come(site.here(), "r").await;
    let mut bob = Guest::come(site.there(), "r").await;
    let cat = Guest::come(site.there(), "r").await;
    bob.send(&ann.id, "bye", Value::Null).await;
    assert_eq!(ann.message("bye").await, json!({ "sender": bob.id, "receiver": ann.id, "type": "bye", "data": null }));
    assert_eq!(ann.asks_who_is_there().await, ids_of(&[&ann, &bob, &cat]));
    bob.send(SERVER, "bye", Value::Null).await;
    assert_eq!(bob.wire.closed().await.0, 1000);
    for guest in [&ann, &cat] {
        guest.sees(&[&ann, &cat]).await;
        assert_eq!(guest.all("bye").iter().filter(|message| message["receiver"] != ann.id.as_str()).count(), 0, "not relayed");
    }
    ann.send(&bob.id, "offer", Value::Null).await;
    assert_eq!(ann.error().await, format!("No such client: {}", bob.id));
}

async fn nobody_speaks_into_another_room(site: Site) {
    for room in ["one", "two"] {
        make_room(site.here(), room).await;
    }
    let mut ann = Guest::come(site.here(), "one").await;
    let mut bob = Guest::come(site.there(), "two").await;
    ann.send(&bob.id, "offer", Value::Null).await;
    assert_eq!(ann.error().await, format!("No such client: {}", bob.id));
    ann.send("room", "text", json!("hello")).await;
    ann.message("text").await;
    bob.fence().await;
    assert_eq!(bob.all("text").len() + bob.all("offer").len(), 0);
    let told = bob.all("room-info");
    assert!(told.iter().all(|info| ids(info) == [bob.id.clone()]));
}
