//! Publishing and listening.

use bytes::Bytes;
use rialto::ids::{NodeId, UserId};
use rialto::store::topics::{Heard, News, Payload, Topic};

use super::TestStore;
use super::vocabulary::*;

pub async fn news_reach_those_who_subscribed(store: TestStore) {
    let (ann, bob, general) = (Topic::User(UserId::random()), Topic::User(UserId::random()), Topic::Channel(channel()));
    store.publish(&news(ann, "nobody is there")).await.unwrap();
    let mut ear = Ear::on(store.other(), &[ann, general]).await;
    let mut another = Ear::on(&*store, &[ann, bob, Topic::All]).await;

    store.publish(&news(bob, "hello")).await.unwrap();
    for topic in [ann, general] {
        store.publish(&news(topic, "hello")).await.unwrap();
        assert_eq!(ear.next().await, Heard { topic, payload: heard("hello") });
    }
    assert_eq!(another.so_far(&*store, bob).await, [heard("hello")]);

    let everybody = News { topic: Topic::All, body: Bytes::from(UserId::random().to_string()) };
    store.other().publish(&everybody).await.unwrap();
    // Others use this topic as well.
    while another.next().await != (Heard { topic: Topic::All, payload: Payload::News(everybody.body.clone()) }) {}
}

pub async fn nothing_comes_after_unsubscribing(store: TestStore) {
    let (ann, bob) = (Topic::User(UserId::random()), Topic::User(UserId::random()));
    let mut ear = Ear::on(store.other(), &[ann, bob]).await;
    store.publish(&news(ann, "heard")).await.unwrap();
    assert_eq!(ear.so_far(&*store, ann).await, [heard("heard")]);
    ear.control().unsubscribe(&[ann]).await.unwrap();
    store.publish(&news(ann, "not heard")).await.unwrap();
    store.publish(&news(bob, "heard")).await.unwrap();
    assert_eq!(ear.next().await, Heard { topic: bob, payload: heard("heard") });

    ear.control().subscribe(&[ann, bob]).await.unwrap();
    store.publish(&news(ann, "again")).await.unwrap();
    assert_eq!(ear.next().await, Heard { topic: ann, payload: heard("again") });
}

pub async fn a_probe_comes_back(store: TestStore) {
    let (node, another) = (NodeId::random(), NodeId::random());
    let probes = store.listen().await.unwrap().probes;
    assert!(probes > 0);
    let topics: Vec<Topic> = (0..probes).map(|number| Topic::Probe(node, number)).collect();
    let mut ear = Ear::on(&*store, &topics).await;
    store.probe(another, 0).await.unwrap();
    for number in 0..probes {
        store.probe(node, number).await.unwrap();
        assert_eq!(ear.next().await, Heard { topic: Topic::Probe(node, number), payload: Payload::Probe });
    }
}

pub async fn news_keep_their_order(store: TestStore) {
    let topic = Topic::Channel(channel());
    let mut ear = Ear::on(store.other(), &[topic]).await;
    let bodies: Vec<Bytes> = (0..500).map(|number: u32| Bytes::from(number.to_string())).collect();
    for body in &bodies {
        store.publish(&News { topic, body: body.clone() }).await.unwrap();
    }
    assert_eq!(ear.so_far(&*store, topic).await, bodies.into_iter().map(Payload::News).collect::<Vec<_>>());
}
