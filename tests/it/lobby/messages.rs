//! The future usage: rooms by messages, and what is wrong with some.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::player::{Player, connect_peers};
use crate::chat::site::Site;
use crate::support::client::text;

everywhere!(
    a_room_is_made_and_joined,
    candidates_go_as_offers_and_answers_do,
    without_a_room_a_refused_join_closes,
    whatever_is_weird_is_an_error_and_nothing_more,
    everybody_who_joins_at_once_is_in,
    a_full_room_takes_nobody,
    a_guest_is_told_to_leave,
    a_closed_room_is_gone,
);

async fn a_room_is_made_and_joined(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    let mut guest = Player::join(site.there(), &code, None).await;
    let mut willing = Player::join(site.there(), &code.to_uppercase(), Some(true)).await;
    connect_peers(&mut guest, &mut host, json!({ "sdp": "a" })).await;
    connect_peers(&mut willing, &mut host, json!(["b"])).await;
}

async fn candidates_go_as_offers_and_answers_do(site: Site) {
    let (mut host, code) = Player::create(site.here(), json!({})).await;
    let mut guest = Player::join(site.there(), &code, None).await;
    for number in 0..20 {
        guest.send("guestCandidateSignal", json!({ "candidateSignal": number })).await;
        host.send("hostCandidateSignal", json!({ "candidateSignal": number, "clientId": guest.id })).await;
    }
    for number in 0..20 {
        assert_eq!(host.told("guestCandidateSignal").await, json!({ "candidateSignal": number, "clientId": guest.id }));
        assert_eq!(guest.told("hostCandidateSignal").await, json!({ "candidateSignal": number }));
    }
}

async fn without_a_room_a_refused_join_closes(site: Site) {
    let (_host, code) = Player::create(site.here(), Value::Null).await;
    for (data, error) in [(Value::Null, "missingRoomCode"), (json!({}), "missingRoomCode"), (json!({ "roomCode": "zzzzz" }), "noRoomFound")]
    {
        let mut player = Player::connect(site.there(), "").await;
        assert_eq!(player.refused("joinRoom", data).await, error);
        assert_eq!(player.wire.closed().await, (4000, error.to_owned()));
    }
    // Whoever has a room keeps it.
    let mut guest = Player::join(site.there(), &code, None).await;
    assert_eq!(guest.refused("joinRoom", json!({ "roomCode": "zzzzz" })).await, "badMessage");
    guest.fence().await;
}

async fn whatever_is_weird_is_an_error_and_nothing_more(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    let mut guest = Player::join(site.there(), &code, None).await;
    let mut stranger = Player::connect(site.there(), "").await;
    for text in ["", "{", "[]", "7", "null", "{}", r#"{"type":7}"#, r#"{"type":"dance"}"#, r#"{"type":"joinRoom","data":[]}"#, "\u{0}"] {
        for player in [&mut host, &mut guest, &mut stranger] {
            player.wire.send_text(text).await;
            assert_eq!(player.error().await, "badMessage", "{text:?}");
        }
    }
    let nobody = "00000000-0000-4000-8000-000000000000";
    let (host_id, guest_id) = (host.id.clone(), guest.id.clone());
    let answer = |to: &str| json!({ "answerSignal": 1, "clientId": to });
    let kick = |whom: &str| json!({ "clientId": whom });
    for (kind, data, by_host, by_guest, by_stranger) in [
        ("guestOfferSignal", json!({ "offerSignal": 1 }), "badMessage", "", "badMessage"),
        ("guestCandidateSignal", json!({ "candidateSignal": 1 }), "badMessage", "", "badMessage"),
        ("guestOfferSignal", json!({}), "badMessage", "badMessage", "badMessage"),
        ("hostAnswerSignal", answer(nobody), "noSuchClient", "notHost", "badMessage"),
        ("hostAnswerSignal", answer("x"), "noSuchClient", "notHost", "badMessage"),
        ("hostAnswerSignal", answer(&host_id), "noSuchClient", "notHost", "badMessage"),
        ("hostAnswerSignal", json!({ "answerSignal": 1 }), "badMessage", "badMessage", "badMessage"),
        ("hostAnswerSignal", answer(&guest_id), "", "notHost", "badMessage"),
        ("hostCandidateSignal", json!({ "candidateSignal": 1, "clientId": 7 }), "badMessage", "badMessage", "badMessage"),
        ("saveSnapshot", json!({ "version": "1", "state": 1 }), "badMessage", "badMessage", "badMessage"),
        ("saveSnapshot", json!({ "version": 1, "state": 1 }), "", "notHost", "badMessage"),
        ("kickGuest", kick(nobody), "noSuchClient", "notHost", "badMessage"),
        ("kickGuest", kick(&host_id), "noSuchClient", "notHost", "badMessage"),
        ("closeRoom", Value::Null, "", "notHost", "badMessage"),
        ("createRoom", Value::Null, "badMessage", "badMessage", ""),
        ("reconnect", json!({ "token": host.token.clone() }), "badMessage", "badMessage", "badMessage"),
    ] {
        for (player, error) in [(&mut host, by_host), (&mut guest, by_guest), (&mut stranger, by_stranger)] {
            if !error.is_empty() {
                assert_eq!(player.refused(kind, data.clone()).await, error, "{kind} {data}");
            }
        }
    }
    connect_peers(&mut guest, &mut host, json!("they are none the worse")).await;
    stranger.fence().await;
}

