//! Agents on real shards over one embedded store, with rooms that follow a script: whoever joins is in and is told so.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::cluster::placement::{LEASE, RENEW_EVERY};
use crate::cluster::{Bus, Hub};
use crate::ids::{ChannelId, RoomEpoch, RoomId, SessionId, SessionRef, UserId, Username};
use crate::media::shard::{Arrival, PeerId, Peers};
use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};
use crate::store::nodes::NodeInfo;
use crate::store::record::calls::{Ask, Join, Roster, Tell};
use crate::store::record::{self, Decoded, NewsRecord, Person, Signal};
use crate::store::topics::{Payload, Topic};

const PATIENCE: Duration = Duration::from_secs(90);

/// Rooms by the book, without any media.
struct Scripted {
    rooms: HashMap<RoomId, Vec<(SessionRef, Person)>>,
    outputs: mpsc::UnboundedSender<RoomOutput>,
}

impl Scripted {
    fn new(_: RoomSettings, outputs: mpsc::UnboundedSender<RoomOutput>) -> Self {
        Self { rooms: HashMap::new(), outputs }
    }

    fn people(&mut self, room: RoomId) {
        let people: Vec<Person> = self.rooms[&room].iter().map(|(_, person)| person.clone()).collect();
        if people.is_empty() {
            self.rooms.remove(&room);
        }
        self.outputs.send(RoomOutput::People { room, people }).unwrap();
    }

    fn leave(&mut self, room: RoomId, from: SessionRef) {
        self.rooms.entry(room).or_default().retain(|(session, _)| *session != from);
        self.people(room);
    }
}

impl Work for Scripted {
    type Command = RoomCommand;

    fn command(&mut self, _: Instant, command: RoomCommand, _: &mut Peers) {
        match command {
            RoomCommand::Ask { room, from, ask: Ask::Join(join) } => {
                self.rooms.entry(room).or_default().push((from, join.who));
                self.outputs.send(RoomOutput::Tell { room, to: from, tell: Tell::Roster(Roster::default()) }).unwrap();
                self.people(room);
            }
            RoomCommand::Ask { room, from, ask: Ask::Leave } | RoomCommand::Gone { room, from } => self.leave(room, from),
            RoomCommand::Ask { ask: Ask::State { reaction, .. }, .. } => assert!(reaction.is_none(), "a bug in a shard"),
            RoomCommand::Ask { .. } => {}
            RoomCommand::Close { room } => {
                for (to, _) in self.rooms.remove(&room).unwrap_or_default() {
                    self.outputs.send(RoomOutput::Tell { room, to, tell: Tell::Moved }).unwrap();
                }
            }
        }
    }

    fn arrival(&mut self, _: Instant, _: PeerId, _: Arrival, _: &mut Peers) {}

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _: Instant, _: &mut Peers) {}
}

struct World {
    store: Arc<dyn Store>,
    _folder: TempDir,
}

/// A node without what is not needed here.
struct Plain {
    node: NodeId,
    relay: Arc<Relay>,
    registry: Arc<Registry>,
    placement: Arc<Placement>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = EmbeddedSettings { dir: folder.path().to_owned(), history_max: 1, history_max_age: None };
        Self { store: Arc::new(EmbeddedStore::open(settings).unwrap()), _folder: folder }
    }

    fn node(&self) -> Plain {
        let (node, metrics, store) = (NodeId::random(), Metrics::new(), self.store.clone());
        let hub = Hub::new(node, store.clone(), Bus::new(node, store.clone(), metrics.clone()).0, metrics.clone());
        let relay = Relay::new(store.clone(), hub.clone(), metrics.clone());
        let registry = Registry::new(node, "all".to_owned(), store.clone(), hub, relay.clone(), metrics);
        tokio::spawn(relay.clone().read());
        Plain { node, relay, registry, placement: Placement::new(store) }
    }

    /// A node that carries calls on so many shards.
    async fn media(&self, shards: usize) -> (Agent, Plain) {
        let plain = self.node();
        let with = Surroundings {
            node: plain.node,
            store: self.store.clone(),
            relay: plain.relay.clone(),
            registry: plain.registry.clone(),
            placement: plain.placement.clone(),
            metrics: Metrics::new(),
        };
        let rooms = RoomSettings { addresses: Vec::new(), max_participants: 10, max_tracks: 4, max_bitrate: 1_000_000 };
        let settings = MediaSettings { ip: "127.0.0.1".parse().unwrap(), ports: vec![0; shards], addresses: Vec::new(), rooms };
        let agent = Agent::start(&settings, with, Scripted::new).unwrap();
        plain.relay.set_media_desk(agent.desk());
        tokio::spawn(plain.registry.clone().run());
        tokio::spawn(plain.placement.clone().run());
        let listed = || async {
            let (nodes, _) = self.store.nodes().await.unwrap();
            nodes.iter().any(|node| node.id == plain.node && node.info.as_ref().is_some_and(|info| info.media.is_some()))
        };
        eventually("the node is on the list", listed).await;
        (agent, plain)
    }

    async fn claim(&self, room: RoomId, node: NodeId) -> RoomEpoch {
        self.store.claim_room(room, &[node], RoomEpoch(0), LEASE).await.unwrap().unwrap().epoch
    }

    async fn holder(&self, room: RoomId) -> Option<(NodeId, RoomEpoch)> {
        self.store.room_leases(&[room]).await.unwrap()[0].map(|lease| (lease.node, lease.epoch))
    }

    /// Who is in the call, as everybody can read.
    async fn call(&self, room: RoomId) -> Option<usize> {
        let summary = self.store.calls(&[room]).await.unwrap().remove(0)?;
        Some(people_of(&summary))
    }
}

