//! Posting messages.

use std::collections::BTreeSet;

use rialto::ids::{Position, Seq, UserId};
use rialto::store::channels::{Appended, Entry};
use rialto::store::topics::{Payload, Topic};

use super::TestStore;
use super::vocabulary::*;

pub async fn fifty_writers_leave_no_gap(store: TestStore) {
    let channel = channel();
    let topic = Topic::Channel(channel);
    let mut ear = Ear::on(store.other(), &[topic]).await;
    let writers = (0..50).map(|writer| {
        let store = store.either(writer);
        async move {
            let mut places = Vec::new();
            for turn in 0..4 {
                places.push(post(store, channel, &format!("{writer}/{turn}")).await.position);
            }
            assert!(places.is_sorted(), "one writer's messages keep their order");
            Ok(places)
        }
    });
    let places: BTreeSet<Position> = at_once(writers).await.into_iter().flatten().collect();
    assert_eq!(places, (1..=200).map(Position::message).collect());

    let log = whole_log(&*store, channel).await;
    assert_eq!(log.iter().map(|entry| entry.position).collect::<Vec<_>>(), (1..=200).map(Position::message).collect::<Vec<_>>());
    assert_chained(&log);
    let published = ear.so_far(&*store, topic).await;
    assert_eq!(published, log.into_iter().map(Payload::Entry).collect::<Vec<_>>());
}

/// Each entry names the one before it.
pub fn assert_chained(log: &[Entry]) {
    let mut previous = Position::default();
    for entry in log {
        assert_eq!(entry.previous, previous, "before {}", entry.position);
        previous = entry.position;
    }
}

pub async fn a_message_is_kept_byte_for_byte(store: TestStore) {
    let channel = channel();
    let sent = message(" \u{0} \n \"quotes\" 🦀 \u{fffd} ");
    let place = stored(store.append(channel, sent.clone()).await.unwrap());
    let head = store.other().heads(&[channel]).await.unwrap().remove(0);
    assert_eq!((place.epoch, place.position), (head.epoch, Position::message(1)));

    let entries = whole_log(store.other(), channel).await;
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0].body, entries[0].at, entries[0].epoch), (&sent.body, place.at, place.epoch));
    let found = store.other().message(channel, Seq(1)).await.unwrap().unwrap();
    assert_eq!((found.seq, found.at), (Seq(1), place.at));
    assert_eq!(text_of(&found.record), " \u{0} \n \"quotes\" 🦀 \u{fffd} ");
    assert_eq!(store.page(channel, rialto::store::channels::Range::Latest, 10).await.unwrap().messages, [found]);
    assert_eq!(store.message(channel, Seq(2)).await.unwrap(), None);
}

pub async fn two_hundred_retries_store_one_message(store: TestStore) {
    let (channel, ann) = (channel(), UserId::random());
    let topic = Topic::Channel(channel);
    let mut ear = Ear::on(&*store, &[topic]).await;
    let retry = retried("once", ann, "c-1");
    let outcomes = at_once((0..200).map(|turn| store.either(turn).append(channel, retry.clone()))).await;

    assert_eq!(outcomes.iter().filter(|appended| matches!(appended, Appended::Stored(_))).count(), 1);
    let kept = store.message(channel, Seq(1)).await.unwrap().unwrap();
    for outcome in outcomes {
        if let Appended::Duplicate(earlier) = outcome {
            assert_eq!(earlier, kept);
        }
    }
    assert_eq!(whole_log(&*store, channel).await.len(), 1);
    assert_eq!(ear.so_far(&*store, topic).await.len(), 1);
}

pub async fn a_retry_is_answered_with_the_present_form(store: TestStore) {
    let (channel, ann) = (channel(), UserId::random());
    stored(store.append(channel, retried("first", ann, "c-1")).await.unwrap());
    change(&*store, channel, 1, "changed").await;
    let Appended::Duplicate(earlier) = store.other().append(channel, retried("first", ann, "c-1")).await.unwrap() else {
        panic!("stored again")
    };
    assert_eq!((earlier.seq, text_of(&earlier.record).as_str()), (Seq(1), "changed"));
}

pub async fn client_identifiers_are_per_user_and_channel(store: TestStore) {
    let (here, there, ann, bob) = (channel(), channel(), UserId::random(), UserId::random());
    stored(store.append(here, retried("ann's", ann, "c-1")).await.unwrap());
    stored(store.append(here, retried("bob's", bob, "c-1")).await.unwrap());
    stored(store.append(here, retried("ann's other", ann, "c-2")).await.unwrap());
    stored(store.append(there, retried("elsewhere", ann, "c-1")).await.unwrap());
    // Without an identifier the same text twice is two messages.
    post(&*store, here, "again").await;
    post(&*store, here, "again").await;
    assert_eq!(store.heads(&[here]).await.unwrap()[0].position, Position::message(5));
}

pub async fn everything_acknowledged_settles(store: TestStore) {
    let channel = channel();
    assert!(post(&*store, channel, "safe").await.replicated);
    store.settle(channel).await.unwrap();
}
