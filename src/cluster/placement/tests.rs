//! Nodes that follow rooms of one embedded store, whose clock is set forward by hand.

#![allow(clippy::unwrap_used, clippy::panic)]

use tempfile::TempDir;

use super::*;
use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};
use crate::store::leases::ByHolder;
use crate::store::nodes::{MediaInfo, MediaLoad, NodeInfo};
use crate::store::{Leases as _, Registry as _};

/// A store, and the time that passes for it and for those who use it.
struct World {
    store: Arc<EmbeddedStore>,
    now: Instant,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = EmbeddedSettings { dir: folder.path().to_owned(), history_max: 1, history_max_age: None };
        Self { store: Arc::new(EmbeddedStore::open(settings).unwrap()), now: Instant::now(), _folder: folder }
    }

    fn chat_node(&self) -> Arc<Placement> {
        Placement::new(self.store.clone())
    }

    /// Has the node look at what is due; answers how long until something is again.
    async fn look(&self, chat: &Placement) -> Duration {
        let now = self.now;
        chat.look(&move || now).await
    }

    fn pass(&mut self, time: Duration) {
        self.store.time_passes(time);
        self.now += time;
    }

    async fn media_node(&self) -> NodeId {
        let node = NodeId::random();
        self.beat(node, Some(MediaLoad::default()), false).await;
        node
    }

    /// A heartbeat of a node; one with a load serves rooms.
    async fn beat(&self, node: NodeId, load: Option<MediaLoad>, draining: bool) {
        let media = load.map(|load| MediaInfo { addresses: Vec::new(), load });
        self.store.beat(node, &NodeInfo { draining, media, ..NodeInfo::default() }).await.unwrap();
    }

    /// A heartbeat of a node that serves rooms by signaling only.
    async fn signals(&self, node: NodeId, draining: bool) {
        let signaling = Some(MediaLoad::default());
        self.store.beat(node, &NodeInfo { draining, signaling, ..NodeInfo::default() }).await.unwrap();
    }

    /// The holder renews its lease, late or not.
    async fn renews(&self, room: RoomId, serving: Serving) -> ByHolder {
        let Serving::On { node, epoch } = serving else { panic!("nobody serves the room") };
        self.store.renew_rooms(node, &[(room, epoch)], LEASE).await.unwrap().remove(0)
    }
}

fn holder(serving: Serving) -> NodeId {
    let Serving::On { node, .. } = serving else { panic!("nobody serves the room") };
    node
}

#[tokio::test]
async fn all_who_follow_a_room_find_the_same_node() {
    let world = World::new();
    let media = [world.media_node().await, world.media_node().await, world.media_node().await];
    let (one, other) = (world.chat_node(), world.chat_node());
    for room in (0..20).map(|_| RoomId::random()) {
        let (mut here, mut there, again) = (one.follow(room), other.follow(room), one.follow(room));
        assert_eq!(here.serving(), Serving::Unknown);
        world.look(&one).await;
        world.look(&other).await;
        let serving = here.next().await;
        assert!(media.contains(&holder(serving)));
        assert_eq!((there.next().await, again.serving()), (serving, serving));
        assert_eq!(one.follow(room).next().await, serving, "who comes later knows at once");
    }
}

#[tokio::test]
async fn a_room_stays_where_its_lease_is_renewed() {
    let mut world = World::new();
    world.media_node().await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    let mut followed = chat.follow(room);
    world.look(&chat).await;
    let serving = followed.next().await;
    for _ in 0..10 {
        // Better choices may come.
        world.media_node().await;
        world.pass(RENEW_EVERY);
        assert!(matches!(world.renews(room, serving).await, ByHolder::Done(_)));
        world.look(&chat).await;
        assert_eq!(followed.serving(), serving);
    }
    assert!(!followed.serving.has_changed().unwrap());
}

