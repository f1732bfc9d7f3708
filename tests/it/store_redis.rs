//! The Redis store on each kind of Redis, and through restarts and failovers.

mod lobbies;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use rialto::ids::{ChannelId, ClientId, MessageId, NodeId, Position, RoomEpoch, RoomId, Seq, UserId, Username};
use rialto::store::accounts::{Named, NewUser};
use rialto::store::channels::{Amended, Amendment, Appended, Entry, Known, NewMessage, Range, Stored};
use rialto::store::leases::ByHolder;
use rialto::store::nodes::{Beat, Delivered, NodeInfo};
use rialto::store::redis::{RedisSettings, RedisStore};
use rialto::store::topics::{Heard, News, Payload, Topic};
use rialto::store::{Accounts as _, Channels, Inboxes as _, Leases as _, Registry as _, Store, StoreError, Topics as _};

use crate::store_contract::vocabulary::most;
use crate::store_contract::{HISTORY_MAX, TestStore};
use crate::support;
use crate::support::proxy::{FaultProxy, Mode};
use crate::support::redis::{RedisCluster, RedisSentinel, RedisServer};

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(url: String) -> RedisSettings {
    RedisSettings { tls_insecure: true, pool_size: 4, ..RedisSettings::new(url.parse().unwrap()) }
}

async fn connect(url: String) -> RedisStore {
    support::redis::connect(settings(url)).await
}

async fn pair(url: String, guard: impl std::any::Any + Send + Sync) -> TestStore {
    let open = || support::redis::connect(RedisSettings { history_max: HISTORY_MAX, ..settings(url.clone()) });
    TestStore::new(Arc::new(open().await), Arc::new(open().await), guard)
}

async fn on_one_server() -> TestStore {
    let server = RedisServer::start();
    pair(server.url(), server).await
}

store_contract!(contract, on_one_server);

fn channel() -> ChannelId {
    ChannelId::direct(UserId::random(), UserId::random())
}

fn message(text: &str) -> NewMessage {
    NewMessage { id: MessageId::random(), dedup: None, body: Bytes::from(text.to_owned()), known: Known::default() }
}

async fn post(store: &RedisStore, channel: ChannelId, text: &str) -> Stored {
    match store.append(channel, message(text)).await.unwrap() {
        Appended::Stored(stored) => stored,
        other => panic!("{other:?}"),
    }
}

/// Posts until it works, as a client would that is told "try again".
async fn post_after_trouble(store: &RedisStore, channel: ChannelId, new: NewMessage) -> Stored {
    match after_trouble(|| store.append(channel, new.clone())).await {
        Appended::Stored(stored) => stored,
        // It was stored before, and the answer was lost.
        Appended::Duplicate(found) => {
            let head = after_trouble(|| async { store.heads(&[channel]).await }).await.remove(0);
            Stored { epoch: head.epoch, position: Position::message(found.seq.0), at: found.at, replicated: true }
        }
    }
}

/// Asks until there is an answer.
async fn after_trouble<T, F: Future<Output = rialto::store::Result<T>>>(ask: impl Fn() -> F) -> T {
    let start = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
    }
}