async fn everybody_who_joins_at_once_is_in(site: Site) {
    let (mut host, code) = Player::create(site.here(), json!({ "maxGuests": 50 })).await;
    let all = join_all((0..60).map(|index| Player::try_join(site.any(index), &code, None))).await;
    let mut guests = Vec::new();
    for (index, mut joined) in all.into_iter().enumerate() {
        // So many at once may be too many for a busy machine: those ask again.
        while joined.as_ref().err().is_some_and(|error| error == "unavailable") {
            joined = Player::try_join(site.any(index), &code, None).await;
        }
        match joined {
            Ok((guest, is_host)) => {
                assert!(!is_host);
                guests.push(guest);
            }
            Err(error) => assert_eq!(error, "roomFull"),
        }
    }
    assert_eq!(guests.len(), 50, "as many as fit in, exactly");
    for guest in &mut guests {
        connect_peers(guest, &mut host, json!("hello")).await;
    }
}

async fn a_full_room_takes_nobody(site: Site) {
    let (_host, code) = Player::create(site.here(), json!({ "maxGuests": 1 })).await;
    let guest = Player::join(site.there(), &code, None).await;
    let mut late = Player::connect(site.there(), "").await;
    assert_eq!(late.refused("joinRoom", json!({ "roomCode": code })).await, "roomFull");
    let by_query = Player::connect(site.here(), &format!("?code={code}")).await;
    assert_eq!(by_query.error().await, "roomFull");
    assert_eq!(by_query.wire.closed().await.0, 4000);
    // Its place is kept for whoever has it.
    let token = guest.token.clone();
    guest.wire.close().await;
    let guest = Player::back(site.here(), &token).await;
    guest.joined(false, true).await;
    assert_eq!(late.refused("joinRoom", json!({ "roomCode": code })).await, "roomFull");
}

async fn a_guest_is_told_to_leave(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    let mut rude = Player::join(site.there(), &code, None).await;
    let witness = Player::join(site.there(), &code, None).await;
    host.send("kickGuest", json!({ "clientId": rude.id })).await;
    assert_eq!(rude.error().await, "kicked");
    for other in [&host, &witness] {
        assert_eq!(other.told("guestLeft").await["clientId"], rude.id.as_str());
    }
    assert_eq!(rude.refused("guestOfferSignal", json!({ "offerSignal": 1 })).await, "badMessage", "it has no room");
    let token = rude.token.clone();
    rude.wire.close().await;
    let mut rude = Player::back(site.here(), &token).await;
    rude.fence().await;
    assert_eq!(rude.all("roomJoined").len(), 0, "its token does not lead back");
}

async fn a_closed_room_is_gone(site: Site) {
    let (mut host, code) = Player::create(site.here(), Value::Null).await;
    let guest = Player::join(site.there(), &code, None).await;
    let by_query = Player::connect(site.there(), &format!("?code={code}")).await;
    host.send("closeRoom", Value::Null).await;
    assert_eq!(host.told("roomClosed").await, Value::Null);
    assert_eq!(guest.told("roomClosed").await, Value::Null);
    assert_eq!(by_query.error().await, "hostDisconnected");
    assert_eq!(by_query.wire.closed().await.0, 4000);
    let mut late = Player::connect(site.there(), "").await;
    assert_eq!(late.refused("joinRoom", json!({ "roomCode": code })).await, "noRoomFound");
    // Whoever made it makes another.
    host.send("createRoom", Value::Null).await;
    assert_ne!(text(&host.told("roomCreated").await["roomCode"]), code);
}