#[tokio::test]
async fn when_the_holder_is_silent_all_move_to_one_other_node() {
    let mut world = World::new();
    let media = [world.media_node().await, world.media_node().await, world.media_node().await];
    let chats: Vec<_> = (0..4).map(|_| world.chat_node()).collect();
    let room = RoomId::random();
    let mut followed: Vec<_> = chats.iter().map(|chat| chat.follow(room)).collect();
    for chat in &chats {
        world.look(chat).await;
    }
    let before = followed[0].serving();
    let mut waited = Duration::ZERO;
    while followed[0].serving() == before {
        let next = world.look(&chats[0]).await;
        waited += next;
        world.pass(next);
    }
    assert!(waited <= LEASE + RENEW_EVERY / 5, "it took {waited:?}");
    for chat in &chats {
        world.look(chat).await;
    }
    let after = followed[0].serving();
    assert_ne!(holder(after), holder(before), "the registry does not know yet that it is dead");
    assert!(media.contains(&holder(after)));
    for followed in &mut followed {
        assert_eq!(followed.next().await, after);
    }
    let told = world.renews(room, before).await;
    assert!(matches!(told, ByHolder::Refused(Some(lease)) if lease.node == holder(after)), "{told:?}");
}

#[tokio::test]
async fn when_several_nodes_die_at_once_no_room_goes_from_one_to_the_other() {
    let mut world = World::new();
    let media = [world.media_node().await, world.media_node().await, world.media_node().await];
    let chat = world.chat_node();
    let rooms: Vec<_> = (0..40).map(|_| RoomId::random()).collect();
    let followed: Vec<_> = rooms.iter().map(|room| chat.follow(*room)).collect();
    world.look(&chat).await;
    // The first is the only one that goes on. However long the looks take, all leases of the others have run out at the second one.
    for time in [LEASE / 2, LEASE / 2 + RENEW_EVERY / 5] {
        world.pass(time);
        for (room, followed) in rooms.iter().zip(&followed).filter(|(_, followed)| holder(followed.serving()) == media[0]) {
            assert!(matches!(world.renews(*room, followed.serving()).await, ByHolder::Done(_)));
        }
        world.look(&chat).await;
    }
    for followed in &followed {
        assert_eq!(holder(followed.serving()), media[0]);
    }
}

#[tokio::test]
async fn who_was_cut_off_gives_the_holder_time_to_renew() {
    let mut world = World::new();
    world.media_node().await;
    world.media_node().await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    let mut followed = chat.follow(room);
    world.look(&chat).await;
    let serving = followed.next().await;

    // Nobody had the store for a while. The nodes come back one after another.
    world.pass(LEASE * 3);
    world.look(&chat).await;
    world.pass(RENEW_EVERY);
    assert!(matches!(world.renews(room, serving).await, ByHolder::Done(_)));
    for _ in 0..6 {
        world.look(&chat).await;
        world.pass(RENEW_EVERY);
        world.renews(room, serving).await;
    }
    assert_eq!(followed.serving(), serving);
    assert!(!followed.serving.has_changed().unwrap());

    // And once it does not come back.
    world.pass(LEASE * 3);
    for _ in 0..4 {
        world.media_node().await;
        world.look(&chat).await;
        world.pass(RENEW_EVERY);
    }
    assert_ne!(holder(followed.next().await), holder(serving));
}

#[tokio::test]
async fn a_room_that_is_handed_over_is_found_again() {
    let world = World::new();
    world.media_node().await;
    world.media_node().await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    let mut followed = chat.follow(room);
    world.look(&chat).await;
    let Serving::On { node, epoch } = followed.next().await else { panic!("nobody serves the room") };
    let heir = chat.heir(room, node).unwrap();
    assert_ne!(heir, node);
    world.store.hand_over_room(room, node, epoch, heir, LEASE).await.unwrap();
    world.look(&chat).await;
    assert_eq!(followed.serving(), Serving::On { node, epoch }, "it is not time to look");
    chat.look_again(room);
    world.look(&chat).await;
    let Serving::On { node, epoch: later } = followed.next().await else { panic!("nobody serves the room") };
    assert_eq!(node, heir);
    assert!(later > epoch);
}