/// A log, changed and read, listened to, and letters: all that goes another way on another kind of Redis.
async fn is_a_store(store: &RedisStore) {
    let (channel, node) = (channel(), NodeId::random());
    let mut ear = store.listen().await.unwrap();
    let probes: Vec<Topic> = (0..ear.probes).map(|number| Topic::Probe(node, number)).collect();
    ear.control.subscribe(&probes).await.unwrap();
    ear.control.subscribe(&[Topic::Channel(channel), Topic::All]).await.unwrap();
    for number in 0..ear.probes {
        store.probe(node, number).await.unwrap();
    }
    store.publish(&News { topic: Topic::All, body: Bytes::from_static(b"news") }).await.unwrap();
    let first = post(store, channel, "one").await;
    assert_eq!((first.position, first.replicated), (Position::message(1), true));
    let change = Amendment { seq: Seq(1), from: "one".into(), to: "uno".into(), entry: "changed".into() };
    let Amended::Stored(changed) = store.amend(channel, change.clone()).await.unwrap() else { panic!("not changed") };
    assert_eq!(store.amend(channel, change).await.unwrap(), Amended::Conflict);
    let posts = join_all((0..50).map(|number| store.append(channel, message(&format!("m{number}"))))).await;
    assert!(posts.iter().all(|post| matches!(post, Ok(Appended::Stored(_)))));

    let mut heard: Vec<Heard> = Vec::new();
    while heard.len() < 53 + usize::from(ear.probes) {
        heard.extend(tokio::time::timeout(PATIENCE, ear.batches.next()).await.expect("all is heard").unwrap());
    }
    assert_eq!(heard.iter().filter(|heard| heard.payload == Payload::Probe).count(), usize::from(ear.probes));
    assert!(heard.iter().any(|heard| heard.topic == Topic::All && heard.payload == Payload::News("news".into())));
    let entries: Vec<Entry> =
        heard.into_iter().filter_map(|heard| if let Payload::Entry(entry) = heard.payload { Some(entry) } else { None }).collect();
    let tail = store.tail(channel, Position::default(), 100).await.unwrap();
    assert_eq!(tail.entries, entries);
    assert!(entries.windows(2).all(|pair| pair[1].previous == pair[0].position));
    assert_eq!(entries[1].position, changed.position);

    let page = store.page(channel, Range::Before(Seq(3)), 10).await.unwrap();
    assert_eq!((page.messages[0].record.as_ref(), page.messages.len(), page.more), (b"uno".as_ref(), 2, false));
    assert_eq!(page.head.position, Position::message(51));
    assert!(store.page(channel, Range::Latest, 10).await.unwrap().more);
    assert_eq!(store.heads(&[channel, self::channel()]).await.unwrap()[0], page.head);

    assert_eq!(store.beat(node, &NodeInfo::default()).await.unwrap(), Beat::Entered);
    let letters = [Bytes::from_static(b"a"), Bytes::from_static(b"b")];
    let (delivered, collected) = tokio::join!(store.deliver(node, &letters, most(3)), store.collect(node, "", 10, PATIENCE));
    assert_eq!((delivered.unwrap(), collected.unwrap().len()), (Delivered::Done, 2));
    assert_eq!(store.deliver(node, &letters, most(3)).await.unwrap(), Delivered::Full);
    assert_eq!(store.deliver(NodeId::random(), &letters, most(3)).await.unwrap(), Delivered::NoSuchNode);
    assert!(store.warnings().await.unwrap().is_empty());

    let rooms: Vec<RoomId> = (0..8).map(|_| RoomId::random()).collect();
    let (heir, hour) = (NodeId::random(), Duration::from_secs(3600));
    for room in &rooms {
        let held = store.claim_room(*room, &[node, heir], RoomEpoch(0), hour).await.unwrap().unwrap();
        assert_eq!(held.node, node);
        let renewed = store.renew_rooms(node, &[(*room, held.epoch), (RoomId::random(), held.epoch)], hour).await.unwrap();
        assert!(matches!(renewed[..], [ByHolder::Done(_), ByHolder::Refused(None)]), "{renewed:?}");
    }
    assert_eq!(store.rooms_of(node).await.unwrap().len(), rooms.len());
    let (room, held) = store.rooms_of(node).await.unwrap()[0];
    assert!(matches!(store.hand_over_room(room, node, held.epoch, heir, hour).await.unwrap(), ByHolder::Done(lease) if lease.node == heir));
    let (room, held) = store.rooms_of(heir).await.unwrap()[0];
    assert!(store.release_room(room, heir, held.epoch).await.unwrap());
    assert_eq!(store.room_leases(&rooms).await.unwrap().iter().flatten().count(), rooms.len() - 1);
    store.retire(node).await.unwrap();
    assert!(store.rooms_of(node).await.unwrap().is_empty(), "its index is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_is_a_store() {
    is_a_store(&connect(RedisServer::start().url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_self_signed_certificate_is_a_store() {
    let server = RedisServer::start_tls();
    is_a_store(&connect(server.url()).await).await;
    let strict = RedisSettings { tls_insecure: false, ..settings(server.url()) };
    assert!(RedisStore::connect(strict).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_a_store() {
    let cluster = RedisCluster::start();
    is_a_store(&connect(cluster.url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinel_is_a_store() {
    let sentinel = RedisSentinel::start();
    is_a_store(&connect(sentinel.url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_retries_store_one_message() {
    let server = RedisServer::start();
    let stores = [connect(server.url()).await, connect(server.url()).await];
    let (channel, dedup) = (channel(), Some((UserId::random(), ClientId::parse("c".to_owned()).unwrap())));
    let retries = (0..200).map(|number: usize| stores[number % 2].append(channel, NewMessage { dedup: dedup.clone(), ..message("once") }));
    let outcomes = join_all(retries).await;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(Appended::Stored(_)))).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(Appended::Duplicate(found)) if found.seq == Seq(1))).count(), 199);
    assert_eq!(stores[0].page(channel, Range::Latest, 10).await.unwrap().messages.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_wanted_twice_at_once_is_given_once() {
    let server = RedisServer::start();
    let stores = [connect(server.url()).await, connect(server.url()).await];
    let new = |name: &str| NewUser { id: UserId::random(), username: Username::parse(name).unwrap(), password: None };
    let outcomes =
        join_all((0..20).map(|number: usize| stores[number % 2].create_user(new(if number < 10 { "Ann" } else { "ANN" })))).await;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(Named::Done(_)))).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(Named::Taken))).count(), 19);
    assert_eq!(stores[0].count_users().await.unwrap(), 1);
}

/// As long as a heartbeat is waited for, and a lease lasts.
const IN_TIME: Duration = Duration::from_millis(1_500);

/// All connections die, and nobody is told; clients wait for those of the pool. New ones can be made.
#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_and_leases_wait_neither_for_clients_nor_for_dead_connections() {
    let server = RedisServer::start();
    let proxy = FaultProxy::start(server.port).await;
    let store = Arc::new(connect(format!("redis://127.0.0.1:{}", proxy.port)).await);
    let (node, room, hour) = (NodeId::random(), RoomId::random(), Duration::from_secs(3600));
    store.beat(node, &NodeInfo::default()).await.unwrap();
    let held = [(room, store.claim_room(room, &[node], RoomEpoch(0), hour).await.unwrap().unwrap().epoch)];
    let mut seen = Vec::new();
    // The machine may have stood still in the others.
    for _ in 0..3 {
        // So many as the pool has.
        join_all((0..4).map(|_| store.ping())).await;
        proxy.set_all(Mode::Blackhole);
        let clients: Vec<_> = (0..40).map(|_| Arc::clone(&store)).map(|store| tokio::spawn(async move { store.ping().await })).collect();
        tokio::task::yield_now().await;
        let alive = async { (store.beat(node, &NodeInfo::default()).await, store.renew_rooms(node, &held, hour).await) };
        match tokio::time::timeout(IN_TIME, alive).await {
            Ok((Ok(Beat::Alive), Ok(renewed))) if matches!(renewed[..], [ByHolder::Done(_)]) => return,
            other => seen.push(other),
        }
        join_all(clients).await;
    }
    panic!("{seen:?}");
}

/// Plays the floor above: verifies what it knows whenever the store asks for it.
fn verifier(store: &Arc<RedisStore>, known: Vec<(ChannelId, Known)>) -> tokio::task::JoinHandle<()> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        loop {
            let generation = store.generation_changed().await;
            for (channel, known) in &known {
                while store.verify(*channel, *known).await.is_err() {}
            }
            store.generation_verified(&generation).await.unwrap();
        }
    })
}

