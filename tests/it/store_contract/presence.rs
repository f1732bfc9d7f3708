//! Who is online.

use std::time::Duration;

use rialto::ids::UserId;
use rialto::store::nodes::Holding;
use rialto::store::topics::Topic;

use super::TestStore;
use super::vocabulary::*;

pub async fn the_first_arrival_and_the_last_departure_are_announced(store: TestStore) {
    let (ann, laptop, phone) = (UserId::random(), session(), session());
    let topic = Topic::User(ann);
    let (on, off) = (news(topic, "on"), news(topic, "off"));
    let mut ear = Ear::on(store.other(), &[topic]).await;

    assert!(store.arrive(ann, laptop, LONG, &on).await.unwrap());
    assert!(!store.other().arrive(ann, phone, LONG, &on).await.unwrap());
    assert_eq!(store.online(&[UserId::random(), ann]).await.unwrap(), [false, true]);
    let mut sessions = store.other().sessions(ann).await.unwrap();
    sessions.sort();
    let mut both = vec![laptop, phone];
    both.sort();
    assert_eq!(sessions, both);

    assert!(!store.depart(ann, laptop, &off).await.unwrap());
    assert_eq!(store.online(&[ann]).await.unwrap(), [true]);
    assert!(!store.depart(ann, laptop, &off).await.unwrap(), "it is gone already");
    assert!(store.other().depart(ann, phone, &off).await.unwrap());
    assert!(!store.depart(ann, phone, &off).await.unwrap());
    assert_eq!(store.other().online(&[ann]).await.unwrap(), [false]);
    assert_eq!(ear.so_far(&*store, topic).await, [heard("on"), heard("off")]);
}

pub async fn many_arrivals_at_once_announce_once(store: TestStore) {
    let ann = UserId::random();
    let topic = Topic::User(ann);
    let (on, off) = (news(topic, "on"), news(topic, "off"));
    let mut ear = Ear::on(&*store, &[topic]).await;
    let sessions: Vec<_> = (0..10).map(|_| session()).collect();

    let arrivals = sessions.iter().enumerate().map(|(turn, at)| store.either(turn).arrive(ann, *at, LONG, &on));
    assert_eq!(at_once(arrivals).await.into_iter().filter(|first| *first).count(), 1);
    // The reaper and the node itself may both say that a session has gone.
    let departures = (0..20).map(|turn| store.either(turn).depart(ann, sessions[turn / 2], &off));
    assert_eq!(at_once(departures).await.into_iter().filter(|last| *last).count(), 1);
    assert_eq!(ear.so_far(&*store, topic).await, [heard("on"), heard("off")]);
}

pub async fn arriving_again_changes_nothing(store: TestStore) {
    let (ann, at) = (UserId::random(), session());
    let on = news(Topic::User(ann), "on");
    assert!(store.arrive(ann, at, LONG, &on).await.unwrap());
    assert!(!store.arrive(ann, at, LONG, &on).await.unwrap());
    assert_eq!(store.sessions(ann).await.unwrap(), [at]);
    assert!(store.depart(ann, at, &on).await.unwrap());
}

pub async fn a_presence_expires(store: TestStore) {
    let (ann, on) = (UserId::random(), news(Topic::All, "on"));
    store.arrive(ann, session(), Duration::from_millis(50), &on).await.unwrap();
    time_passes(&*store, Duration::from_millis(60)).await;
    assert_eq!(store.online(&[ann]).await.unwrap(), [false]);
    assert_eq!(store.sessions(ann).await.unwrap(), []);
    assert!(!store.other().online_users(100_000).await.unwrap().contains(&ann));

    assert!(store.arrive(ann, session(), LONG, &on).await.unwrap(), "who was offline comes online");
    assert!(store.other().online_users(100_000).await.unwrap().contains(&ann));
    assert_eq!(store.online_users(1).await.unwrap().len(), 1);
}

pub async fn a_renewed_presence_lives_on(store: TestStore) {
    let (ann, at, life) = (UserId::random(), session(), Duration::from_secs(2));
    store.arrive(ann, at, life, &news(Topic::All, "on")).await.unwrap();
    store.renew(at.node, &[(ann, at.session)], LONG).await.unwrap();
    time_passes(&*store, life).await;
    assert_eq!(store.online(&[ann]).await.unwrap(), [true]);
    assert_eq!(store.other().sessions(ann).await.unwrap(), [at]);
}

pub async fn a_lost_presence_is_written_anew(store: TestStore) {
    let (ann, bob, at) = (UserId::random(), UserId::random(), session());
    let other = session_on(at.node);
    store.renew(at.node, &[(ann, at.session), (bob, other.session)], LONG).await.unwrap();
    assert_eq!(store.other().sessions(ann).await.unwrap(), [at]);
    assert_eq!(store.other().sessions(bob).await.unwrap(), [other]);
    let holdings = store.holdings(at.node, 10).await.unwrap();
    assert!(holdings.contains(&Holding::Presence(ann, at.session)));
    assert!(store.depart(ann, at, &news(Topic::User(ann), "off")).await.unwrap());
}

pub async fn a_presence_is_among_the_holdings(store: TestStore) {
    let (ann, at, on) = (UserId::random(), session(), news(Topic::All, "on"));
    store.arrive(ann, at, LONG, &on).await.unwrap();
    assert_eq!(store.other().holdings(at.node, 10).await.unwrap(), [Holding::Presence(ann, at.session)]);
    store.depart(ann, at, &on).await.unwrap();
    assert_eq!(store.holdings(at.node, 10).await.unwrap(), []);
}
