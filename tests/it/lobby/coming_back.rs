//! The same client again, by its token.

use serde_json::{Value, json};

use super::player::{Player, connect_peers};
use crate::chat::site::Site;

everywhere!(
    a_token_makes_the_same_client,
    within_the_grace_everybody_is_where_they_were,
    a_half_open_connection_is_displaced,
    a_wrong_token_is_nobodys,
    a_token_that_a_full_room_refuses_is_good_once_more with [("LOBBY_GRACE_SECONDS", "1")],
);

async fn a_token_makes_the_same_client(site: Site) {
    let first = Player::connect(site.here(), "").await;
    let (id, token) = (first.id.clone(), first.token.clone());
    first.wire.close().await;
    let mut by_address = Player::back(site.there(), &token).await;
    // Who it is is said at once; where it is is known when it is answered.
    by_address.fence().await;
    assert_eq!((&by_address.id, &by_address.token), (&id, &token));
    let mut by_message = Player::connect(site.here(), "").await;
    assert_ne!(by_message.id, id);
    by_message.send("reconnect", json!({ "token": token })).await;
    by_message.identified().await;
    assert_eq!(by_message.id, id);
    assert_eq!(by_address.wire.closed().await.0, 4002);
    by_message.fence().await;
    assert_eq!(by_message.all("roomJoined"), Vec::<Value>::new());
}

async fn within_the_grace_everybody_is_where_they_were(site: Site) {
    let (host, code) = Player::create(site.here(), Value::Null).await;
    let mut guest = Player::join(site.there(), &code, None).await;
    let witness = Player::join(site.here(), &code, None).await;
    let token = host.token.clone();
    host.wire.close().await;
    for other in [&guest, &witness] {
        assert_eq!(other.told("hostDisconnected").await, Value::Null);
    }
    assert_eq!(guest.refused("guestOfferSignal", json!({ "offerSignal": 1 })).await, "hostDisconnected");
    let mut host = Player::connect(site.there(), "").await;
    host.send("reconnect", json!({ "token": token })).await;
    host.identified().await;
    host.joined(true, true).await;
    for other in [&guest, &witness] {
        assert_eq!(other.told("hostReconnected").await, Value::Null);
    }
    connect_peers(&mut guest, &mut host, json!("again")).await;

    let (id, token) = (guest.id.clone(), guest.token.clone());
    guest.wire.close().await;
    for other in [&host, &witness] {
        assert_eq!(other.told("guestDisconnected").await, json!({ "clientId": id }));
    }
    assert_eq!(host.refused("hostAnswerSignal", json!({ "answerSignal": 1, "clientId": id })).await, "noSuchClient");
    let mut guest = Player::back(site.here(), &token).await;
    guest.joined(false, true).await;
    for other in [&host, &witness] {
        assert_eq!(other.told("guestReconnected").await, json!({ "clientId": id }));
    }
    connect_peers(&mut guest, &mut host, json!("once more")).await;
}

async fn a_half_open_connection_is_displaced(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    let guest = Player::join(site.here(), &code, None).await;
    let mut again = Player::back(site.there(), &guest.token).await;
    again.joined(false, true).await;
    assert_eq!(guest.wire.closed().await.0, 4002);
    connect_peers(&mut again, &mut host, json!(1)).await;
    let mut host_again = Player::back(site.there(), &host.token).await;
    host_again.joined(true, true).await;
    assert_eq!(host.wire.closed().await.0, 4002);
    connect_peers(&mut again, &mut host_again, json!(2)).await;
    assert_eq!(again.all("hostDisconnected").len(), 0, "nobody was away");
}

async fn a_wrong_token_is_nobodys(site: Site) {
    let ann = Player::connect(site.here(), "").await;
    let forged = format!("{}{}", &ann.token[..30], "A".repeat(ann.token.len() - 30));
    for token in ["x", &forged, &ann.id] {
        let stranger = Player::back(site.there(), token).await;
        assert_ne!(stranger.id, ann.id);
        assert_eq!(stranger.error().await, "badToken");
        let mut stranger = Player::connect(site.there(), "").await;
        assert_eq!(stranger.refused("reconnect", json!({ "token": token })).await, "badToken");
        stranger.fence().await;
    }
    assert!(ann.wire.is_open());
}

async fn a_token_that_a_full_room_refuses_is_good_once_more(site: Site) {
    let (host, code) = Player::create(site.here(), json!({ "maxGuests": 1 })).await;
    let first = Player::join(site.there(), &code, None).await;
    let token = first.token.clone();
    first.wire.close().await;
    host.told("guestLeft").await;
    let second = Player::join(site.here(), &code, None).await;
    let mut by_address = Player::back(site.there(), &token).await;
    assert_eq!(by_address.error().await, "roomFull");
    by_address.fence().await;
    let mut by_message = Player::connect(site.here(), "").await;
    by_message.send("reconnect", json!({ "token": token })).await;
    by_message.identified().await;
    assert_eq!(by_message.error().await, "roomFull");
    assert_eq!(by_address.wire.closed().await.0, 4002);
    second.wire.close().await;
    host.told("guestLeft").await;
    Player::back(site.there(), &token).await.joined(false, false).await;
    assert_eq!(by_message.wire.closed().await.0, 4002);
}
