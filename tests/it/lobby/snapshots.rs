//! The state of a game, kept for whoever is host.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::player::Player;
use crate::chat::site::Site;
use crate::support::node::{Node, Settings};

everywhere!(
    a_snapshot_is_kept_and_versions_only_grow,
    a_host_that_comes_back_or_becomes_one_gets_it with [("LOBBY_GRACE_SECONDS", "1")],
    a_game_is_resumed_although_everybody_left with [("LOBBY_GRACE_SECONDS", "1"), ("LOBBY_ROOM_TIMEOUT_SECONDS", "1")],
    it_is_kept_for_a_while_only
        with [("LOBBY_GRACE_SECONDS", "1"), ("LOBBY_ROOM_TIMEOUT_SECONDS", "1"), ("LOBBY_SNAPSHOT_SECONDS", "2")],
    a_snapshot_has_up_to_256_kib,
);

async fn save(host: &mut Player, version: i64, state: &Value) {
    host.send("saveSnapshot", json!({ "version": version, "state": state })).await;
    assert_eq!(host.told("snapshotSaved").await, json!({ "version": version }));
}

async fn a_snapshot_is_kept_and_versions_only_grow(site: Site) {
    let (mut host, _) = Player::create(site.here(), Value::Null).await;
    save(&mut host, 3, &json!({ "turn": 3 })).await;
    for stale in [3, 2, -1] {
        assert_eq!(host.refused("saveSnapshot", json!({ "version": stale, "state": null })).await, "staleSnapshot");
    }
    save(&mut host, 4, &json!(null)).await;
}

async fn a_host_that_comes_back_or_becomes_one_gets_it(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    let state = json!({ "board": ["x", null, 1.5] });
    save(&mut host, 7, &state).await;
    let again = Player::back(site.there(), &host.token).await;
    again.joined(true, true).await;
    assert_eq!(again.told("snapshot").await, json!({ "version": 7, "state": state }));
    let mut heir = Player::join(site.here(), &code, None).await;
    again.wire.close().await;
    heir.told("hostMigrated").await;
    assert_eq!(heir.told("snapshot").await, json!({ "version": 7, "state": state }));
    let mut kinds: Vec<_> = heir.wire.received().iter().map(|message| message["type"].clone()).collect();
    // Told only if its node looks within the grace.
    kinds.retain(|kind| kind != "hostDisconnected");
    assert_eq!(kinds, ["identity", "roomJoined", "hostMigrated", "snapshot"]);
    assert_eq!(heir.refused("saveSnapshot", json!({ "version": 7, "state": 1 })).await, "staleSnapshot");
    save(&mut heir, 8, &json!(1)).await;
}

async fn a_game_is_resumed_although_everybody_left(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    save(&mut host, 1, &json!("the game")).await;
    let guest = Player::join(site.there(), &code, None).await;
    let (host_token, guest_token) = (host.token.clone(), guest.token.clone());
    host.wire.close().await;
    guest.wire.close().await;
    let heir = loop {
        match Player::try_join(site.here(), &code, Some(true)).await {
            Ok((heir, true)) => break heir,
            // The node has not noticed yet that the host went.
            Ok((early, false)) => early.wire.close().await,
            Err(error) => assert_eq!(error, "hostDisconnected"),
        }
        sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(heir.told("snapshot").await, json!({ "version": 1, "state": "the game" }));
    Player::back(site.there(), &host_token).await.joined(false, false).await;
    // It went after the host: its grace may not have ended yet, and then it has its old place.
    assert_eq!(Player::back(site.there(), &guest_token).await.told("roomJoined").await["clientIsHost"], false);
}

async fn it_is_kept_for_a_while_only(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    save(&mut host, 1, &json!(1)).await;
    host.wire.close().await;
    loop {
        match Player::try_join(site.there(), &code, Some(false)).await {
            Err(error) if error == "noRoomFound" => break,
            Err(error) => assert_eq!(error, "hostDisconnected"),
            Ok(_) => {}
        }
        sleep(Duration::from_millis(50)).await;
    }
}

async fn a_snapshot_has_up_to_256_kib(site: Site) {
    let (mut host, _) = Player::create(site.here(), Value::Null).await;
    let large = json!("x".repeat(256 * 1024 - 2));
    save(&mut host, 1, &large).await;
    let again = Player::back(site.there(), &host.token).await;
    assert_eq!(again.told("snapshot").await["state"], large);
    let mut again = again;
    let larger = json!({ "version": 2, "state": "x".repeat(256 * 1024 - 1) });
    assert_eq!(again.refused("saveSnapshot", larger).await, "tooLarge");
    // Nothing else may be as long as that.
    let offer = json!({ "offerSignal": "x".repeat(70 * 1024) });
    assert_eq!(again.refused("guestOfferSignal", offer).await, "tooLarge");
}

mod embedded_and_its_node_dies {
    use super::*;

    #[tokio::test]
    async fn a_room_outlives_its_process() {
        let node = Node::start(&Settings::embedded()).await;
        let (mut host, code) = Player::create(&node, Value::Null).await;
        save(&mut host, 5, &json!("before")).await;
        let guest = Player::join(&node, &code, None).await;
        node.kill9();
        let node = node.again().await;
        let again = Player::back(&node, &host.token).await;
        assert_eq!(again.id, host.id);
        again.joined(true, true).await;
        assert_eq!(again.told("snapshot").await, json!({ "version": 5, "state": "before" }));
        Player::back(&node, &guest.token).await.joined(false, true).await;
    }
}
