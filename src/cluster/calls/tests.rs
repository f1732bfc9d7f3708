//! A node's calls over one embedded store, with stand-ins for media nodes that do what they are told.

#![allow(clippy::unwrap_used, clippy::panic)]

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::cluster::placement::{LEASE, RENEW_EVERY};
use crate::cluster::{Bus, Hub};
use crate::ids::{RoomEpoch, UserId, Username};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};
use crate::store::nodes::{MediaInfo, NodeInfo};
use crate::store::record::calls::{Ask, Ending, Tell};

/// How long anything may take.
const LONG: Duration = Duration::from_secs(90);

/// A letter: with the participant's session, whom it is from and what it says.
type Taken = (SessionId, Option<SessionRef>, Signal);

struct Tray(mpsc::UnboundedSender<Taken>);

impl Desk for Tray {
    fn letter(&self, to: SessionId, reply_to: Option<SessionRef>, signal: Signal) {
        // Nobody may look any more.
        let _ = self.0.send((to, reply_to, signal));
    }
}

/// A participant's end.
struct Ear(mpsc::UnboundedSender<CallEvent>);

impl Told for Ear {
    fn tell(&self, event: CallEvent) {
        let _ = self.0.send(event);
    }
}

type Events = mpsc::UnboundedReceiver<CallEvent>;

/// Nodes that share a store.
struct Site {
    store: Arc<dyn Store>,
    _folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = EmbeddedSettings { dir: folder.path().to_owned(), history_max: 1, history_max_age: None };
        Self { store: Arc::new(EmbeddedStore::open(settings).unwrap()), _folder: folder }
    }

    async fn relay(&self, node: NodeId, info: &NodeInfo) -> Arc<Relay> {
        self.store.beat(node, info).await.unwrap();
        let metrics = Metrics::new();
        let hub = Hub::new(node, self.store.clone(), Bus::new(node, self.store.clone(), metrics.clone()).0, metrics.clone());
        let relay = Relay::new(self.store.clone(), hub, metrics);
        tokio::spawn(relay.clone().read());
        relay
    }

    /// A node with sessions.
    async fn chat(&self) -> Arc<Calls> {
        let node = NodeId::random();
        let relay = self.relay(node, &NodeInfo::default()).await;
        self.calls(node, relay)
    }

    fn calls(&self, node: NodeId, relay: Arc<Relay>) -> Arc<Calls> {
        let placement = Placement::new(self.store.clone());
        tokio::spawn(placement.clone().run());
        let calls = Calls::new(node, relay.clone(), placement);
        relay.set_calls_desk(calls.clone());
        calls
    }

    /// A node that holds whatever rooms it is given.
    async fn media(&self) -> Media {
        let node = NodeId::random();
        let info = NodeInfo { media: Some(MediaInfo::default()), ..NodeInfo::default() };
        let relay = self.relay(node, &info).await;
        let (sender, asked) = mpsc::unbounded_channel();
        relay.set_media_desk(Arc::new(Tray(sender)));
        let store = self.store.clone();
        tokio::spawn(async move {
            loop {
                let held: Vec<_> = store.rooms_of(node).await.unwrap().into_iter().map(|(room, lease)| (room, lease.epoch)).collect();
                store.renew_rooms(node, &held, LEASE).await.unwrap();
                store.beat(node, &info).await.unwrap();
                tokio::time::sleep(RENEW_EVERY / 2).await;
            }
        });
        Media { node, relay, asked, store: self.store.clone() }
    }
}

struct Media {
    node: NodeId,
    relay: Arc<Relay>,
    asked: mpsc::UnboundedReceiver<Taken>,
    store: Arc<dyn Store>,
}

impl Media {
    /// Waits for what somebody asks.
    async fn asked(&mut self) -> (SessionRef, RoomId, RoomEpoch, Ask) {
        match timeout(LONG, self.asked.recv()).await.unwrap().unwrap() {
            (_, Some(from), Signal::CallAsk { room, epoch, ask }) => (from, room, epoch, *ask),
            other => panic!("{other:?} is no ask"),
        }
    }

    /// Waits for somebody to join, and lets them in.
    async fn let_in(&mut self) -> (SessionRef, RoomId, RoomEpoch) {
        let (from, room, epoch, ask) = self.asked().await;
        assert!(matches!(ask, Ask::Join(_)), "{ask:?}");
        self.tell(from, room, epoch, Tell::Roster(Roster::default()));
        (from, room, epoch)
    }

    fn tell(&self, to: SessionRef, room: RoomId, epoch: RoomEpoch, tell: Tell) {
        let own = SessionRef { node: self.node, session: to.session };
        self.relay.send(to, Some(own), Signal::CallTell { room, epoch, tell: Box::new(tell) });
    }

    async fn hand_over(&self, room: RoomId, epoch: RoomEpoch, to: &Media) {
        self.store.hand_over_room(room, self.node, epoch, to.node, LEASE).await.unwrap();
    }
}

impl Calls {
    fn joins(self: &Arc<Self>, session: SessionId, room: RoomId) -> Events {
        let who = Person { id: UserId::random(), name: Username::parse("ann").unwrap() };
        let request = Request {
            who,
            publish: vec![Source::Microphone],
            simulcast: false,
            muted: Vec::new(),
            keeps_connection: false,
            peer_to_peer: true,
            wants_peers: false,
        };
        let (sender, events) = mpsc::unbounded_channel();
        self.join(session, room, request, Arc::new(Ear(sender)));
        events
    }
}

