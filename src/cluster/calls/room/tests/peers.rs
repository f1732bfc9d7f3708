//! Rooms that are served by signaling only.

use super::*;
use crate::store::record::calls::{Mode, PeerDescription, PeerSignal, PeerWord};

const LATE: Duration = Duration::from_secs(5);

fn among_peers(of: &[SessionId]) -> Roster {
    Roster { mode: Mode::P2p, ..roster(of) }
}

fn word(link: u64) -> PeerWord {
    PeerWord { link, signal: PeerSignal::Candidate(None) }
}

fn says(link: u64) -> Wish {
    Wish::Peer { to: BOB, word: word(link) }
}

fn brought(epoch: u64, link: u64) -> (u64, SessionId, Ask) {
    (epoch, ANN, Ask::Peer { to: BOB, word: word(link) })
}

/// Ann is in a call with Bob, who is on another node.
fn with_peers() -> World {
    let mut world = World::with_ann(request(ANN));
    world.told(ANN, 7, Tell::Roster(among_peers(&[ANN, BOB])));
    world.room.outputs();
    world
}

#[test]
fn what_is_for_another_goes_both_ways() {
    let mut world = with_peers();
    world.wish(ANN, says(1));
    assert_eq!(world.asks(), [brought(7, 1)]);
    world.told(ANN, 7, Tell::Peer { from: BOB, word: word(2) });
    assert_eq!(world.events(ANN), [CallEvent::Peer { from: BOB, word: word(2) }]);
    // What comes back is sent again, and what follows stays behind it.
    world.room.returned(world.now, ANN, RoomEpoch(7), Ask::Peer { to: BOB, word: word(3) });
    world.room.returned(world.now, ANN, RoomEpoch(7), Ask::Peer { to: BOB, word: word(4) });
    world.wish(ANN, says(5));
    assert!(world.asks().is_empty());
    world.pass();
    assert_eq!(world.asks(), [brought(7, 3), brought(7, 4), brought(7, 5)]);
    world.wish(ANN, says(6));
    assert_eq!(world.asks(), [brought(7, 6)]);
}

#[test]
fn while_the_room_moves_it_waits_and_who_was_there_is_told() {
    let mut world = with_peers();
    world.room.serve(world.now, served_in(8));
    let asks = world.asks();
    let [(8, ANN, Ask::Join(join))] = &asks[..] else { panic!("{asks:?}") };
    assert!(join.peer_to_peer);
    assert_eq!(join.roster, among_peers(&[ANN, BOB]).participants);
    (1..=300).for_each(|link| world.wish(ANN, says(link)));
    assert!(world.asks().is_empty());
    world.told(ANN, 8, Tell::Roster(among_peers(&[ANN, BOB])));
    let asks = world.asks();
    assert_eq!(asks.len(), 256, "nobody needs as much");
    assert_eq!((&asks[0], &asks[255]), (&brought(8, 1), &brought(8, 256)));
}

#[test]
fn where_a_media_node_serves_nothing_is_for_peers() {
    let mut world = with_peers();
    world.room.serve(world.now, served_in(8));
    world.wish(ANN, says(1));
    world.told(ANN, 8, Tell::Roster(roster(&[ANN, BOB])));
    world.wish(ANN, says(2));
    let outputs = world.room.outputs();
    assert!(!outputs.iter().any(|output| matches!(output, Output::Ask { ask: Ask::Peer { .. }, .. })), "it was on its way");
    world.now += LATE;
    world.wish(ANN, says(3));
    assert_eq!(world.events(ANN), [CallEvent::Refused(Refusal::NotPeerToPeer)]);
    // And who goes on elsewhere has nobody to bring along.
    world.room.serve(world.now, served_in(9));
    let asks = world.asks();
    assert!(matches!(&asks[..], [(9, ANN, Ask::Join(join))] if join.roster.is_empty()), "{asks:?}");
}

#[test]
fn what_was_wanted_goes_along_and_ends_where_it_ended() {
    let chosen = |world: &mut World, epoch: u64| {
        world.room.serve(world.now, served_in(epoch));
        let asks = world.asks();
        let [(_, ANN, Ask::Join(join))] = &asks[..] else { panic!("{asks:?}") };
        join.wants_peers
    };
    let mut world = World::new();
    world.room.join(world.now, ANN, Request { wants_peers: true, ..request(ANN) });
    assert!(chosen(&mut world, 7));
    world.told(ANN, 7, Tell::Roster(Roster { chosen: true, ..among_peers(&[ANN]) }));
    assert!(chosen(&mut world, 8));
    world.told(ANN, 8, Tell::Roster(among_peers(&[ANN])));
    assert!(!chosen(&mut world, 9), "the room has outgrown it");
    // Who came to such a room wants it as well, for whoever opened it may be gone.
    let mut world = World::with_ann(request(ANN));
    world.told(ANN, 7, Tell::Roster(Roster { chosen: true, ..among_peers(&[ANN]) }));
    world.room.outputs();
    assert!(chosen(&mut world, 8));
}

