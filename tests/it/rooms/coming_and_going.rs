//! Who is in the room, and when one is told of it.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::guest::{Guest, SERVER, ids, ids_of, knock};
use super::web::{make, make_room, page};
use crate::chat::site::Site;

everywhere!(
    who_comes_and_goes_is_told,
    nobody_is_told_before_asking,
    a_client_that_believes_everything_never_connects_to_itself,
    many_come_at_once_and_all_agree,
    a_silent_guest_is_asked_and_then_out with [("ROOM_PING_SECONDS", "4")],
);

async fn who_comes_and_goes_is_told(site: Site) {
    make_room(site.here(), "r").await;
    let ann = Guest::come(site.here(), "r").await;
    ann.sees(&[&ann]).await;
    let bob = Guest::come(site.there(), "r").await;
    for guest in [&ann, &bob] {
        guest.sees(&[&ann, &bob]).await;
    }
    let mut cat = Guest::come(site.here(), "r").await;
    assert_eq!(cat.asks_who_is_there().await, ids_of(&[&ann, &bob, &cat]));
    for guest in [&ann, &bob] {
        guest.sees(&[&ann, &bob, &cat]).await;
    }
    // Without a goodbye.
    drop(bob);
    for guest in [&ann, &cat] {
        guest.sees(&[&ann, &cat]).await;
    }
    // Each change was told once.
    assert_eq!(ann.all("room-info").len(), 4, "{:?}", ann.all("room-info"));
}

async fn nobody_is_told_before_asking(site: Site) {
    make_room(site.here(), "r").await;
    let shy = Guest::enter(site.here(), "r").await;
    shy.message("greeting").await;
    let mut bob = Guest::come(site.there(), "r").await;
    bob.send(SERVER, "profile", json!({ "username": "Bob" })).await;
    bob.send("room", "text", json!("hello")).await;
    shy.message("text").await;
    let mut other = Guest::enter(site.here(), "r").await;
    other.message("greeting").await;
    assert_eq!(bob.asks_who_is_there().await.len(), 3);
    assert_eq!(shy.all("room-info"), Vec::<Value>::new());
    // A ping, and then what was withheld; or the question itself.
    let shy = shy.introduced().await;
    assert_eq!(ids(&shy.all("room-info")[0]).len(), 3);
    let kinds: Vec<Value> = shy.wire.received().iter().map(|message| message["type"].clone()).collect();
    let place = |kind: &str| kinds.iter().position(|known| known == kind).unwrap();
    assert!(place("pong") < place("room-info"));
    other.send(SERVER, "get-room-info", Value::Null).await;
    assert_eq!(ids(&other.message("room-info").await).len(), 3);
}

/// The original client makes a peer of everybody in a `room-info` who is not itself; before its first pong it does not know who that is.
async fn a_client_that_believes_everything_never_connects_to_itself(site: Site) {
    make_room(site.here(), "r").await;
    let clients = join_all((0..6).map(|turn| Guest::enter(site.any(turn), "r"))).await;
    let clients = join_all(clients.into_iter().map(Guest::introduced)).await;
    let everybody: Vec<&Guest> = clients.iter().collect();
    for client in &clients {
        client.sees(&everybody).await;
        let mut me = String::new();
        let mut peers = HashSet::new();
        for message in client.wire.received() {
            match message["type"].as_str().unwrap() {
                "pong" => me = message["receiver"].as_str().unwrap().to_owned(),
                "room-info" => peers.extend(ids(&message).into_iter().filter(|id| *id != me)),
                _ => {}
            }
        }
        assert!(!peers.contains(&client.id));
        assert_eq!(peers.len(), 5);
    }
}

async fn many_come_at_once_and_all_agree(site: Site) {
    make_room(site.here(), "r").await;
    let mut guests = join_all((0..20).map(|turn| Guest::come(site.any(turn), "r"))).await;
    for guest in &guests {
        guest.sees(&guests.iter().collect::<Vec<_>>()).await;
    }
    let staying = guests.split_off(10);
    drop(guests);
    for guest in &staying {
        guest.sees(&staying.iter().collect::<Vec<_>>()).await;
    }
}

async fn a_silent_guest_is_asked_and_then_out(site: Site) {
    make_room(site.here(), "r").await;
    let mut ann = Guest::come(site.here(), "r").await;
    let mut bob = Guest::come(site.there(), "r").await;
    ann.sees(&[&ann, &bob]).await;
    let ping = bob.message("ping").await;
    assert_eq!((&ping["sender"], &ping["receiver"]), (&json!(SERVER), &json!(bob.id)));
    // Ann answers each time, Bob never again.
    bob.send(SERVER, "pong", Value::Null).await;
    let (end, ()) = tokio::join!(bob.wire.closed(), ann.is_alone());
    assert_eq!(end.0, 4008);
    let bye = bob.all("bye");
    assert_eq!((bye.len(), &bye[0]["sender"]), (1, &json!(SERVER)));
    assert_eq!(bob.all("ping").len(), 2, "once in a silence");
    ann.sees(&[&ann]).await;
}

mod three_nodes_and_one_dies {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn its_guests_are_gone_and_come_back_as_themselves() {
        let site = Site::on_redis(3, &[]).await;
        make(site.here(), json!({ "name": "r", "guest_limit": 4 })).await;
        let cookie = page(site.here(), "/room/r", &[]).await.cookie();
        let mut ann = Guest::come(site.here(), "r").await;
        let mut bob = Guest::come(&site.nodes[1], "r").await;
        let cat = knock(site.there(), "r", "", Some(&cookie)).await.unwrap().introduced().await;
        let dog = Guest::come(site.there(), "r").await;
        for guest in [&ann, &bob] {
            guest.sees(&[&ann, &bob, &cat, &dog]).await;
        }
        for guest in [&mut ann, &mut bob] {
            guest.fence().await;
        }
        let before = [&ann, &bob].map(|guest| guest.all("room-info").len());
        site.there().kill9();
        let died = Instant::now();
        for guest in [&ann, &bob] {
            guest.sees(&[&ann, &bob]).await;
        }
        assert!(died.elapsed() < Duration::from_secs(25), "{:?}", died.elapsed());
        // To the dead nobody speaks in vain.
        ann.send(&dog.id, "offer", Value::Null).await;
        assert_eq!(ann.error().await, format!("No such client: {}", dog.id));
        // The seats are free again, and the cookie is good for the old identifier.
        let back = knock(site.here(), "r", "", Some(&cookie)).await.unwrap().introduced().await;
        assert_eq!(back.id, cat.id);
        for guest in [&ann, &bob] {
            guest.sees(&[&ann, &bob, &back]).await;
        }
        // What comes at once is told at once: as a rule that are both deaths.
        for (guest, before) in [&ann, &bob].into_iter().zip(before) {
            let told = guest.all("room-info").len() - before;
            assert!((2..=3).contains(&told), "each death once, and the return; {told} were told");
        }
    }
}
