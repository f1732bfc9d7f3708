//! When a user's last session in a room ends, the room hears of it once, however it ends.

use std::collections::HashMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::visitor::{Visitor, make_room};
use crate::chat::site::Site;

everywhere!(
    only_the_last_session_that_ends_is_told_of,
    however_a_session_ends_it_is_told,
    many_who_leave_and_come_at_once_are_told_of_once,
    who_comes_while_others_leave_knows_who_is_there,
);

async fn only_the_last_session_that_ends_is_told_of(site: Site) {
    let room = make_room(site.here()).await;
    let mut witness = Visitor::come(site.here(), &room).await;
    let ann = Visitor::come(site.there(), &room).await;
    let (card, token) = (ann.card(), ann.token.clone());
    assert_eq!(witness.event("user_entered_chat").await, ann.name.as_str());
    let second = Visitor::come_back(site.here(), &room, &token).await;
    ann.wire.close().await;
    let third = Visitor::come_back(site.there(), &room, &token).await;
    second.wire.close().await;
    assert_eq!(witness.guests().await, [witness.card(), card.clone()]);
    assert_eq!(witness.all("user_exited_chat"), Vec::<Value>::new());
    third.wire.close().await;
    assert_eq!(witness.event("user_exited_chat").await, card);

    // Back again, it is told again.
    let back = Visitor::come_back(site.here(), &room, &token).await;
    assert_eq!(witness.event("user_entered_chat").await, back.name.as_str());
    back.wire.close().await;
    assert_eq!(witness.event("user_exited_chat").await, card);
    witness.guests().await;
    assert_eq!(witness.all("user_exited_chat").len(), 2);
}

async fn however_a_session_ends_it_is_told(site: Site) {
    let room = make_room(site.here()).await;
    let mut witness = Visitor::come(site.here(), &room).await;
    let goodbye = Visitor::come(site.there(), &room).await;
    let cut = Visitor::come(site.there(), &room).await;
    let mut rude = Visitor::come(site.there(), &room).await;
    let mut silent = Visitor::enter(site.there(), &room).await;
    let mut left = vec![goodbye.card(), cut.card(), rude.card()];
    goodbye.wire.close().await;
    drop(cut);
    rude.wire.send_message(Message::binary(vec![0; 1_000_000])).await;
    assert_eq!(rude.wire.closed().await.0, 1009);
    for _ in 0..3 {
        let exited = witness.event("user_exited_chat").await;
        left.retain(|card| *card != exited);
    }
    assert_eq!(left, Vec::<Value>::new());
    // Who was never logged in was never there.
    silent.guests().await;
    silent.wire.close().await;
    assert_eq!(witness.guests().await, [witness.card()]);
    assert_eq!(witness.all("user_exited_chat").len(), 3);
}

async fn many_who_leave_and_come_at_once_are_told_of_once(site: Site) {
    const USERS: usize = 6;
    const SESSIONS: usize = 4;
    let room = make_room(site.here()).await;
    let mut witness = Visitor::come(site.there(), &room).await;
    let first = join_all((0..USERS).map(|index| Visitor::come(site.any(index), &room))).await;
    let mut sessions: Vec<Visitor> =
        join_all(first.iter().flat_map(|user| (1..SESSIONS).map(|index| Visitor::come_back(site.any(index), &room, &user.token)))).await;
    sessions.extend(first);
    let cards: Vec<Value> = sessions.iter().rev().take(USERS).map(Visitor::card).collect();
    // All at once, half of them without a goodbye.
    join_all(sessions.into_iter().enumerate().map(|(index, session)| async move {
        if index % 2 == 0 {
            session.wire.close().await;
        }
    }))
    .await;
    let mut left = HashMap::new();
    for _ in 0..USERS {
        *left.entry(witness.event("user_exited_chat").await["id"].as_u64().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(left, cards.iter().map(|card| (card["id"].as_u64().unwrap(), 1)).collect::<HashMap<_, _>>());
    assert_eq!(witness.guests().await, [witness.card()]);
    assert_eq!(witness.all("user_exited_chat").len(), USERS, "nobody's end is told twice");
    assert_eq!(witness.all("user_entered_chat").len(), USERS + 1);
}

async fn who_comes_while_others_leave_knows_who_is_there(site: Site) {
    let room = make_room(site.here()).await;
    for _ in 0..5 {
        let others = join_all((0..4).map(|index| Visitor::come(site.any(index), &room))).await;
        let (late, _) = tokio::join!(
            join_all((0..4).map(|index| Visitor::enter(site.any(index), &room))),
            join_all(others.into_iter().map(|other| other.wire.close())),
        );
        // By what each was told, in the end nobody is left.
        for visitor in &late {
            let told = |name: &str| visitor.all(name).len();
            let there = visitor.joined["visitors"].as_array().unwrap().len();
            visitor.wire.until("all have left", |_| there + told("user_entered_chat") == told("user_exited_chat")).await;
        }
    }
}

mod two_nodes_and_one_dies {
    use super::*;

    #[tokio::test]
    async fn the_visitors_of_a_killed_node_have_exited_once() {
        let site = Site::on_redis(3, &[]).await;
        let room = make_room(site.here()).await;
        let mut witness = Visitor::come(site.here(), &room).await;
        let ann = Visitor::come(site.there(), &room).await;
        let _anns_second = Visitor::come_back(site.there(), &room, &ann.token).await;
        let bob = Visitor::come(site.there(), &room).await;
        let mut bobs_second = Visitor::come_back(&site.nodes[1], &room, &bob.token).await;
        site.there().kill9();
        assert_eq!(witness.event("user_exited_chat").await, ann.card(), "both of her sessions died");
        assert_eq!(witness.guests().await, [witness.card(), bob.card()], "his other one lives");
        // To the dead node nobody speaks in vain.
        let gone = ann.id;
        witness.order("user_message", json!({ "text": "hello?", "toUserID": gone })).await;
        assert_eq!(witness.error().await, (400, "user is not present".to_owned()));
        bobs_second.guests().await;
        bobs_second.wire.close().await;
        assert_eq!(witness.event("user_exited_chat").await, bob.card());
        assert_eq!(witness.all("user_exited_chat").len(), 2);
    }
}