#[test]
fn who_is_one_too_many_waits_if_it_was_in_the_call_before() {
    let full = || Tell::Ended { why: Ending::TooManyPeers };
    let mut world = World::with_ann(request(ANN));
    world.room.serve(world.now, served_in(8));
    world.room.outputs();
    world.told(ANN, 8, full());
    assert_eq!(world.events(ANN), [CallEvent::Nowhere]);
    world.pass();
    let asks = world.asks();
    assert!(matches!(&asks[..], [(8, ANN, Ask::Join(join))] if join.returns && join.roster.is_empty()), "there may be a place by now");
    world.told(ANN, 8, full());
    assert!(world.events(ANN).is_empty(), "it was told");
    world.room.serve(world.now, served_in(9));
    assert!(matches!(&world.asks()[..], [(9, ANN, Ask::Join(_))]));
    world.told(ANN, 9, Tell::Roster(roster(&[ANN])));
    assert!(matches!(&world.events(ANN)[..], [CallEvent::Roster(_)]));

    // Who has just come does not.
    world.room.join(world.now, BOB, request(BOB));
    world.told(BOB, 9, full());
    assert_eq!(world.events(BOB), [CallEvent::Ended(Ended::TooManyPeers)]);
}

#[test]
fn who_cannot_connect_with_others_is_as_without_any_node() {
    let only = || Tell::Refused { why: Refusal::OnlyPeerToPeer };
    let other = || Request { peer_to_peer: false, ..request(ANN) };
    let mut world = World::with_ann(other());
    world.room.serve(world.now, served_in(8));
    assert!(matches!(&world.asks()[..], [(8, ANN, Ask::Join(join))] if !join.peer_to_peer));
    world.told(ANN, 8, only());
    assert_eq!(world.events(ANN), [CallEvent::Nowhere]);
    assert_eq!(world.room.due(), None, "nothing changes before another node serves the room");
    world.room.serve(world.now, served_in(9));
    assert!(matches!(&world.asks()[..], [(9, ANN, Ask::Join(_))]));
    world.told(ANN, 9, only());
    assert!(world.events(ANN).is_empty(), "it was told");
    world.room.leave(ANN);
    assert_eq!(world.asks(), [(9, ANN, Ask::Leave)], "the room is kept for it");

    // Who has just come waits for as long as for a node.
    let mut world = World::new();
    world.room.serve(world.now, served_in(7));
    world.room.join(world.now, ANN, other());
    world.told(ANN, 7, only());
    assert_eq!(world.pass(), PATIENCE);
    assert_eq!(world.events(ANN), [CallEvent::Ended(Ended::Unavailable)]);
}

#[test]
fn what_waits_is_for_those_who_are_there_and_bounded_in_bytes() {
    let mut world = with_peers();
    world.room.serve(world.now, served_in(8));
    world.wish(ANN, Wish::Peer { to: SessionId(Uuid::from_u128(9)), word: word(1) });
    let large = |link| {
        let description = PeerDescription { answer: false, sdp: "x".repeat(400_000), lines: Vec::new() };
        PeerWord { link, signal: PeerSignal::Description(description) }
    };
    (2..=4).for_each(|link| world.wish(ANN, Wish::Peer { to: BOB, word: large(link) }));
    world.room.outputs();
    world.told(ANN, 8, Tell::Roster(among_peers(&[ANN, BOB])));
    let links = |asks: &[(u64, SessionId, Ask)]| {
        let link = |(_, _, ask): &(u64, SessionId, Ask)| if let Ask::Peer { word, .. } = ask { Some(word.link) } else { None };
        asks.iter().filter_map(link).collect::<Vec<_>>()
    };
    assert_eq!(links(&world.asks()), [2, 3]);
    // The same for what came back.
    (5..=7).for_each(|link| world.room.returned(world.now, ANN, RoomEpoch(8), Ask::Peer { to: BOB, word: large(link) }));
    world.room.outputs();
    world.pass();
    assert_eq!(links(&world.asks()), [5, 6]);
}