async fn next(events: &mut Events) -> CallEvent {
    timeout(LONG, events.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_participant_and_its_media_node_hear_of_each_other() {
    let site = Site::new();
    let (calls, mut media) = (site.chat().await, site.media().await);
    let (ann, room) = (SessionId::random(), RoomId::random());
    assert_eq!(calls.wish(ann, Wish::Restart), Err(NotInACall));
    let mut events = calls.joins(ann, room);
    let (at, joined, epoch) = media.let_in().await;
    assert_eq!((at.session, joined), (ann, room));
    let sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n".to_owned();
    media.tell(at, room, epoch, Tell::Offer { offer: 5, sdp, publish: Vec::new(), skeleton: String::new() });
    assert_eq!(next(&mut events).await, CallEvent::Roster(Roster::default()));
    let CallEvent::Offer { connection, offer, .. } = next(&mut events).await else { panic!("no offer") };
    calls.wish(ann, Wish::Answer { connection, offer, sdp: "answer".to_owned() }).unwrap();
    assert_eq!(media.asked().await, (at, room, epoch, Ask::Answer { offer: 5, sdp: "answer".to_owned() }));

    // One call a session.
    let other = RoomId::random();
    let mut elsewhere = calls.joins(ann, other);
    assert_eq!(media.asked().await, (at, room, epoch, Ask::Leave));
    let (_, joined, epoch) = media.let_in().await;
    assert_eq!(joined, other);
    assert_eq!(next(&mut elsewhere).await, CallEvent::Roster(Roster::default()));
    assert_eq!(timeout(LONG, events.recv()).await.unwrap(), None, "the first room has let go of it");
    calls.leave(ann);
    assert_eq!(media.asked().await, (at, other, epoch, Ask::Leave));
    assert_eq!(timeout(LONG, elsewhere.recv()).await.unwrap(), None);
    assert!(!calls.has(ann));
    assert!(lock(&calls.state).rooms.is_empty(), "no task is left");
}

#[tokio::test]
async fn a_room_that_is_handed_over_takes_everybody_along() {
    let site = Site::new();
    let (calls, mut one, mut other) = (site.chat().await, site.media().await, site.media().await);
    let room = RoomId::random();
    let mut people = [(); 3].map(|()| calls.joins(SessionId::random(), room));
    let mut there = Vec::new();
    for _ in &people {
        tokio::select! {
            taken = one.asked.recv() => there.push(taken.unwrap()),
            taken = other.asked.recv() => there.push(taken.unwrap()),
        }
    }
    let (before, after) =
        if calls.placement.follow(room).next().await == serving(&one, &there) { (one, &mut other) } else { (other, &mut one) };
    let epoch = epoch_of(&there[0].2);
    for (_, from, _) in &there {
        before.tell(from.unwrap(), room, epoch, Tell::Roster(Roster::default()));
    }
    before.hand_over(room, epoch, after).await;
    for (_, from, _) in &there {
        before.tell(from.unwrap(), room, epoch, Tell::Moved);
    }
    for _ in &people {
        let (_, _, later) = after.let_in().await;
        assert!(later > epoch);
    }
    for events in &mut people {
        let told = [next(events).await, next(events).await, next(events).await];
        assert_eq!(told, [CallEvent::Roster(Roster::default()), CallEvent::Moved, CallEvent::Roster(Roster::default())]);
    }
}

fn epoch_of(signal: &Signal) -> RoomEpoch {
    let Signal::CallAsk { epoch, .. } = signal else { panic!("{signal:?} is no ask") };
    *epoch
}

fn serving(media: &Media, there: &[Taken]) -> crate::cluster::placement::Serving {
    crate::cluster::placement::Serving::On { node: media.node, epoch: epoch_of(&there[0].2) }
}

#[tokio::test]
async fn what_nobody_is_there_to_hear_comes_back() {
    let site = Site::new();
    let (calls, mut media) = (site.chat().await, site.media().await);
    let (ann, room) = (SessionId::random(), RoomId::random());
    let mut events = calls.joins(ann, room);
    let (at, _, epoch) = media.let_in().await;
    next(&mut events).await;
    let stranger = SessionRef { node: at.node, session: SessionId::random() };
    for room in [room, RoomId::random()] {
        media.tell(stranger, room, epoch, Tell::Roster(Roster::default()));
        let (to, _, signal) = timeout(LONG, media.asked.recv()).await.unwrap().unwrap();
        assert_eq!(to, stranger.session);
        assert!(matches!(signal, Signal::Undeliverable { signal, .. } if matches!(*signal, Signal::CallTell { .. })));
    }
    // Whoever is out is a stranger.
    media.tell(at, room, epoch, Tell::Ended { why: Ending::Full });
    assert_eq!(next(&mut events).await, CallEvent::Ended(Ended::Full));
    assert_eq!(timeout(LONG, events.recv()).await.unwrap(), None);
    assert_eq!(calls.wish(ann, Wish::Restart), Err(NotInACall));
    media.tell(at, room, epoch, Tell::Roster(Roster::default()));
    assert!(matches!(timeout(LONG, media.asked.recv()).await.unwrap().unwrap(), (_, _, Signal::Undeliverable { .. })));
}

#[tokio::test]
async fn a_node_can_be_its_own_media_node() {
    let site = Site::new();
    let mut media = site.media().await;
    let calls = site.calls(media.node, media.relay.clone());
    let (ann, room) = (SessionId::random(), RoomId::random());
    let mut events = calls.joins(ann, room);
    let (at, _, epoch) = media.let_in().await;
    assert_eq!(at, SessionRef { node: media.node, session: ann });
    assert_eq!(next(&mut events).await, CallEvent::Roster(Roster::default()));
    media.tell(at, room, epoch, Tell::Reaction { participant: ann, reaction: "👋".to_owned() });
    assert_eq!(next(&mut events).await, CallEvent::Reaction { participant: ann, reaction: "👋".to_owned() });
}