#[tokio::test]
async fn a_room_without_a_media_node_waits_for_one() {
    let mut world = World::new();
    let node = NodeId::random();
    // There, but not for rooms; about to stop; or silent for too long.
    world.beat(node, None, false).await;
    world.beat(NodeId::random(), Some(MediaLoad::default()), true).await;
    world.media_node().await;
    world.pass(SILENT);
    let (chat, room) = (world.chat_node(), RoomId::random());
    let mut followed = chat.follow(room);
    world.look(&chat).await;
    assert_eq!(followed.next().await, Serving::Nowhere);
    assert_eq!(chat.heir(room, node), None);

    let media = world.media_node().await;
    world.pass(RENEW_EVERY);
    world.look(&chat).await;
    assert_eq!(holder(followed.next().await), media);
}

#[tokio::test]
async fn without_media_nodes_a_chat_node_has_the_room_until_there_is_one() {
    let mut world = World::new();
    let (one, other) = (NodeId::random(), NodeId::random());
    world.signals(one, false).await;
    world.signals(other, true).await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    let mut followed = chat.follow(room);
    world.look(&chat).await;
    let serving = followed.next().await;
    assert_eq!(holder(serving), one, "the other is about to stop");
    assert_eq!((chat.heir(room, one), chat.upgrade(room, world.now)), (None, None));

    let opened = world.now;
    world.pass(RENEW_EVERY);
    let media = world.media_node().await;
    world.renews(room, serving).await;
    world.look(&chat).await;
    assert_eq!(chat.upgrade(room, opened), None, "it may be gone as soon as it came");
    for _ in 0..6 {
        world.pass(RENEW_EVERY);
        world.beat(media, Some(MediaLoad::default()), false).await;
        world.renews(room, serving).await;
        world.look(&chat).await;
    }
    assert_eq!((chat.upgrade(room, opened), chat.heir(room, one)), (Some(media), Some(media)));
    let Serving::On { node, epoch } = serving else { panic!("nobody serves the room") };
    world.store.hand_over_room(room, node, epoch, media, LEASE).await.unwrap();
    chat.look_again(room);
    world.look(&chat).await;
    assert_eq!(holder(followed.next().await), media);
}

#[tokio::test]
async fn when_the_only_media_node_is_lost_a_chat_node_takes_its_room_and_does_not_give_it_back_to_the_dead() {
    let mut world = World::new();
    let (media, one) = (world.media_node().await, NodeId::random());
    world.signals(one, false).await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    let followed = chat.follow(room);
    world.look(&chat).await;
    // Once it was only slow.
    let serving = followed.serving();
    world.pass(HEARTBEAT - RENEW_EVERY);
    world.look(&chat).await;
    world.pass(RENEW_EVERY);
    world.beat(media, Some(MediaLoad::default()), false).await;
    world.renews(room, serving).await;
    world.look(&chat).await;
    assert_eq!(followed.serving(), serving);
    world.signals(one, false).await;
    let mut waited = Duration::ZERO;
    world.look(&chat).await;
    assert_eq!(holder(followed.serving()), media);
    while holder(followed.serving()) == media {
        let next = world.look(&chat).await;
        waited += next;
        world.pass(next);
    }
    assert!(waited <= HEARTBEAT + RENEW_EVERY * 3, "it took {waited:?}");
    assert_eq!(holder(followed.serving()), one);
    let opened = world.now;
    assert!(waited < SILENT, "by its last heartbeat it still lives");
    assert_eq!(chat.upgrade(room, opened), None);
    // It was not dead, only very slow.
    world.pass(RENEW_EVERY);
    world.beat(media, Some(MediaLoad::default()), false).await;
    world.look(&chat).await;
    assert_eq!(chat.upgrade(room, opened), Some(media));
}

