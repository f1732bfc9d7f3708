//! Rooms that go when nobody uses them, and people who count once however many sessions they have.

use std::time::Duration;

use rialto::ids::{ChannelId, NodeId, Position, RoomId, UserId};
use rialto::store::channels::{Member, Range};
use rialto::store::topics::Topic;

use super::TestStore;
use super::vocabulary::*;

/// Short enough to be waited for.
const SHORT: Duration = Duration::from_millis(300);

pub async fn a_room_is_made_once_and_used_from_everywhere(store: TestStore) {
    let room = RoomId::random();
    assert!(!store.use_room(room, LONG).await.unwrap());
    let made = at_once((0..10).map(|turn| store.either(turn).make_room(room, LONG))).await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
    assert!(store.other().use_room(room, LONG).await.unwrap());
    assert!(!store.use_room(RoomId::random(), LONG).await.unwrap());
}

pub async fn an_unused_room_goes_with_what_was_said_in_it(store: TestStore) {
    let (room, kept) = (RoomId::random(), RoomId::random());
    for (room, idle) in [(room, SHORT), (kept, LONG)] {
        store.make_room(room, idle).await.unwrap();
        post(&*store, ChannelId(room.0), "a word").await;
    }
    time_passes(&*store, SHORT * 2).await;
    assert!(!store.other().use_room(room, LONG).await.unwrap());
    eventually("it is swept away", || async {
        store.sweep_rooms(1_000).await.unwrap();
        store.page(ChannelId(room.0), Range::Latest, 10).await.unwrap().messages.is_empty()
    })
    .await;
    assert_eq!(store.heads(&[ChannelId(room.0)]).await.unwrap()[0].position, Position::default());
    assert!(!store.use_room(room, LONG).await.unwrap(), "what is gone stays gone");
    assert_eq!(store.page(ChannelId(kept.0), Range::Latest, 10).await.unwrap().messages.len(), 1);
    assert!(store.use_room(kept, LONG).await.unwrap());
}

pub async fn a_room_that_is_used_stays(store: TestStore) {
    let (time, [used, kept]) = in_time(&*store, SHORT, async |time| {
        let [used, kept] = [RoomId::random(), RoomId::random()];
        for room in [used, kept] {
            store.make_room(room, time).await.unwrap();
            post(&*store, ChannelId(room.0), "a word").await;
        }
        store.use_room(used, LONG).await.unwrap();
        store.other().keep_rooms(&[kept], LONG).await.unwrap();
        [used, kept]
    })
    .await;
    time_passes(&*store, time * 2).await;
    store.sweep_rooms(1_000).await.unwrap();
    for room in [used, kept] {
        assert!(store.use_room(room, LONG).await.unwrap());
        assert_eq!(store.page(ChannelId(room.0), Range::Latest, 10).await.unwrap().messages.len(), 1);
    }
}

pub async fn a_lost_room_that_people_are_in_is_written_anew(store: TestStore) {
    let room = RoomId::random();
    store.keep_rooms(&[room, RoomId::random()], LONG).await.unwrap();
    assert!(store.other().use_room(room, LONG).await.unwrap());
    store.keep_rooms(&[], LONG).await.unwrap();
}

/// A session of a user, where users count.
fn visitor(user: UserId, node: NodeId) -> Member {
    Member { at: session_on(node), user, username: name("visitor"), peer: None, number: Some(7) }
}

pub async fn where_users_count_only_first_and_last_sessions_are_announced(store: TestStore) {
    let (channel, ann, bob) = (channel(), UserId::random(), UserId::random());
    let topic = Topic::Channel(channel);
    let (joined, left) = (news(topic, "joined"), news(topic, "left"));
    let mut ear = Ear::on(store.other(), &[topic]).await;
    let [one, two, other] = [(ann, 0), (ann, 1), (bob, 2)].map(|(user, turn)| (turn, visitor(user, NodeId::random())));
    for (turn, visitor) in [&one, &two, &one] {
        store.either(*turn).join(channel, visitor, &joined, 100).await.unwrap();
    }
    assert_eq!(ear.so_far(&*store, topic).await, [heard("joined")]);
    store.join(channel, &other.1, &joined, 100).await.unwrap();
    assert_eq!(ear.so_far(&*store, topic).await, [heard("joined")]);
    assert_eq!(store.member(channel, two.1.at).await.unwrap().as_ref(), Some(&two.1));

    assert!(store.leave(channel, one.1.at, &left).await.unwrap());
    assert!(!store.leave(channel, one.1.at, &left).await.unwrap());
    assert_eq!(ear.so_far(&*store, topic).await, []);
    assert!(store.other().leave(channel, two.1.at, &left).await.unwrap());
    assert!(!store.leave(channel, two.1.at, &left).await.unwrap());
    assert_eq!(ear.so_far(&*store, topic).await, [heard("left")]);
    store.leave(channel, other.1.at, &left).await.unwrap();
    assert_eq!(ear.so_far(&*store, topic).await, [heard("left")]);
}

pub async fn of_many_sessions_that_end_at_once_one_is_the_last(store: TestStore) {
    let (channel, ann) = (channel(), UserId::random());
    let topic = Topic::Channel(channel);
    let (joined, left) = (news(topic, "joined"), news(topic, "left"));
    let mut ear = Ear::on(&*store, &[topic]).await;
    let sessions: Vec<Member> = (0..12).map(|_| visitor(ann, NodeId::random())).collect();
    at_once(sessions.iter().enumerate().map(|(turn, session)| store.either(turn).join(channel, session, &joined, 100))).await;
    assert_eq!(ear.so_far(&*store, topic).await, [heard("joined")]);
    // Each ends twice: by itself, and by a reaper that thinks it knows better.
    at_once((0..24).map(|turn| store.either(turn).leave(channel, sessions[turn / 2].at, &left))).await;
    assert_eq!(ear.so_far(&*store, topic).await, [heard("left")]);
    assert_eq!(store.members(channel, 100).await.unwrap(), []);
}
