//! Rooms, the media nodes that hold them, and the chat nodes that follow them, on a real Redis. The media nodes are stand-ins that
//! do what any holder does: they beat, renew what they hold, and give up what they are refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rialto::cluster::placement::{Followed, LEASE, Placement, RENEW_EVERY, Serving};
use rialto::ids::{NodeId, RoomEpoch, RoomId};
use rialto::store::leases::ByHolder;
use rialto::store::nodes::{MediaInfo, NodeInfo};
use rialto::store::redis::{RedisSettings, RedisStore};
use rialto::store::{Accounts as _, Leases as _, Registry as _};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::store_contract::vocabulary::{LONG, eventually};
use crate::support::redis::{RedisServer, connect, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_leave_nodes_that_are_killed_or_freeze_and_everybody_agrees_where_they_are() {
    let redis = RedisServer::start();
    let store = open(&redis).await;
    let mut tasks = JoinSet::new();
    let holders: Vec<Arc<Holder>> = (0..3).map(|_| Holder::new(store.clone())).collect();
    let mut running = HashMap::new();
    for holder in &holders {
        holder.beat().await.unwrap();
        running.insert(holder.node, tasks.spawn(Arc::clone(holder).run()));
    }
    let rooms: Vec<RoomId> = (0..12).map(|_| RoomId::random()).collect();
    let mut chats = Vec::new();
    for _ in 0..3 {
        // Each with connections of its own: they race.
        let placement = Placement::new(open(&redis).await);
        chats.push(rooms.iter().map(|room| placement.follow(*room)).collect::<Vec<Followed>>());
        tasks.spawn(placement.run());
    }
    let agree = |on: &dyn Fn(NodeId) -> bool| {
        let agreed = (0..rooms.len()).all(|room| {
            let serving = chats[0][room].serving();
            matches!(serving, Serving::On { node, .. } if on(node)) && chats.iter().all(|chat| chat[room].serving() == serving)
        });
        std::future::ready(agreed)
    };
    eventually("all rooms are served", || agree(&|_| true)).await;

    // The holders know of them: every lease has been renewed, or has run out and gone elsewhere, if somebody stood still.
    passes(&store, LEASE).await;
    eventually("all rooms are served", || agree(&|_| true)).await;

    // Killed: its rooms go to the others, before the registry knows.
    let before: Vec<(NodeId, RoomEpoch)> = chats[0].iter().map(|room| on(room.serving())).collect();
    let killed = before[0].0;
    running[&killed].abort();
    eventually("its rooms are elsewhere", || agree(&|node| node != killed)).await;
    for (room, before) in chats[0].iter().zip(&before) {
        let after = on(room.serving());
        assert!(if before.0 == killed { after.1 > before.1 } else { after == *before }, "{before:?}, then {after:?}");
    }

    // Frozen: the same. Awake again, all it held is refused.
    let mut left: Vec<&Arc<Holder>> = holders.iter().filter(|holder| holder.node != killed).collect();
    left.sort_by_key(|holder| count(&chats[0], holder.node));
    let [last, frozen] = left[..] else { panic!("two are left") };
    eventually("it knows what it holds", || std::future::ready(frozen.held().len() == count(&chats[0], frozen.node))).await;
    frozen.freeze(true).await;
    let past = frozen.held();
    assert!(past.len() >= rooms.len() / 2, "it was the busier one");
    eventually("its rooms are elsewhere", || agree(&|node| node == last.node)).await;
    frozen.freeze(false).await;
    eventually("it has asked for all its rooms", || std::future::ready(frozen.refused().len() == past.len())).await;
    assert_eq!(frozen.refused(), past);
    assert!(agree(&|node| node == last.node).await, "it has harmed nothing");

    // And whoever asks now is told the same.
    for (room, serving) in rooms.iter().zip(&chats[0]) {
        let lease = store.claim_room(*room, &[NodeId::random()], RoomEpoch(0), LONG).await.unwrap().unwrap();
        assert_eq!((lease.node, lease.epoch), on(serving.serving()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_stood_still_moves_no_room() {
    no_room_moves(|redis| {
        redis.cli(&["CLIENT", "PAUSE", &(LEASE + RENEW_EVERY).as_millis().to_string(), "ALL"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_started_again_moves_no_room() {
    no_room_moves(|redis| {
        redis.kill();
        let killed = Instant::now();
        wait_until("every lease has run out", || killed.elapsed() > LEASE);
        redis.restart();
    })
    .await;
}

/// Holders and chat nodes alike are without the store for longer than a lease lasts.
async fn no_room_moves(outage: impl FnOnce(&mut RedisServer)) {
    let mut redis = RedisServer::start();
    let store = open(&redis).await;
    let mut tasks = JoinSet::new();
    for holder in (0..2).map(|_| Holder::new(store.clone())) {
        holder.beat().await.unwrap();
        tasks.spawn(holder.run());
    }
    let ids: Vec<RoomId> = (0..8).map(|_| RoomId::random()).collect();
    let mut rooms = Vec::new();
    for _ in 0..4 {
        let placement = Placement::new(open(&redis).await);
        rooms.extend(ids.iter().map(|room| placement.follow(*room)));
        tasks.spawn(placement.run());
    }
    for room in &mut rooms {
        room.next().await;
    }
    // The holders know of them: every lease has been renewed, or has run out and gone elsewhere, if somebody stood still.
    passes(&store, LEASE).await;
    let agreed = || {
        let same = rooms.chunks(ids.len()).all(|chat| chat.iter().zip(&rooms).all(|(one, first)| one.serving() == first.serving()));
        std::future::ready(same && rooms.iter().all(|room| matches!(room.serving(), Serving::On { .. })))
    };
    eventually("all agree", agreed).await;
    let before: Vec<Serving> = rooms.iter().map(Followed::serving).collect();
    tokio::task::block_in_place(|| outage(&mut redis));
    passes(&store, LEASE * 3).await;
    assert_eq!(rooms.iter().map(Followed::serving).collect::<Vec<_>>(), before);
}

/// Waits until this much time has passed by the clock that leases run out by.
async fn passes(store: &RedisStore, time: Duration) {
    let mut now = store.now().await;
    while now.is_err() {
        now = store.now().await;
    }
    let then = now.unwrap().plus(time);
    eventually("time has passed", || async { store.now().await.is_ok_and(|now| now > then) }).await;
}

async fn open(redis: &RedisServer) -> Arc<RedisStore> {
    let settings = RedisSettings { pool_size: 4, ..RedisSettings::new(redis.url().parse().unwrap()) };
    Arc::new(connect(settings).await)
}

fn on(serving: Serving) -> (NodeId, RoomEpoch) {
    let Serving::On { node, epoch } = serving else { panic!("nobody serves the room") };
    (node, epoch)
}

/// How many rooms this node serves.
fn count(rooms: &[Followed], node: NodeId) -> usize {
    rooms.iter().filter(|room| on(room.serving()).0 == node).count()
}

type Rooms = HashMap<RoomId, RoomEpoch>;

/// Stands in for a media node.
struct Holder {
    node: NodeId,
    store: Arc<RedisStore>,
    held: Mutex<Rooms>,
    refused: Mutex<Rooms>,
    frozen: watch::Sender<bool>,
    /// Held during each round, so that nothing is under way once it is frozen.
    round: tokio::sync::Mutex<()>,
}

impl Holder {
    fn new(store: Arc<RedisStore>) -> Arc<Self> {
        let (held, refused, frozen, round) = Default::default();
        Arc::new(Self { node: NodeId::random(), store, held, refused, frozen: watch::Sender::new(frozen), round })
    }

    fn held(&self) -> Rooms {
        self.held.lock().unwrap().clone()
    }

    fn refused(&self) -> Rooms {
        self.refused.lock().unwrap().clone()
    }

    async fn freeze(&self, on: bool) {
        let _round = self.round.lock().await;
        self.frozen.send_replace(on);
    }

    async fn beat(&self) -> rialto::store::Result<()> {
        let info = NodeInfo { role: "media".to_owned(), media: Some(MediaInfo::default()), ..NodeInfo::default() };
        self.store.beat(self.node, &info).await.map(drop)
    }

    async fn run(self: Arc<Self>) {
        let mut frozen = self.frozen.subscribe();
        let mut tick = tokio::time::interval(RENEW_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            frozen.wait_for(|frozen| !frozen).await.unwrap();
            let _round = self.round.lock().await;
            if !*self.frozen.borrow() {
                // A store that is away for a moment is asked again.
                let _ = self.renew().await;
            }
        }
    }

    /// What it thinks it holds first: then whatever else was given to it, of which a letter would tell.
    async fn renew(&self) -> rialto::store::Result<()> {
        let held: Vec<(RoomId, RoomEpoch)> = self.held().into_iter().collect();
        for ((room, epoch), renewed) in held.iter().zip(self.store.renew_rooms(self.node, &held, LEASE).await?) {
            if let ByHolder::Refused(_) = renewed {
                self.held.lock().unwrap().remove(room);
                self.refused.lock().unwrap().insert(*room, *epoch);
            }
        }
        for (room, lease) in self.store.rooms_of(self.node).await? {
            self.held.lock().unwrap().entry(room).or_insert(lease.epoch);
        }
        self.beat().await
    }
}