#[tokio::test]
async fn the_more_media_nodes_are_lost_the_longer_the_next_one_is_watched() {
    let mut world = World::new();
    let (chat, opened) = (world.chat_node(), world.now);
    let mut waits = Vec::new();
    for _ in 0..4 {
        // It begins, takes rooms, and is lost, which is seen when it has been silent for long enough.
        let (media, mut waited) = (world.media_node().await, Duration::ZERO);
        world.pass(RENEW_EVERY);
        world.beat(media, Some(MediaLoad::default()), false).await;
        world.look(&chat).await;
        while chat.upgrade(RoomId::random(), opened).is_none() {
            world.pass(RENEW_EVERY);
            waited += RENEW_EVERY;
            world.beat(media, Some(MediaLoad::default()), false).await;
            world.look(&chat).await;
        }
        waits.push(waited.as_secs());
        world.pass(SILENT);
        world.signals(NodeId::random(), false).await;
        world.look(&chat).await;
    }
    assert_eq!(waits, [3, 3, 6, 12]);
}

#[tokio::test]
async fn a_media_node_that_has_just_come_is_seen_before_a_chat_node_takes_a_room() {
    let world = World::new();
    world.signals(NodeId::random(), false).await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    world.look(&chat).await;
    let media = world.media_node().await;
    let followed = chat.follow(room);
    world.look(&chat).await;
    assert_eq!(holder(followed.serving()), media);
}

#[tokio::test]
async fn rooms_go_past_a_node_that_has_too_many() {
    let world = World::new();
    let (busy, idle) = (NodeId::random(), NodeId::random());
    world.beat(busy, Some(MediaLoad { rooms: 10, participants: 50, egress: 1_000_000 }), false).await;
    world.beat(idle, Some(MediaLoad::default()), false).await;
    let chat = world.chat_node();
    let followed: Vec<_> = (0..10).map(|_| chat.follow(RoomId::random())).collect();
    world.look(&chat).await;
    assert!(followed.iter().all(|followed| holder(followed.serving()) == idle));
}

#[tokio::test]
async fn a_room_that_nobody_follows_any_more_is_forgotten() {
    let mut world = World::new();
    world.media_node().await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    let (one, other) = (chat.follow(room), chat.follow(room));
    world.look(&chat).await;
    drop(one);
    world.pass(RENEW_EVERY);
    world.look(&chat).await;
    assert!(lock(&chat.state).rooms.contains_key(&room));
    drop(other);
    world.look(&chat).await;
    assert!(lock(&chat.state).rooms.is_empty());
}

#[tokio::test]
async fn whoever_follows_a_room_does_not_wait_for_the_next_look() {
    let world = World::new();
    let media = world.media_node().await;
    let chat = world.chat_node();
    let task = tokio::spawn(Arc::clone(&chat).run());
    for _ in 0..5 {
        assert_eq!(holder(chat.follow(RoomId::random()).next().await), media);
    }
    task.abort();
}

#[tokio::test]
async fn a_holder_that_has_given_its_room_up_is_not_waited_for() {
    let world = World::new();
    let media = world.media_node().await;
    let (chat, room) = (world.chat_node(), RoomId::random());
    let task = tokio::spawn(Arc::clone(&chat).run());
    let mut followed = chat.follow(room);
    let Serving::On { node, mut epoch } = followed.next().await else { panic!("nobody serves the room") };
    let mut quickest = Duration::MAX;
    // The machine may have stood still in the others.
    for _ in 0..5 {
        assert!(world.store.release_room(room, node, epoch).await.unwrap());
        let asked = Instant::now();
        chat.look_again(room);
        let Serving::On { node, epoch: later } = followed.next().await else { panic!("nobody serves the room") };
        assert!(node == media && later > epoch);
        (epoch, quickest) = (later, quickest.min(asked.elapsed()));
    }
    assert!(quickest < RENEW_EVERY, "it took {quickest:?}");
    task.abort();
}
