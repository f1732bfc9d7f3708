//! Letters between sessions on different nodes: in order, once, or back with an answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rialto::cluster::bus::BusTask;
use rialto::cluster::registry::Registry;
use rialto::cluster::{Bus, Encoder, Hub, Listener, LogEvent, Relay};
use rialto::ids::{ChannelId, Epoch, NodeId, SessionId, SessionRef, TokenDigest, UserId, Username};
use rialto::metrics::Metrics;
use rialto::session::Sent;
use rialto::store::Store;
use rialto::store::nodes::NodeInfo;
use rialto::store::record::{self, Envelope, NewsRecord, Signal};
use rialto::store::redis::RedisSettings;
use tokio::time::{sleep, timeout};

use super::crew::wait_for;
use crate::store_contract::vocabulary::most;
use crate::support::proxy::{FaultProxy, Mode};
use crate::support::redis::{RedisServer, connect, wait_until};

const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_arrive_once_and_in_order_over_connections_that_break() {
    let redis = wait_for(RedisServer::start);
    let proxy = FaultProxy::start(redis.port).await;
    let here = PostOffice::open(proxy.port).await;
    let there = PostOffice::open(redis.port).await;
    there.read();
    for number in 0..1_000 {
        here.relay.send(there.at(), Some(here.at()), letter(number));
        if number % 100 == 50 {
            there.clerk.has(number / 2).await;
            proxy.set_all(Mode::Cut);
        }
    }
    there.clerk.has(1_000).await;
    // A retry of an append that had succeeded, as after an answer that was lost.
    let envelope = |number, signal| {
        let (from, to) = (here.node, there.clerk.session);
        record::encode(&Envelope { from, number, to, also: Vec::new(), reply_to: None, signal })
    };
    let far = u64::MAX - 1;
    let batch = [envelope(far - 1, letter(1_000)), envelope(far, letter(1_001))];
    for _ in 0..3 {
        there.store.deliver(there.node, &batch, most(1_000_000)).await.unwrap();
    }
    there.store.deliver(there.node, &[envelope(far + 1, letter(1_002))], most(1_000_000)).await.unwrap();
    there.clerk.has(1_003).await;
    let expected: Vec<Signal> = (0..1_003).map(letter).collect();
    assert_eq!(*there.clerk.signals.lock().unwrap(), expected);
    assert!(here.clerk.signals.lock().unwrap().is_empty(), "nothing came back");
    let inbox = format!("rialto:{{n:{}}}:s", there.node);
    wait_for(|| wait_until("the inbox is empty", || redis.cli(&["XLEN", &inbox]) == "0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_is_there_to_get_comes_back() {
    let redis = wait_for(RedisServer::start);
    let (here, there) = (PostOffice::open(redis.port).await, PostOffice::open(redis.port).await);
    here.read();
    there.read();
    let nobody = SessionId::random();
    let nowhere = NodeId::random();
    here.relay.send(SessionRef { node: there.node, session: nobody }, Some(here.at()), letter(1));
    here.clerk.has(1).await;
    here.relay.send(SessionRef { node: here.node, session: nobody }, Some(here.at()), letter(2));
    here.clerk.has(2).await;
    here.relay.send(SessionRef { node: nowhere, session: nobody }, Some(here.at()), letter(3));
    here.clerk.has(3).await;
    let expected: Vec<Signal> = (1..4).map(|number| undeliverable(nobody, number)).collect();
    assert_eq!(*here.clerk.signals.lock().unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_inbox_is_told_and_nothing_in_it_is_dropped() {
    let redis = wait_for(RedisServer::start);
    let (here, there) = (PostOffice::open(redis.port).await, PostOffice::open(redis.port).await);
    let inbox = format!("rialto:{{n:{}}}:s", there.node);
    let fill = "for i = 1, 100000 do redis.call('XADD', KEYS[1], '*', 'b', 'x') end";
    redis.cli(&["EVAL", fill, "1", &inbox]);
    here.relay.send(there.at(), Some(here.at()), letter(1));
    here.clerk.has(1).await;
    assert_eq!(*here.clerk.signals.lock().unwrap(), [undeliverable(there.clerk.session, 1)]);
    assert_eq!(redis.cli(&["XLEN", &inbox]), "100000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_letters_of_a_dead_node_are_answered_by_its_reaper() {
    let redis = wait_for(RedisServer::start);
    let (here, there) = (PostOffice::open(redis.port).await, PostOffice::open(redis.port).await);
    let registry = Registry::new(here.node, "all".to_owned(), here.store.clone(), here.hub.clone(), here.relay.clone(), Metrics::new());
    tokio::spawn(registry.run());
    // The other node has said once that it is alive, and never reads.
    for number in 0..300 {
        here.relay.send(there.at(), Some(here.at()), letter(number));
    }
    here.clerk.has(300).await;
    let expected: Vec<Signal> = (0..300).map(|number| undeliverable(there.clerk.session, number)).collect();
    assert_eq!(*here.clerk.signals.lock().unwrap(), expected);
    wait_for(|| wait_until("the node is buried", || redis.cli(&["ZCARD", "rialto:{nodes}"]) == "1"));
    assert_eq!(redis.cli(&["EXISTS", &format!("rialto:{{n:{}}}:s", there.node)]), "0");
}

fn letter(number: usize) -> Signal {
    Signal::KeyEnded { key: TokenDigest(number.to_string()) }
}

fn undeliverable(to: SessionId, number: usize) -> Signal {
    Signal::Undeliverable { to, signal: Box::new(letter(number)) }
}

/// A node's floor of letters, with one session.
struct PostOffice {
    node: NodeId,
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    relay: Arc<Relay>,
    clerk: Arc<Clerk>,
    _bus: BusTask,
}

impl PostOffice {
    async fn open(port: u16) -> Self {
        let settings = RedisSettings::new(format!("redis://127.0.0.1:{port}").parse().unwrap());
        let store: Arc<dyn Store> = Arc::new(connect(settings).await);
        let (node, metrics) = (NodeId::random(), Metrics::new());
        store.beat(node, &NodeInfo::default()).await.unwrap();
        let (bus, task) = Bus::new(node, store.clone(), metrics.clone());
        let hub = Hub::new(node, store.clone(), bus, metrics.clone());
        let clerk = Arc::new(Clerk { session: SessionId::random(), signals: Mutex::default() });
        hub.crowd().add(clerk.clone());
        let relay = Relay::new(store.clone(), hub.clone(), metrics);
        Self { node, store, hub, relay, clerk, _bus: task }
    }

    fn read(&self) {
        tokio::spawn(self.relay.clone().read());
    }

    fn at(&self) -> SessionRef {
        SessionRef { node: self.node, session: self.clerk.session }
    }
}

/// A session that keeps its letters.
struct Clerk {
    session: SessionId,
    signals: Mutex<Vec<Signal>>,
}

impl Clerk {
    async fn has(&self, count: usize) {
        let full = async {
            while self.signals.lock().unwrap().len() < count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, full).await.unwrap_or_else(|_| panic!("{} of {count} letters came", self.signals.lock().unwrap().len()));
    }
}

struct Mute;

impl Encoder for Mute {
    fn number(&self) -> usize {
        9
    }

    fn event(&self, _: &LogEvent) -> Bytes {
        Bytes::new()
    }

    fn news(&self, _: &NewsRecord) -> Option<Bytes> {
        None
    }
}

impl Listener for Clerk {
    fn session(&self) -> SessionId {
        self.session
    }

    fn encoder(&self) -> &dyn Encoder {
        &Mute
    }

    fn hears(&self, _: &NewsRecord) -> bool {
        false
    }

    fn send(&self, _: &Bytes) -> Sent {
        Sent::Done
    }

    fn tell(&self, _: Bytes) {}

    fn drained(&self) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(true))
    }

    fn own_form(&self, _: &LogEvent) -> Bytes {
        Bytes::new()
    }

    fn reset_form(&self, _: ChannelId, _: Epoch) -> Option<Bytes> {
        None
    }

    fn watched(&self, _: ChannelId, _: &LogEvent) {}

    fn direct_opened(self: Arc<Self>, _: UserId) {}

    fn read_moved(&self, _: &NewsRecord) {}

    fn renamed(&self, _: &Username) {}

    fn signal(self: Arc<Self>, signal: Signal) {
        self.signals.lock().unwrap().push(signal);
    }
}