fn people_of(news: &Bytes) -> usize {
    match record::decode(news).unwrap() {
        Decoded::Known(NewsRecord::Call { people, .. }) => people.len(),
        other => panic!("{other:?}"),
    }
}

async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let end = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What participants on one chat node ask and are told.
struct Participants {
    at: Plain,
    told: mpsc::UnboundedReceiver<(SessionId, RoomEpoch, Tell)>,
}

struct CallsDesk(mpsc::UnboundedSender<(SessionId, RoomEpoch, Tell)>);

impl Desk for CallsDesk {
    fn letter(&self, to: SessionId, _: Option<SessionRef>, signal: Signal) {
        if let Signal::CallTell { epoch, tell, .. } = signal {
            self.0.send((to, epoch, *tell)).unwrap();
        }
    }
}

impl Participants {
    async fn on(world: &World) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        let at = world.node();
        at.relay.set_calls_desk(Arc::new(CallsDesk(sender)));
        // Before that nobody can write to it.
        world.store.beat(at.node, &NodeInfo::default()).await.unwrap();
        tokio::spawn(at.registry.clone().run());
        Self { at, told }
    }

    fn ask(&self, session: SessionId, room: RoomId, node: NodeId, epoch: RoomEpoch, ask: Ask) {
        let from = SessionRef { node: self.at.node, session };
        let ask = Signal::CallAsk { room, epoch, ask: Box::new(ask) };
        self.at.relay.send(SessionRef { node, session }, Some(from), ask);
    }

    async fn join(&mut self, room: RoomId, node: NodeId, epoch: RoomEpoch) -> SessionId {
        let session = SessionId::random();
        self.ask(session, room, node, epoch, join());
        assert_eq!(self.next().await, (session, epoch, Tell::Roster(Roster::default())));
        session
    }

    async fn next(&mut self) -> (SessionId, RoomEpoch, Tell) {
        timeout(PATIENCE, self.told.recv()).await.unwrap().unwrap()
    }
}

