//! Who is joined to a channel.

use rialto::store::channels::Member;
use rialto::store::nodes::Holding;
use rialto::store::topics::Topic;

use super::TestStore;
use super::vocabulary::*;

pub async fn joining_and_leaving_are_announced_once(store: TestStore) {
    let (channel, ann) = (channel(), member());
    let topic = Topic::Channel(channel);
    let (joined, left) = (news(topic, "joined"), news(topic, "left"));
    let mut ear = Ear::on(store.other(), &[topic]).await;

    assert!(store.join(channel, &ann, &joined, 100).await.unwrap());
    assert!(!store.other().join(channel, &ann, &joined, 100).await.unwrap());
    assert_eq!(store.other().members(channel, 10).await.unwrap(), std::slice::from_ref(&ann));
    assert_eq!(store.other().member(channel, ann.at).await.unwrap(), Some(ann.clone()));
    assert_eq!(store.member(channel, session()).await.unwrap(), None);

    assert!(store.other().leave(channel, ann.at, &left).await.unwrap());
    assert!(!store.leave(channel, ann.at, &left).await.unwrap());
    assert_eq!(store.members(channel, 10).await.unwrap(), []);
    assert_eq!(store.member(channel, ann.at).await.unwrap(), None);
    assert_eq!(ear.so_far(&*store, topic).await, [heard("joined"), heard("left")]);
}

pub async fn many_joins_at_once_are_one(store: TestStore) {
    let (channel, ann) = (channel(), member());
    let topic = Topic::Channel(channel);
    let (joined, left) = (news(topic, "joined"), news(topic, "left"));
    let mut ear = Ear::on(&*store, &[topic]).await;
    let joins = (0..10).map(|turn| store.either(turn).join(channel, &ann, &joined, 100));
    assert_eq!(at_once(joins).await.into_iter().filter(|new| *new).count(), 1);
    let leaves = (0..10).map(|turn| store.either(turn).leave(channel, ann.at, &left));
    assert_eq!(at_once(leaves).await.into_iter().filter(|was| *was).count(), 1);
    assert_eq!(ear.so_far(&*store, topic).await, [heard("joined"), heard("left")]);
}

pub async fn large_channels_announce_no_joins(store: TestStore) {
    let channel = channel();
    let topic = Topic::Channel(channel);
    let (joined, left) = (news(topic, "joined"), news(topic, "left"));
    let mut ear = Ear::on(&*store, &[topic]).await;
    let members: Vec<Member> = (0..3).map(|_| member()).collect();
    for member in &members {
        assert!(store.join(channel, member, &joined, 2).await.unwrap());
    }
    assert_eq!(ear.so_far(&*store, topic).await, [heard("joined"), heard("joined")]);
    store.leave(channel, members[0].at, &left).await.unwrap();
    assert_eq!(ear.so_far(&*store, topic).await, [heard("left")]);
}

pub async fn members_are_listed_up_to_a_limit(store: TestStore) {
    let (channel, joined) = (channel(), news(Topic::All, "joined"));
    let mut members: Vec<Member> = (0..5).map(|_| member()).collect();
    for member in &members {
        store.join(channel, member, &joined, 0).await.unwrap();
    }
    assert_eq!(store.members(channel, 3).await.unwrap().len(), 3);
    let mut listed = store.other().members(channel, 10).await.unwrap();
    listed.sort_by_key(|member| member.at);
    members.sort_by_key(|member| member.at);
    assert_eq!(listed, members);
}

pub async fn a_membership_is_among_the_holdings(store: TestStore) {
    let (channel, ann) = (channel(), member());
    let joined = news(Topic::Channel(channel), "joined");
    store.join(channel, &ann, &joined, 100).await.unwrap();
    assert_eq!(store.other().holdings(ann.at.node, 10).await.unwrap(), [Holding::Member(channel, ann.at.session)]);
    store.leave(channel, ann.at, &joined).await.unwrap();
    assert_eq!(store.holdings(ann.at.node, 10).await.unwrap(), []);
}
