//! A channel's generations: how lost data is noticed.

use rialto::ids::{Epoch, MessageId, Position, Seq};
use rialto::store::channels::{Head, Known, NewMessage};
use rialto::store::topics::{Payload, Topic};

use super::TestStore;
use super::vocabulary::*;

pub async fn an_unused_channel_has_a_lasting_epoch(store: TestStore) {
    let channel = channel();
    let head = store.heads(&[channel]).await.unwrap().remove(0);
    assert!(head.epoch > Epoch(0));
    assert_eq!((head.position, head.oldest), (Position::default(), Seq(1)));
    assert_eq!(store.other().heads(&[channel]).await.unwrap(), [head]);
    assert_eq!(post(store.other(), channel, "first").await.epoch, head.epoch);
    assert_eq!(store.heads(&[channel]).await.unwrap()[0].epoch, head.epoch);
}

pub async fn heads_come_in_the_order_asked_for(store: TestStore) {
    let (one, unused, two) = (channel(), channel(), channel());
    post_many(&*store, one, 1).await;
    post_many(&*store, two, 2).await;
    let heads = store.other().heads(&[two, unused, one, two]).await.unwrap();
    assert_eq!(heads.iter().map(|head| head.position.seq.0).collect::<Vec<_>>(), [2, 0, 1, 2]);
    assert_eq!(store.heads(&[]).await.unwrap(), []);
}

/// A channel with two messages, its head, and the second message's identifier.
async fn channel_of_two(store: &TestStore) -> (rialto::ids::ChannelId, Head, MessageId) {
    let channel = channel();
    post(&**store, channel, "1").await;
    let second = message("2");
    stored(store.append(channel, second.clone()).await.unwrap());
    (channel, store.heads(&[channel]).await.unwrap().remove(0), second.id)
}

pub async fn what_was_rightly_seen_changes_nothing(store: TestStore) {
    let (channel, head, second) = channel_of_two(&store).await;
    change(&*store, channel, 2, "changed").await;
    let head = Head { position: Position { seq: Seq(2), sub: 1 }, ..head };
    let topic = Topic::Channel(channel);
    let mut ear = Ear::on(&*store, &[topic]).await;
    let seen = [
        Known::default(),
        Known { epoch: head.epoch, position: Position::default(), message: None },
        Known { epoch: head.epoch, position: Position::message(1), message: None },
        Known { epoch: head.epoch, position: Position::message(2), message: Some(second) },
        Known { epoch: head.epoch, position: head.position, message: Some(second) },
        // An older generation: whoever saw it has been told, or will read the head.
        Known { epoch: Epoch(head.epoch.0 - 1), position: Position::message(99), message: Some(MessageId::random()) },
    ];
    for known in seen {
        assert_eq!(store.other().verify(channel, known).await.unwrap(), head, "{known:?}");
    }
    assert_eq!(ear.so_far(&*store, topic).await, []);
}

pub async fn a_head_below_what_was_seen_begins_an_epoch(store: TestStore) {
    let (channel, head, _) = channel_of_two(&store).await;
    let topic = Topic::Channel(channel);
    let mut ear = Ear::on(store.other(), &[topic]).await;
    let known = Known { epoch: head.epoch, position: Position::message(3), message: None };
    let later = store.verify(channel, known).await.unwrap();
    assert!(later.epoch > head.epoch);
    assert_eq!((later.position, later.oldest), (head.position, head.oldest));
    assert_eq!(store.other().heads(&[channel]).await.unwrap(), [later]);
    assert_eq!(post(&*store, channel, "3").await.epoch, later.epoch);

    let payloads = ear.so_far(&*store, topic).await;
    assert_eq!(payloads[0], Payload::Reset(later.epoch));
    let Payload::Entry(entry) = &payloads[1] else { panic!("not an entry: {:?}", payloads[1]) };
    assert_eq!((entry.epoch, entry.position, entry.previous), (later.epoch, Position::message(3), Position::message(2)));
    assert_eq!(payloads.len(), 2);
}

pub async fn another_message_in_its_place_begins_an_epoch(store: TestStore) {
    let (channel, head, _) = channel_of_two(&store).await;
    let known = Known { epoch: head.epoch, position: Position::message(2), message: Some(MessageId::random()) };
    assert!(store.verify(channel, known).await.unwrap().epoch > head.epoch);
}

pub async fn an_epoch_from_the_future_begins_a_later_one(store: TestStore) {
    let (channel, head, second) = channel_of_two(&store).await;
    let known = Known { epoch: Epoch(head.epoch.0 + 1_000_000_000), position: Position::message(1), message: Some(second) };
    assert!(store.verify(channel, known).await.unwrap().epoch > known.epoch);
}

pub async fn a_loss_noticed_by_many_begins_one_epoch(store: TestStore) {
    let (channel, head, _) = channel_of_two(&store).await;
    let topic = Topic::Channel(channel);
    let mut ear = Ear::on(&*store, &[topic]).await;
    let known = Known { epoch: head.epoch, position: Position::message(9), message: None };
    let heads = at_once((0..10).map(|turn| store.either(turn).verify(channel, known))).await;
    assert!(heads.iter().all(|head| *head == heads[0]));
    assert_eq!(ear.so_far(&*store, topic).await, [Payload::Reset(heads[0].epoch)]);
}

pub async fn a_fresh_channel_goes_above_what_was_known(store: TestStore) {
    let channel = channel();
    let future = Epoch(store.now().await.unwrap().millis() + 1_000_000_000);
    let known = Known { epoch: future, position: Position::message(7), message: Some(MessageId::random()) };
    let first = stored(store.append(channel, NewMessage { known, ..message("1") }).await.unwrap());
    assert!(first.epoch > future);
    assert_eq!(first.position, Position::message(1));
    assert_eq!(store.other().heads(&[channel]).await.unwrap()[0].epoch, first.epoch);
}
