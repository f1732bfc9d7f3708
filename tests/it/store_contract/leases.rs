//! Who serves a room: one node at a time, whoever asks, and whoever comes too late.

use std::time::Duration;

use rialto::ids::{NodeId, RoomEpoch, RoomId};
use rialto::store::leases::{ByHolder, Lease};

use super::TestStore;
use super::vocabulary::*;

const NEVER: RoomEpoch = RoomEpoch(0);
/// Runs out at once.
const SHORT: Duration = Duration::from_millis(20);

async fn lease(store: &TestStore, room: RoomId) -> Option<Lease> {
    store.other().room_leases(&[room]).await.unwrap().remove(0)
}

/// Claims a room for these nodes; one of them must get it.
async fn claim(store: &TestStore, room: RoomId, candidates: &[NodeId], ttl: Duration) -> Lease {
    store.claim_room(room, candidates, NEVER, ttl).await.unwrap().expect("somebody serves it")
}

async fn renew(store: &TestStore, room: RoomId, node: NodeId, epoch: RoomEpoch) -> ByHolder {
    store.other().renew_rooms(node, &[(room, epoch)], LONG).await.unwrap().remove(0)
}

/// Waits until nobody has renewed the room's lease for too long.
async fn runs_out(store: &TestStore, room: RoomId) {
    eventually("the lease has run out", || async { lease(store, room).await.unwrap().left.is_zero() }).await;
}

fn same(one: Lease, other: Lease) -> bool {
    (one.node, one.epoch) == (other.node, other.epoch)
}

