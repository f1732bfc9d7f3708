//! What one address may do.

use serde_json::{Value, json};

use super::player::{Player, rooms};
use crate::chat::site::Site;

everywhere!(
    one_address_makes_so_many_rooms with [("RATE_LOBBY_ROOMS", "3/1h")],
    and_has_so_many_at_a_time with [("LOBBY_MAX_ROOMS", "2")],
    and_so_many_bytes_of_snapshots with [("LOBBY_MAX_SNAPSHOT_BYTES", "1024")],
    codes_cannot_be_guessed_for_long with [("RATE_LOBBY_CODES", "5/1h")],
);

async fn one_address_makes_so_many_rooms(site: Site) {
    for index in 0..3 {
        assert_eq!(rooms(site.any(index).address(), "POST", None).await.status, 200);
    }
    let answer = rooms(site.there().address(), "POST", None).await;
    assert_eq!((answer.status, answer.json()["errorType"].clone()), (429, json!("tooMany")));
    let mut player = Player::connect(site.here(), "").await;
    assert_eq!(player.refused("createRoom", Value::Null).await, "tooMany");
}

async fn and_has_so_many_at_a_time(site: Site) {
    let (mut first, _) = Player::create(site.here(), Value::Null).await;
    let (_second, _) = Player::create(site.there(), Value::Null).await;
    let mut third = Player::connect(site.there(), "").await;
    assert_eq!(third.refused("createRoom", Value::Null).await, "tooMany");
    first.send("closeRoom", Value::Null).await;
    first.told("roomClosed").await;
    third.send("createRoom", Value::Null).await;
    third.told("roomCreated").await;
}

async fn and_so_many_bytes_of_snapshots(site: Site) {
    let (mut one, _) = Player::create(site.here(), Value::Null).await;
    let (mut two, _) = Player::create(site.there(), Value::Null).await;
    let state = |bytes: usize| json!({ "version": 1, "state": "x".repeat(bytes - 2) });
    one.send("saveSnapshot", state(600)).await;
    one.told("snapshotSaved").await;
    assert_eq!(two.refused("saveSnapshot", state(500)).await, "tooMany");
    two.send("saveSnapshot", state(400)).await;
    two.told("snapshotSaved").await;
}

async fn codes_cannot_be_guessed_for_long(site: Site) {
    let (_host, code) = Player::create(site.here(), Value::Null).await;
    for guess in ["aaaaa", "bbbbb", "ccccc", "ddddd", "eeeee"] {
        let mut player = Player::connect(site.there(), "").await;
        assert_eq!(player.refused("joinRoom", json!({ "roomCode": guess })).await, "noRoomFound");
    }
    let mut player = Player::connect(site.here(), "").await;
    assert_eq!(player.refused("joinRoom", json!({ "roomCode": code })).await, "tooMany", "a right one tells nothing either");
    let by_query = Player::connect(site.here(), &format!("?code={code}")).await;
    assert_eq!(by_query.error().await, "tooMany");
    assert_eq!(by_query.wire.closed().await.0, 1008);
}
