//! When the host does not come back.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::player::{Player, connect_peers};
use crate::chat::site::Site;
use crate::support::client::text;

// Where something has to happen within the grace it is a long one: processes may stand still now and then.
everywhere!(
    the_longest_present_guest_that_may_becomes_host with [("LOBBY_GRACE_SECONDS", "5")],
    an_old_host_is_a_guest_and_nothing_else with [("LOBBY_GRACE_SECONDS", "1")],
    where_nobody_may_be_host_the_room_is_closed with [("LOBBY_GRACE_SECONDS", "1"), ("LOBBY_ROOM_TIMEOUT_SECONDS", "2")],
    a_room_whose_host_is_gone_takes_one_that_may with [("LOBBY_GRACE_SECONDS", "5")],
    a_room_waits_as_long_as_its_maker_wants_and_not_longer_than_any with [("LOBBY_GRACE_SECONDS", "600")],
);

async fn the_longest_present_guest_that_may_becomes_host(site: Site) {
    let (host, code) = Player::create(site.here(), Value::Null).await;
    let unwilling = Player::join(site.here(), &code, Some(false)).await;
    let heir = Player::join(site.there(), &code, None).await;
    let mut other = Player::join(site.here(), &code, Some(true)).await;
    // A reconnect within the grace keeps the place in the row.
    let token = heir.token.clone();
    heir.wire.close().await;
    let mut heir = Player::back(site.here(), &token).await;
    heir.joined(false, true).await;
    host.wire.close().await;
    let migrated = heir.told("hostMigrated").await;
    assert_eq!((&migrated["clientIsHost"], &migrated["hostId"], &migrated["term"]), (&json!(true), &json!(heir.id), &json!(2)));
    let mut guests: Vec<String> = migrated["guests"].as_array().unwrap().iter().map(text).collect();
    guests.sort();
    let mut expected = [unwilling.id.clone(), other.id.clone()];
    expected.sort();
    assert_eq!(guests, expected);
    for guest in [&unwilling, &other] {
        assert_eq!(guest.told("hostMigrated").await, json!({ "clientIsHost": false, "hostId": heir.id, "term": 2 }));
    }
    connect_peers(&mut other, &mut heir, json!("anew")).await;
}

async fn an_old_host_is_a_guest_and_nothing_else(site: Site) {
    let (host, code) = Player::create(site.here(), Value::Null).await;
    let mut heir = Player::join(site.there(), &code, None).await;
    let (id, token) = (host.id.clone(), host.token.clone());
    host.wire.close().await;
    assert_eq!(heir.told("hostMigrated").await["clientIsHost"], true);
    let mut old = Player::back(site.there(), &token).await;
    assert_eq!(old.id, id);
    old.joined(false, false).await;
    for (kind, data) in [
        ("hostAnswerSignal", json!({ "answerSignal": 1, "clientId": heir.id })),
        ("hostCandidateSignal", json!({ "candidateSignal": 1, "clientId": heir.id })),
        ("saveSnapshot", json!({ "version": 9, "state": 1 })),
        ("kickGuest", json!({ "clientId": heir.id })),
        ("closeRoom", Value::Null),
    ] {
        assert_eq!(old.refused(kind, data).await, "notHost", "{kind}");
    }
    connect_peers(&mut old, &mut heir, json!("as a guest")).await;
}

async fn where_nobody_may_be_host_the_room_is_closed(site: Site) {
    let (host, code) = Player::create(site.here(), Value::Null).await;
    let unwilling = Player::join(site.there(), &code, Some(false)).await;
    host.wire.close().await;
    // That the host was away is told only if its node looks within the grace.
    unwilling.told("roomClosed").await;
    assert_eq!(unwilling.all("hostMigrated"), Vec::<Value>::new());
    loop {
        // The guests hear of it a moment before the code is free.
        let mut late = Player::connect(site.here(), "").await;
        if late.refused("joinRoom", json!({ "roomCode": code })).await == "noRoomFound" {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn a_room_whose_host_is_gone_takes_one_that_may(site: Site) {
    let (host, code) = Player::create(site.here(), Value::Null).await;
    let unwilling = Player::join(site.there(), &code, Some(false)).await;
    let mut early = Player::connect(site.there(), "").await;
    let token = host.token.clone();
    host.wire.close().await;
    unwilling.told("hostDisconnected").await;
    assert_eq!(early.refused("joinRoom", json!({ "roomCode": code, "canHost": true })).await, "hostDisconnected", "it may come back");
    // The grace is over when somebody who may be host is let in.
    let (heir, is_host) = loop {
        if let Ok(heir) = Player::try_join(site.there(), &code, Some(true)).await {
            break heir;
        }
        sleep(Duration::from_millis(50)).await;
    };
    assert!(is_host);
    assert_eq!(unwilling.told("hostMigrated").await, json!({ "clientIsHost": false, "hostId": heir.id, "term": 2 }));
    let old = Player::back(site.here(), &token).await;
    old.joined(false, false).await;
}

async fn a_room_waits_as_long_as_its_maker_wants_and_not_longer_than_any(site: Site) {
    let mut stranger = Player::connect(site.there(), "").await;
    for (wish, grace) in
        [(json!(1), json!(1)), (json!(600), json!(600)), (json!(86_400_000_000_u64), json!(600)), (Value::Null, Value::Null)]
    {
        let mut maker = Player::connect(site.here(), "").await;
        maker.send("createRoom", json!({ "graceSeconds": wish })).await;
        assert_eq!(maker.told("roomCreated").await["graceSeconds"], grace, "{wish}");
    }
    for wish in [json!(0), json!(-1), json!(1.5), json!("2"), json!([])] {
        assert_eq!(stranger.refused("createRoom", json!({ "graceSeconds": wish })).await, "badMessage", "{wish}");
    }

    // Back in time it is host; others wait much longer for theirs.
    let (host, code) = Player::create(site.here(), json!({ "graceSeconds": 30 })).await;
    let guest = Player::join(site.there(), &code, None).await;
    let token = host.token.clone();
    host.wire.close().await;
    guest.told("hostDisconnected").await;
    let mut back = Player::back(site.there(), &token).await;
    back.joined(true, true).await;
    assert_eq!(guest.told("hostReconnected").await, Value::Null);
    back.fence().await;
    assert_eq!(guest.all("hostMigrated"), Vec::<Value>::new());

    let (host, code) = Player::create(site.here(), json!({ "graceSeconds": 1 })).await;
    let mut heir = Player::join(site.there(), &code, None).await;
    let guest = Player::join(site.here(), &code, None).await;
    let token = host.token.clone();
    host.wire.close().await;
    assert_eq!(heir.told("hostMigrated").await["clientIsHost"], true);
    assert_eq!(guest.told("hostMigrated").await, json!({ "clientIsHost": false, "hostId": heir.id, "term": 2 }));
    let mut old = Player::back(site.here(), &token).await;
    old.joined(false, false).await;
    connect_peers(&mut old, &mut heir, json!("as a guest")).await;
    // It is the guests' grace as well.
    guest.wire.close().await;
    assert_eq!(heir.told("guestLeft").await, json!({ "clientId": guest.id }));
}
