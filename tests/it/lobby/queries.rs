//! The current usage: who one is stands in the address.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::player::{Player, connect_peers, post_room};
use crate::chat::site::Site;
use crate::support::client::text;

everywhere!(
    a_guest_and_its_host_find_each_other,
    what_is_fatal_is_said_and_closes,
    a_hosts_place_is_free_as_soon_as_its_connection_ends,
    who_came_by_its_address_is_told_nothing_that_it_did_not_ask_for with [("LOBBY_GRACE_SECONDS", "1")],
    a_room_that_nobody_hosts_goes with [("LOBBY_ROOM_TIMEOUT_SECONDS", "1")],
);

async fn a_guest_and_its_host_find_each_other(site: Site) {
    let code = post_room(site.here()).await;
    let mut host = Player::connect_at(site.here(), &format!("/?host=true&code={code}")).await;
    let mut ann = Player::connect_at(site.there(), &format!("/?code={code}")).await;
    let mut bob = Player::connect(site.here(), &format!("?code={code}")).await;
    let odd = json!({ "type": "offer", "sdp": "v=0\r\n\u{e9}", "n": [1.5, null, { "deep": [] }] });
    connect_peers(&mut ann, &mut host, odd).await;
    connect_peers(&mut bob, &mut host, json!("<offer signal>")).await;
    host.fence().await;
    ann.fence().await;
    assert_eq!(ann.all("hostAnswerSignal").len(), 1, "bob's was his");
    assert_eq!(host.all("guestOfferSignal").len(), 2);
    let first = &ann.wire.received()[0];
    assert_eq!((text(&first["type"]), text(&first["data"]["clientId"])), ("identity".to_owned(), ann.id.clone()));
}

async fn what_is_fatal_is_said_and_closes(site: Site) {
    let (empty, hosted) = (post_room(site.here()).await, post_room(site.here()).await);
    let _host = Player::connect(site.here(), &format!("?host=true&code={hosted}")).await;
    for (query, error) in [
        ("?host=true".to_owned(), "missingRoomCode"),
        ("?host=true&code=".to_owned(), "missingRoomCode"),
        ("?code=zzzzz".to_owned(), "noRoomFound"),
        ("?host=true&code=nonsense".to_owned(), "noRoomFound"),
        (format!("?code={empty}"), "hostDisconnected"),
        (format!("?host=true&code={hosted}"), "hostAlreadyExists"),
    ] {
        let player = Player::connect(site.there(), &query).await;
        assert_eq!(player.error().await, error, "{query}");
        assert_eq!(player.wire.closed().await, (4000, error.to_owned()), "{query}");
        assert_eq!(player.wire.received().len(), 2, "{query}");
    }
}

async fn a_hosts_place_is_free_as_soon_as_its_connection_ends(site: Site) {
    let code = post_room(site.here()).await;
    for round in 0..5 {
        let mut host = Player::connect(site.any(round), &format!("?host=true&code={code}")).await;
        let mut guest = Player::connect(site.any(round + 1), &format!("?code={code}")).await;
        connect_peers(&mut guest, &mut host, json!(round)).await;
        host.wire.close().await;
        assert_eq!(guest.refused("guestOfferSignal", json!({ "offerSignal": round })).await, "hostDisconnected");
        guest.fence().await;
        // The node hears of the end of a connection a moment after the client does.
        while Player::try_join(site.here(), &code, Some(false)).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn who_came_by_its_address_is_told_nothing_that_it_did_not_ask_for(site: Site) {
    let code = post_room(site.here()).await;
    let mut host = Player::connect(site.here(), &format!("?host=true&code={code}")).await;
    let mut old = Player::connect(site.there(), &format!("?code={code}")).await;
    let new = Player::join(site.there(), &code, None).await;
    let going = Player::join(site.here(), &code, Some(false)).await;
    let gone = going.id.clone();
    going.wire.close().await;
    // That it was away is told only if the node looks within the grace.
    assert_eq!(new.told("guestLeft").await["clientId"], gone.as_str());
    old.fence().await;
    host.fence().await;
    assert_eq!((old.wire.received().len(), host.wire.received().len()), (2, 2), "identity and the fence");
    // Whoever understands it takes over.
    host.wire.close().await;
    let migrated = new.told("hostMigrated").await;
    assert_eq!((migrated["clientIsHost"].clone(), migrated["guests"].clone()), (json!(true), json!([old.id])));
    old.fence().await;
    assert_eq!(old.wire.received().len(), 3);
}

async fn a_room_that_nobody_hosts_goes(site: Site) {
    let code = post_room(site.here()).await;
    loop {
        let mut player = Player::connect(site.there(), "").await;
        let refused = player.refused("joinRoom", json!({ "roomCode": code })).await;
        assert_eq!(player.wire.closed().await.0, 4000);
        if refused == "noRoomFound" {
            break;
        }
        assert_eq!(refused, "hostDisconnected");
        sleep(Duration::from_millis(20)).await;
    }
    let host = Player::connect(site.here(), &format!("?host=true&code={code}")).await;
    assert_eq!(host.error().await, "noRoomFound");
}