fn join() -> Ask {
    let who = Person { id: UserId::random(), name: Username::parse("somebody").unwrap() };
    Ask::Join(Box::new(Join::of(who)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_carried_told_of_and_given_up() {
    let world = World::new();
    let (agent, media) = world.media(2).await;
    let mut participants = Participants::on(&world).await;
    let room = RoomId::random();
    let topic = Topic::Channel(ChannelId(room.0));
    let mut ear = world.store.listen().await.unwrap();
    ear.control.subscribe(&[topic]).await.unwrap();
    let mut heard = async |count| {
        let batch = timeout(PATIENCE, ear.batches.next()).await.unwrap().unwrap();
        let news: Vec<usize> = batch
            .iter()
            .map(|heard| match &heard.payload {
                Payload::News(news) => people_of(news),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(news, [count]);
    };
    let epoch = world.claim(room, media.node).await;
    let one = participants.join(room, media.node, epoch).await;
    heard(1).await;
    let two = participants.join(room, media.node, epoch).await;
    heard(2).await;
    assert_eq!(world.call(room).await, Some(2));
    // For as long as it lives.
    let begun = Instant::now();
    eventually("its lease would have run out", || std::future::ready(begun.elapsed() > LEASE + RENEW_EVERY)).await;
    assert_eq!(world.holder(room).await, Some((media.node, epoch)));
    // One leaves. The other's session is gone, as is found when it is to be told something.
    participants.ask(one, room, media.node, epoch, Ask::Leave);
    heard(1).await;
    let at_media = SessionRef { node: media.node, session: two };
    let tell = Signal::CallTell { room, epoch, tell: Box::new(Tell::Roster(Roster::default())) };
    participants.at.relay.undeliverable(two, Some(at_media), tell);
    heard(0).await;
    eventually("the room is given up", || async { world.holder(room).await.is_none() }).await;
    assert_eq!(world.call(room).await, None);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_hold_a_room_says_so() {
    let world = World::new();
    let ((one, here), (other, there)) = (world.media(1).await, world.media(1).await);
    let mut participants = Participants::on(&world).await;
    let room = RoomId::random();
    // Never anybody's; another's; one's own in another epoch.
    let session = SessionId::random();
    participants.ask(session, room, here.node, RoomEpoch(5), join());
    assert_eq!(participants.next().await, (session, RoomEpoch(5), Tell::Moved));
    let epoch = world.claim(room, there.node).await;
    participants.ask(session, room, here.node, epoch, join());
    assert_eq!(participants.next().await, (session, epoch, Tell::Moved));
    let before = RoomEpoch(epoch.0 - 1);
    participants.ask(session, room, there.node, before, join());
    assert_eq!(participants.next().await, (session, before, Tell::Moved));

    // A second claimer, while the first still takes itself for the holder: it is refused at its next renewal, and closes the room.
    let session = participants.join(room, there.node, epoch).await;
    world.store.hand_over_room(room, there.node, epoch, here.node, LEASE).await.unwrap();
    assert_eq!(participants.next().await, (session, epoch, Tell::Moved));
    participants.ask(session, room, there.node, epoch, join());
    assert_eq!(participants.next().await, (session, epoch, Tell::Moved));
    let (_, later) = world.holder(room).await.unwrap();
    participants.join(room, here.node, later).await;
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_gives_its_rooms_to_another() {
    let world = World::new();
    let ((leaving, here), (staying, there)) = (world.media(2).await, world.media(1).await);
    let mut participants = Participants::on(&world).await;
    let mut rooms = HashMap::new();
    for _ in 0..6 {
        let room = RoomId::random();
        let epoch = world.claim(room, here.node).await;
        rooms.insert(participants.join(room, here.node, epoch).await, (room, epoch));
    }
    eventually("the other is known", async || here.placement.heir(RoomId::random(), here.node) == Some(there.node)).await;
    here.registry.drain();
    let drain = tokio::spawn(async move {
        leaving.drain().await;
        leaving
    });
    // Whoever is told finds the other node.
    let mut told = 0;
    while told < 6 {
        let (session, epoch, tell) = participants.next().await;
        let (room, before) = rooms[&session];
        // Who takes long to leave is told once more where the room was before.
        if epoch < before {
            assert_eq!(tell, Tell::Moved);
            continue;
        }
        told += 1;
        assert_eq!((epoch, tell), (before, Tell::Moved));
        let (node, later) = world.holder(room).await.unwrap();
        assert_eq!(node, there.node);
        assert!(later > before);
        rooms.insert(session, (room, later));
        participants.ask(session, room, here.node, before, Ask::Leave);
    }
    // All have left.
    timeout(PATIENCE, drain).await.unwrap().unwrap().stop().await;
    for (session, (room, epoch)) in &rooms {
        participants.ask(*session, *room, there.node, *epoch, join());
        let mut told = participants.next().await;
        // Who took long to leave was told once more where the room was before.
        while told.2 == Tell::Moved && told.1 < rooms[&told.0].1 {
            told = participants.next().await;
        }
        assert_eq!(told, (*session, *epoch, Tell::Roster(Roster::default())));
        eventually("the call is known", || async { world.call(*room).await == Some(1) }).await;
        assert_eq!(world.holder(*room).await, Some((there.node, *epoch)));
    }
    staying.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_alone_leaves_nothing_behind() {
    let world = World::new();
    let (agent, media) = world.media(1).await;
    let mut participants = Participants::on(&world).await;
    let room = RoomId::random();
    let epoch = world.claim(room, media.node).await;
    let session = participants.join(room, media.node, epoch).await;
    eventually("the call is known", || async { world.call(room).await == Some(1) }).await;
    media.registry.drain();
    agent.drain().await;
    assert_eq!(participants.next().await, (session, epoch, Tell::Moved));
    assert_eq!(world.holder(room).await, None);
    agent.stop().await;
    assert_eq!(world.call(room).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bug_in_a_shard_costs_its_rooms_a_new_beginning() {
    let world = World::new();
    let (agent, media) = world.media(2).await;
    let mut participants = Participants::on(&world).await;
    let (room, other) = (RoomId::random(), RoomId::random());
    let (epoch, others) = (world.claim(room, media.node).await, world.claim(other, media.node).await);
    let session = participants.join(room, media.node, epoch).await;
    participants.join(other, media.node, others).await;
    let bug = Ask::State { muted: None, hand: None, reaction: Some("bug".to_owned()) };
    participants.ask(session, room, media.node, epoch, bug);
    assert_eq!(participants.next().await, (session, epoch, Tell::Moved));
    assert_eq!(world.holder(other).await, Some((media.node, others)), "the other shard goes on");
    let later = world.claim(room, media.node).await;
    participants.join(room, media.node, later).await;
    agent.stop().await;
}
