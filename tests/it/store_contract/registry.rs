//! Who is alive, and what becomes of what the dead held.

use std::time::Duration;

use rialto::ids::{NodeId, SessionId, UserId};
use rialto::store::Store;
use rialto::store::nodes::{Beat, Delivered, Holding, MediaInfo, MediaLoad, Node, NodeInfo};
use rialto::store::topics::Topic;

use super::TestStore;
use super::vocabulary::*;

fn info(sessions: u64) -> NodeInfo {
    NodeInfo { role: "chat".to_owned(), version: "1.2.3".to_owned(), sessions, draining: false, media: None, signaling: None }
}

async fn listed(store: &dyn Store, node: NodeId) -> Option<Node> {
    store.nodes().await.unwrap().0.into_iter().find(|listed| listed.id == node)
}

pub async fn a_node_enters_and_stays(store: TestStore) {
    let node = NodeId::random();
    assert_eq!(listed(&*store, node).await, None);
    assert_eq!(store.beat(node, &info(1)).await.unwrap(), Beat::Entered);
    assert_eq!(store.beat(node, &info(2)).await.unwrap(), Beat::Alive);
    let found = listed(store.other(), node).await.unwrap();
    assert_eq!(found.info, Some(info(2)));
    assert!(found.silent_for < PATIENCE);
    let (_, clock) = store.nodes().await.unwrap();
    assert!(clock <= store.now().await.unwrap());

    let load = MediaLoad { rooms: 3, participants: 14, egress: 9_000_000_000 };
    let media = MediaInfo { addresses: vec!["192.0.2.1:7000".parse().unwrap(), "[2001:db8::1]:7001".parse().unwrap()], load };
    let busy = NodeInfo { role: "media".to_owned(), draining: true, media: Some(media), signaling: Some(load), ..info(0) };
    store.other().beat(node, &busy).await.unwrap();
    assert_eq!(listed(&*store, node).await.unwrap().info, Some(busy));

    let silent = || async { listed(&*store, node).await.unwrap().silent_for >= Duration::from_millis(20) };
    eventually("its silence is noticed", silent).await;
}

pub async fn a_node_that_retires_is_gone(store: TestStore) {
    let node = NodeId::random();
    store.beat(node, &info(0)).await.unwrap();
    store.retire(node).await.unwrap();
    assert_eq!(listed(store.other(), node).await, None);
    assert_eq!(store.deliver(node, &["letter".into()], most(10)).await.unwrap(), Delivered::NoSuchNode);
    store.retire(node).await.unwrap();
}

pub async fn one_node_at_a_time_reaps(store: TestStore) {
    let nodes: Vec<NodeId> = (0..8).map(|_| NodeId::random()).collect();
    let (_, holders) = in_time(&*store, Duration::from_secs(3), async |time| {
        // Another case may hold the lease for a moment.
        eventually("one has the lease", || async { store.lease_reaper(nodes[0], time).await.unwrap() }).await;
        let mut holders = Vec::new();
        for (turn, node) in nodes.iter().enumerate() {
            if store.either(turn).lease_reaper(*node, time).await.unwrap() {
                holders.push(*node);
            }
        }
        holders
    })
    .await;
    assert_eq!(holders, [nodes[0]], "one holds it, and who has it keeps it");
}

pub async fn the_reapers_lease_runs_out(store: TestStore) {
    let (one, other) = (NodeId::random(), NodeId::random());
    eventually("one has the lease", || async { store.lease_reaper(one, Duration::from_millis(50)).await.unwrap() }).await;
    eventually("the other has it", || async { store.lease_reaper(other, Duration::from_millis(50)).await.unwrap() }).await;
}

pub async fn a_silent_node_is_declared_dead_and_buried(store: TestStore) {
    let node = NodeId::random();
    store.beat(node, &info(1)).await.unwrap();
    store.deliver(node, &["letter".into()], most(10)).await.unwrap();
    let at = session_on(node);
    store.arrive(UserId::random(), at, LONG, &news(Topic::All, "on")).await.unwrap();
    time_passes(&*store, Duration::from_millis(30)).await;

    assert!(store.declare_dead(node, Duration::from_millis(20)).await.unwrap());
    assert!(store.other().declare_dead(node, LONG).await.unwrap(), "it was declared dead before");
    assert_eq!(store.other().beat(node, &info(1)).await.unwrap(), Beat::Reaped);
    assert!(listed(&*store, node).await.is_some(), "until it is buried, whoever reaps next must find it");
    assert_eq!(store.collect(node, "", 10, Duration::ZERO).await.unwrap().len(), 1, "its letters can still be answered for");

    store.bury(node).await.unwrap();
    assert_eq!(listed(store.other(), node).await, None);
    assert_eq!(store.collect(node, "", 10, Duration::ZERO).await.unwrap(), []);
    assert_eq!(store.deliver(node, &["letter".into()], most(10)).await.unwrap(), Delivered::NoSuchNode);
    assert_eq!(store.beat(node, &info(1)).await.unwrap(), Beat::Reaped, "it may wake up at any time");
    assert_eq!(listed(&*store, node).await, None);
}

pub async fn a_node_that_speaks_is_not_declared_dead(store: TestStore) {
    let node = NodeId::random();
    store.beat(node, &info(1)).await.unwrap();
    assert!(!store.declare_dead(node, LONG).await.unwrap());
    assert_eq!(store.beat(node, &info(1)).await.unwrap(), Beat::Alive);
    assert!(!store.declare_dead(NodeId::random(), LONG).await.unwrap(), "nobody has ever heard of it");
}

pub async fn holdings_are_listed_and_released(store: TestStore) {
    let (node, joined) = (NodeId::random(), news(Topic::All, "joined"));
    let mut held = Vec::new();
    for _ in 0..3 {
        let (user, at, channel) = (UserId::random(), session_on(node), channel());
        store.arrive(user, at, LONG, &joined).await.unwrap();
        let member = rialto::store::channels::Member { at, user, ..member() };
        store.join(channel, &member, &joined, 0).await.unwrap();
        held.extend([Holding::Presence(user, at.session), Holding::Member(channel, at.session)]);
    }
    let listed = store.other().holdings(node, 100).await.unwrap();
    assert_eq!(listed.len(), 6);
    assert!(held.iter().all(|holding| listed.contains(holding)));
    assert_eq!(store.holdings(node, 4).await.unwrap().len(), 4);

    store.release(node, &held[..5]).await.unwrap();
    store.release(node, &[Holding::Presence(UserId::random(), SessionId::random())]).await.unwrap();
    assert_eq!(store.other().holdings(node, 100).await.unwrap(), held[5..]);
    assert_eq!(store.holdings(NodeId::random(), 100).await.unwrap(), []);
}