pub async fn a_room_goes_to_the_first_choice_and_stays(store: TestStore) {
    let (room, one, other) = (RoomId::random(), NodeId::random(), NodeId::random());
    assert_eq!(lease(&store, room).await, None);
    assert_eq!(store.claim_room(room, &[], NEVER, LONG).await.unwrap(), None);
    let before = store.now().await.unwrap().millis();
    let held = claim(&store, room, &[one, other], LONG).await;
    assert_eq!(held.node, one);
    assert!(held.epoch.0 >= before, "epochs begin at the clock");
    assert!(held.left <= LONG && held.left > LONG / 2);

    for candidates in [&[other][..], &[other, one], &[]] {
        let kept = store.other().claim_room(room, candidates, held.epoch, LONG).await.unwrap().unwrap();
        assert!(same(kept, held), "{kept:?}");
    }
    assert!(same(lease(&store, room).await.unwrap(), held));
    let unused = RoomId::random();
    let leases = store.room_leases(&[unused, room, unused, room]).await.unwrap();
    assert_eq!(leases.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!(store.room_leases(&[]).await.unwrap(), []);
}

pub async fn of_many_claimants_all_get_one_holder_and_one_epoch(store: TestStore) {
    let nodes: Vec<NodeId> = (0..40).map(|_| NodeId::random()).collect();
    for _ in 0..5 {
        let room = RoomId::random();
        // It may run out during the race already.
        let latest = race(&store, room, &nodes, SHORT).await.into_iter().map(|lease| lease.epoch).max().unwrap();
        runs_out(&store, room).await;
        let leases = race(&store, room, &nodes, LONG).await;
        assert!(leases.iter().all(|lease| same(*lease, leases[0])), "{leases:?}");
        assert!(leases[0].epoch > latest);
    }
}

/// Everybody wants the room to go to another two nodes.
async fn race(store: &TestStore, room: RoomId, nodes: &[NodeId], ttl: Duration) -> Vec<Lease> {
    let pairs: Vec<&[NodeId]> = nodes.chunks(2).cycle().take(nodes.len()).collect();
    let claims = pairs.into_iter().enumerate().map(|(turn, pair)| store.either(turn).claim_room(room, pair, NEVER, ttl));
    at_once(claims).await.into_iter().map(|lease| lease.expect("somebody serves it")).collect()
}

pub async fn who_let_the_lease_run_out_is_passed_by(store: TestStore) {
    let (room, one, other) = (RoomId::random(), NodeId::random(), NodeId::random());
    let first = claim(&store, room, &[one], SHORT).await;
    runs_out(&store, room).await;
    assert!(same(lease(&store, room).await.unwrap(), first), "nobody has taken over");
    let second = claim(&store, room, &[one, other], SHORT).await;
    assert_eq!(second.node, other);
    assert!(second.epoch > first.epoch);
    runs_out(&store, room).await;
    let third = claim(&store, room, &[one, other], SHORT).await;
    assert_eq!(third.node, one);
    runs_out(&store, room).await;
    let again = claim(&store, room, &[one], LONG).await;
    assert_eq!(again.node, one, "there is nobody else");
    assert!(again.epoch > third.epoch && third.epoch > second.epoch);
}

pub async fn a_renewed_lease_lives_on(store: TestStore) {
    let (node, other) = (NodeId::random(), NodeId::random());
    let rooms: Vec<RoomId> = (0..3).map(|_| RoomId::random()).collect();
    let mut held = Vec::new();
    for room in &rooms {
        held.push((*room, claim(&store, *room, &[node], SHORT).await.epoch));
    }
    // In time or not: nobody has taken over.
    let renewed = store.renew_rooms(node, &held, LONG).await.unwrap();
    for ((room, epoch), renewed) in held.iter().zip(renewed) {
        let ByHolder::Done(renewed) = renewed else { panic!("not renewed: {renewed:?}") };
        assert_eq!((renewed.node, renewed.epoch), (node, *epoch));
        assert!(renewed.left > LONG / 2);
        assert!(same(claim(&store, *room, &[other], LONG).await, renewed));
    }
    assert_eq!(store.renew_rooms(node, &[], LONG).await.unwrap(), []);
}

pub async fn a_holder_that_comes_back_late_is_refused(store: TestStore) {
    let (room, frozen, other) = (RoomId::random(), NodeId::random(), NodeId::random());
    let past = claim(&store, room, &[frozen], SHORT).await;
    runs_out(&store, room).await;
    let present = claim(&store, room, &[frozen, other], LONG).await;

    for (node, epoch) in [(frozen, past.epoch), (frozen, present.epoch), (other, past.epoch)] {
        let ByHolder::Refused(Some(told)) = renew(&store, room, node, epoch).await else { panic!("renewed") };
        assert!(same(told, present));
        let ByHolder::Refused(Some(told)) = store.hand_over_room(room, node, epoch, frozen, LONG).await.unwrap() else {
            panic!("handed over")
        };
        assert!(same(told, present));
        assert!(!store.release_room(room, node, epoch).await.unwrap());
    }
    let kept = lease(&store, room).await.unwrap();
    assert!(same(kept, present) && kept.left > LONG / 2);
}

pub async fn one_that_comes_back_to_its_own_room_is_refused_by_its_old_epoch(store: TestStore) {
    let (room, node) = (RoomId::random(), NodeId::random());
    let past = claim(&store, room, &[node], SHORT).await;
    runs_out(&store, room).await;
    let present = claim(&store, room, &[node], LONG).await;
    let ByHolder::Refused(Some(told)) = renew(&store, room, node, past.epoch).await else { panic!("renewed") };
    assert!(same(told, present));
    assert!(matches!(renew(&store, room, node, present.epoch).await, ByHolder::Done(_)));
}

pub async fn a_room_is_handed_over_once(store: TestStore) {
    let (room, leaving, heir, other) = (RoomId::random(), NodeId::random(), NodeId::random(), NodeId::random());
    let past = claim(&store, room, &[leaving], LONG).await;
    let ByHolder::Done(present) = store.hand_over_room(room, leaving, past.epoch, heir, LONG).await.unwrap() else { panic!("refused") };
    assert_eq!(present.node, heir);
    assert!(present.epoch > past.epoch && present.left > LONG / 2);
    // A retry, and one who does not know yet.
    for to in [heir, other] {
        let again = store.other().hand_over_room(room, leaving, past.epoch, to, LONG).await.unwrap();
        assert!(matches!(again, ByHolder::Refused(Some(told)) if same(told, present)));
    }
    assert!(matches!(renew(&store, room, leaving, past.epoch).await, ByHolder::Refused(Some(told)) if same(told, present)));
    assert!(same(claim(&store, room, &[leaving], LONG).await, present));
}

pub async fn of_many_who_hand_over_one_does(store: TestStore) {
    let (room, leaving) = (RoomId::random(), NodeId::random());
    let past = claim(&store, room, &[leaving], LONG).await;
    let race = (0..20).map(|turn| store.either(turn).hand_over_room(room, leaving, past.epoch, NodeId::random(), LONG));
    let outcomes = at_once(race).await;
    let done: Vec<&ByHolder> = outcomes.iter().filter(|outcome| matches!(outcome, ByHolder::Done(_))).collect();
    let [ByHolder::Done(present)] = done[..] else { panic!("{done:?}") };
    assert!(same(lease(&store, room).await.unwrap(), *present));
}

pub async fn a_released_room_is_free_and_its_next_epoch_is_later(store: TestStore) {
    let (room, node, other) = (RoomId::random(), NodeId::random(), NodeId::random());
    let mut past = NEVER;
    // As quickly as it goes: within one millisecond the clock alone would not tell them apart.
    for _ in 0..20 {
        let held = claim(&store, room, &[node, other], LONG).await;
        assert_eq!(held.node, node, "it did not let the lease run out");
        assert!(held.epoch > past);
        past = held.epoch;
        assert!(store.release_room(room, node, past).await.unwrap());
        assert!(!store.other().release_room(room, node, past).await.unwrap());
        assert_eq!(lease(&store, room).await, None);
    }
    assert_eq!(renew(&store, room, node, past).await, ByHolder::Refused(None));
    assert_eq!(store.claim_room(room, &[], past, LONG).await.unwrap(), None);
}

pub async fn an_epoch_is_later_than_any_the_claimant_has_seen(store: TestStore) {
    let (room, one, other) = (RoomId::random(), NodeId::random(), NodeId::random());
    let future = RoomEpoch(store.now().await.unwrap().millis() + 1_000_000_000);
    let held = store.claim_room(room, &[one], future, LONG).await.unwrap().unwrap();
    assert!(held.epoch > future);
    assert!(same(claim(&store, room, &[other], LONG).await, held));

    // A lease of before what was seen is from data that went back.
    let seen = RoomEpoch(held.epoch.0 + 5);
    let later = store.other().claim_room(room, &[other], seen, LONG).await.unwrap().unwrap();
    assert_eq!(later.node, other);
    assert!(later.epoch > seen);
    assert!(matches!(renew(&store, room, one, held.epoch).await, ByHolder::Refused(Some(told)) if same(told, later)));
}

pub async fn a_node_finds_the_rooms_it_holds(store: TestStore) {
    let (node, other) = (NodeId::random(), NodeId::random());
    let rooms_of = |node| {
        let store = &store;
        async move {
            let mut rooms: Vec<RoomId> = store.other().rooms_of(node).await.unwrap().into_iter().map(|(room, _)| room).collect();
            rooms.sort();
            rooms
        }
    };
    assert_eq!(rooms_of(node).await, []);
    let mut rooms: Vec<RoomId> = (0..4).map(|_| RoomId::random()).collect();
    rooms.sort();
    let mut epochs = Vec::new();
    for room in &rooms {
        epochs.push(claim(&store, *room, &[node, other], LONG).await.epoch);
        claim(&store, *room, &[other, node], LONG).await;
    }
    assert_eq!(rooms_of(node).await, rooms);
    assert_eq!(rooms_of(other).await, []);
    assert!(store.rooms_of(node).await.unwrap().iter().all(|(_, lease)| lease.node == node && lease.left > LONG / 2));

    store.release_room(rooms[0], node, epochs[0]).await.unwrap();
    store.hand_over_room(rooms[1], node, epochs[1], other, LONG).await.unwrap();
    assert_eq!(rooms_of(node).await, rooms[2..]);
    assert_eq!(rooms_of(other).await, rooms[1..2]);
    // What ran out is listed until somebody takes over: it can still be renewed.
    store.renew_rooms(node, &[(rooms[2], epochs[2])], SHORT).await.unwrap();
    runs_out(&store, rooms[2]).await;
    assert_eq!(rooms_of(node).await, rooms[2..]);
    claim(&store, rooms[2], &[other], LONG).await;
    assert_eq!(rooms_of(node).await, rooms[3..]);
}