fn known(stored: Stored, message: &NewMessage) -> Known {
    Known { epoch: stored.epoch, position: stored.position, message: Some(message.id) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_data_changes_nothing_and_one_without_starts_a_later_epoch() {
    let mut server = RedisServer::start();
    let store = Arc::new(connect(server.url()).await);
    let (channel, new) = (channel(), message("one"));
    let before = post_after_trouble(&store, channel, new.clone()).await;
    let known = known(before, &new);
    let verifier = verifier(&store, vec![(channel, known)]);
    server.kill();
    assert!(matches!(store.append(channel, message("lost")).await, Err(StoreError::Unavailable(_))));
    server.restart();
    let after = post_after_trouble(&store, channel, NewMessage { known, ..message("two") }).await;
    assert_eq!((after.epoch, after.position), (before.epoch, Position::message(2)));
    server.restart_empty();
    let emptied = post_after_trouble(&store, channel, NewMessage { known, ..message("three") }).await;
    assert!(emptied.epoch > before.epoch && emptied.position == Position::message(1), "{emptied:?}");
    verifier.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_survive_a_restart_with_data_and_get_later_epochs_after_one_without() {
    let mut server = RedisServer::start();
    let store = connect(server.url()).await;
    let (room, node, other) = (RoomId::random(), NodeId::random(), NodeId::random());
    let hour = Duration::from_secs(3600);
    let held = store.claim_room(room, &[node], RoomEpoch(0), hour).await.unwrap().unwrap();
    server.restart();
    let renewed = after_trouble(|| async { store.renew_rooms(node, &[(room, held.epoch)], hour).await }).await;
    assert!(matches!(renewed[..], [ByHolder::Done(_)]), "{renewed:?}");
    server.restart_empty();
    let renewed = after_trouble(|| async { store.renew_rooms(node, &[(room, held.epoch)], hour).await }).await;
    assert_eq!(renewed, [ByHolder::Refused(None)]);
    // By the clock, whoever claims it; and above what the claimant has seen, if the new server's clock is behind.
    let next = store.claim_room(room, &[other], RoomEpoch(0), hour).await.unwrap().unwrap();
    assert!(next.epoch > held.epoch, "{next:?} after {held:?}");
    assert_eq!(store.renew_rooms(node, &[(room, held.epoch)], hour).await.unwrap().len(), 1);
    server.restart_empty();
    let seen = RoomEpoch(next.epoch.0 + 1_000_000_000);
    let last = after_trouble(|| async { store.claim_room(room, &[other], seen, hour).await }).await.unwrap();
    assert!(last.epoch > seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_that_lost_writes_gives_no_number_twice() {
    let mut redis = RedisSentinel::start();
    let writer = connect(redis.url()).await;
    let reader = Arc::new(connect(redis.url()).await);
    // The registry knows both, so that the writer waits for what the reader has seen.
    writer.beat(NodeId::random(), &NodeInfo::default()).await.unwrap();
    reader.beat(NodeId::random(), &NodeInfo::default()).await.unwrap();
    let channel = channel();
    post(&writer, channel, "safe").await;
    redis.is_in_step();
    redis.cut_replication();
    let new = message("lost with the master");
    let Appended::Stored(lost) = writer.append(channel, new.clone()).await.unwrap() else { panic!("not stored") };
    assert_eq!(lost.position, Position::message(2));
    redis.fail_over();
    // Only the reader has seen the second message.
    let verifiers = [verifier(&reader, vec![(channel, known(lost, &new))])];
    let writer = Arc::new(writer);
    let forgetful = verifier(&writer, Vec::new());
    let next = post_after_trouble(&writer, channel, message("after")).await;
    assert!(next.epoch > lost.epoch && next.position == Position::message(2), "{next:?} after {lost:?}");
    forgetful.abort();
    verifiers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_that_no_replica_has() {
    let redis = RedisSentinel::start();
    let wanting = RedisSettings { ack_replicas: 1, ack_timeout: Duration::from_millis(300), ..settings(redis.url()) };
    let store = support::redis::connect(wanting).await;
    let start = Instant::now();
    // A replica that stands still for a moment is too late for one message, not for all.
    let channel = loop {
        let channel = channel();
        if post_after_trouble(&store, channel, message("both have it")).await.replicated {
            break channel;
        }
        assert!(start.elapsed() < PATIENCE, "the replica confirms nothing");
    };
    redis.replica.pause(true);
    let new = message("one has it");
    let Appended::Stored(stored) = store.append(channel, new.clone()).await.unwrap() else { panic!("not stored") };
    assert!(!stored.replicated);
    assert!(store.settle(channel).await.is_err());
    assert!(store.append(channel, new.clone()).await.is_err(), "a retry is no better");
    redis.replica.pause(false);
    let start = Instant::now();
    while store.settle(channel).await.is_err() {
        assert!(start.elapsed() < PATIENCE);
    }
    assert!(matches!(store.append(channel, new).await, Ok(Appended::Duplicate(found)) if found.seq == Seq(2)));
}
