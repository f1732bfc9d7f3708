//! One room, with everything that media nodes and participants do to it written out.

#![allow(clippy::unwrap_used, clippy::panic)]

mod peers;
mod weather;

use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::ids::{UserId, Username};
use crate::store::record::Person;
use crate::store::record::calls::{Join, Participant as InRoster, PublishedTrack, Roster, Source};

const ANN: SessionId = SessionId(Uuid::from_u128(1));
const BOB: SessionId = SessionId(Uuid::from_u128(2));
const NODE: NodeId = NodeId(Uuid::from_u128(9));

fn served_in(epoch: u64) -> Serving {
    Serving::On { node: NODE, epoch: RoomEpoch(epoch) }
}

fn person(session: SessionId) -> Person {
    Person { id: UserId(session.0), name: Username::parse(&format!("user {}", session.0.as_u128())).unwrap() }
}

fn request(session: SessionId) -> Request {
    let (publish, muted) = (vec![Source::Microphone], Vec::new());
    Request { who: person(session), publish, simulcast: true, muted, keeps_connection: false, peer_to_peer: true, wants_peers: false }
}

fn join_of(session: SessionId) -> Join {
    let Request { who, publish, simulcast, muted, .. } = request(session);
    Join { publish, simulcast, muted, ..Join::of(who) }
}

fn roster(of: &[SessionId]) -> Roster {
    let track = PublishedTrack { source: Source::Camera, stream: "stream".to_owned(), muted: false };
    let participant = |session: &SessionId| InRoster { session: *session, who: person(*session), tracks: vec![track.clone()], hand: false };
    Roster { participants: of.iter().map(participant).collect(), ..Roster::default() }
}

fn offer(number: u64, session: u64) -> Tell {
    let sdp = format!("v=0\r\no=- {session} {number} IN IP4 0.0.0.0\r\ns=-\r\n");
    Tell::Offer { offer: number, sdp, publish: Vec::new(), skeleton: format!("skeleton {session}") }
}

/// A room and its time.
struct World {
    room: Room,
    now: Instant,
}

impl World {
    fn new() -> Self {
        Self { room: Room::new(Arc::default()), now: Instant::now() }
    }

    /// With somebody in it.
    fn with_ann(request: Request) -> Self {
        let mut world = Self::new();
        world.room.serve(world.now, served_in(7));
        world.room.join(world.now, ANN, request);
        world.told(ANN, 7, Tell::Roster(roster(&[ANN])));
        world.room.outputs();
        world
    }

    fn told(&mut self, session: SessionId, epoch: u64, tell: Tell) {
        self.room.told(self.now, session, RoomEpoch(epoch), tell);
    }

    fn wish(&mut self, session: SessionId, wish: Wish) {
        self.room.wish(self.now, session, wish);
    }

    /// Sets the clock to when something is due; answers how long that was.
    fn pass(&mut self) -> Duration {
        let due = self.room.due().unwrap();
        let passed = due - self.now;
        self.now = due;
        self.room.pass(due);
        passed
    }

    /// What was asked since the last look, with the epoch.
    fn asks(&mut self) -> Vec<(u64, SessionId, Ask)> {
        let asks = self.room.outputs().into_iter().filter_map(|output| match output {
            Output::Ask { epoch, from, ask, .. } => Some((epoch.0, from, ask)),
            _ => None,
        });
        asks.collect()
    }

    /// What a participant was told since the last look.
    fn events(&mut self, of: SessionId) -> Vec<CallEvent> {
        let events = self.room.outputs().into_iter().filter_map(|output| match output {
            Output::Tell { to, event } if to == of => Some(event),
            _ => None,
        });
        events.collect()
    }

    /// The numbers that a participant is told with the media node's offer.
    fn offered(&mut self, epoch: u64, tell: Tell) -> (u64, u64) {
        self.told(ANN, epoch, tell);
        match self.events(ANN).pop() {
            Some(CallEvent::Offer { connection, offer, .. }) => (connection, offer),
            other => panic!("{other:?} is no offer"),
        }
    }
}

#[test]
fn who_comes_before_there_is_a_media_node_joins_the_first() {
    let mut world = World::new();
    world.room.join(world.now, ANN, request(ANN));
    world.wish(ANN, Wish::Publish { source: Source::Camera, on: true });
    world.wish(ANN, Wish::State { muted: Some(vec![Source::Camera]), hand: Some(true), reaction: Some("👋".to_owned()) });
    world.room.serve(world.now, Serving::Nowhere);
    assert_eq!(world.events(ANN), [CallEvent::Nowhere]);
    world.room.serve(world.now, served_in(7));
    let publish = vec![Source::Microphone, Source::Camera];
    let join = Join { publish, muted: vec![Source::Camera], hand: true, ..join_of(ANN) };
    assert_eq!(world.asks(), [(7, ANN, Ask::Join(Box::new(join)))]);
    world.told(ANN, 7, Tell::Roster(roster(&[ANN])));
    assert_eq!(world.events(ANN), [CallEvent::Roster(roster(&[ANN]))]);
    assert_eq!(world.room.due(), None, "it is in, and nothing is left to be done");
}

#[test]
fn nobody_waits_for_ever_to_be_let_in() {
    let mut world = World::new();
    world.room.join(world.now, ANN, request(ANN));
    assert_eq!(world.pass(), PATIENCE);
    assert_eq!(world.room.outputs(), [Output::Tell { to: ANN, event: CallEvent::Ended(Ended::Unavailable) }, Output::Out(ANN)]);
    assert!(world.room.is_empty());
    // A media node that does not answer is told, for it may yet hear.
    world.room.serve(world.now, served_in(7));
    world.room.join(world.now, BOB, request(BOB));
    while !world.room.is_empty() {
        world.pass();
    }
    let asks = world.asks();
    assert!(matches!(&asks[..], [(7, BOB, Ask::Join(_)), (7, BOB, Ask::Join(_)), (7, BOB, Ask::Leave)]), "{asks:?}");
}

#[test]
fn all_join_the_next_media_node_by_themselves_with_what_is_kept_of_them() {
    let mut world = World::with_ann(request(ANN));
    world.room.join(world.now, BOB, request(BOB));
    world.told(BOB, 7, Tell::Roster(roster(&[ANN, BOB])));
    world.wish(ANN, Wish::Publish { source: Source::Screen, on: true });
    world.wish(ANN, Wish::Publish { source: Source::Microphone, on: false });
    world.wish(ANN, Wish::State { muted: None, hand: Some(true), reaction: None });
    world.told(ANN, 7, Tell::Roster(roster(&[ANN, BOB])));
    world.wish(ANN, Wish::Subscribe { participant: BOB, source: Source::Camera, height: 360 });
    let (before, first) = world.offered(7, offer(1, 100));

    world.room.serve(world.now, served_in(8));
    let join = Join { publish: vec![Source::Screen], hand: true, returns: true, ..join_of(ANN) };
    let outputs = world.room.outputs();
    assert_eq!(outputs[0], Output::Tell { to: ANN, event: CallEvent::Moved });
    assert_eq!(outputs[1], Output::Ask { node: NODE, epoch: RoomEpoch(8), from: ANN, ask: Ask::Join(Box::new(join)) });
    assert_eq!(outputs[2], Output::Tell { to: BOB, event: CallEvent::Moved });
    assert!(matches!(outputs[3], Output::Ask { from: BOB, ask: Ask::Join(_), .. }));

    // Until bob is there as well, there is nothing of his to be asked for.
    world.told(ANN, 8, Tell::Roster(roster(&[ANN])));
    assert_eq!(world.events(ANN), [CallEvent::Roster(roster(&[ANN]))]);
    world.told(ANN, 8, Tell::Roster(roster(&[ANN, BOB])));
    assert_eq!(world.asks(), [(8, ANN, Ask::Subscribe { participant: BOB, source: Source::Camera, height: 360 })]);
    let (after, second) = world.offered(8, offer(1, 200));
    assert!(after > before && second > first, "{before} {first}, then {after} {second}");
    // An answer to the node of before answers nothing.
    world.wish(ANN, Wish::Answer { connection: before, offer: first, sdp: "late".to_owned() });
    world.wish(ANN, Wish::Answer { connection: after, offer: second, sdp: "answer".to_owned() });
    assert_eq!(world.asks(), [(8, ANN, Ask::Answer { offer: 1, sdp: "answer".to_owned() })]);
}

#[test]
fn what_is_told_in_another_epoch_is_not_heard() {
    let mut world = World::with_ann(request(ANN));
    for epoch in [6, 8] {
        for tell in [Tell::Roster(roster(&[BOB])), offer(1, 1), Tell::Moved, Tell::Ended { why: Ending::Full }] {
            world.told(ANN, epoch, tell);
        }
        world.room.returned(world.now, ANN, RoomEpoch(epoch), Ask::Join(Box::new(join_of(ANN))));
    }
    assert_eq!(world.room.outputs(), []);
    world.room.serve(world.now, Serving::Nowhere);
    world.room.outputs();
    world.told(ANN, 7, Tell::Roster(roster(&[BOB])));
    assert_eq!(world.room.outputs(), [], "its media node has lost the room");
}

#[test]
fn a_join_without_an_answer_is_sent_again_after_longer_and_longer_times() {
    let mut world = World::with_ann(request(ANN));
    world.room.serve(world.now, served_in(8));
    let times: Vec<u64> = (0..4).map(|_| world.pass().as_secs()).collect();
    assert_eq!(times, [2, 4, 8, 8]);
    let outputs = world.room.outputs();
    assert_eq!(outputs.iter().filter(|output| **output == Output::LookAgain).count(), 4);
    assert_eq!(outputs.iter().filter(|output| matches!(output, Output::Ask { ask: Ask::Join(_), .. })).count(), 5);
    // The next node is asked at once, and has all the time that a first one has.
    world.room.serve(world.now, served_in(9));
    assert_eq!(world.pass(), Duration::from_secs(2));
}

#[test]
fn a_media_node_that_gives_the_room_up_is_left_at_once_and_asked_again_if_there_is_no_other() {
    let mut world = World::with_ann(request(ANN));
    world.told(ANN, 7, Tell::Moved);
    assert_eq!(world.room.outputs(), [Output::Tell { to: ANN, event: CallEvent::Moved }, Output::LookAgain]);
    world.told(ANN, 7, offer(1, 1));
    assert_eq!(world.room.outputs(), [], "an offer of before");
    world.told(ANN, 7, Tell::Refused { why: Refusal::TooManyTracks });
    assert_eq!(world.events(ANN), [CallEvent::Refused(Refusal::TooManyTracks)], "may be of the join that comes next");
    assert!(world.pass() < Duration::from_secs(1));
    assert!(matches!(&world.asks()[..], [(7, ANN, Ask::Join(_))]));
    world.room.serve(world.now, served_in(8));
    let outputs = world.room.outputs();
    assert!(matches!(&outputs[..], [Output::Ask { epoch: RoomEpoch(8), .. }]), "it was told before: {outputs:?}");
}

#[test]
fn what_came_back_is_sent_again_as_it_is_by_then() {
    let mut world = World::with_ann(request(ANN));
    world.told(ANN, 7, Tell::Roster(roster(&[ANN, BOB])));
    let (connection, number) = world.offered(7, offer(3, 100));
    let sizes = [180, 720].map(|height| Ask::Subscribe { participant: BOB, source: Source::Camera, height });
    for height in [180, 720] {
        world.wish(ANN, Wish::Subscribe { participant: BOB, source: Source::Camera, height });
    }
    world.wish(ANN, Wish::Answer { connection, offer: number, sdp: "answer".to_owned() });
    let asked = world.asks();
    for (_, _, ask) in asked {
        world.room.returned(world.now, ANN, RoomEpoch(7), ask);
    }
    assert_eq!(world.room.outputs(), [Output::LookAgain, Output::LookAgain, Output::LookAgain]);
    world.pass();
    let answer = Ask::Answer { offer: 3, sdp: "answer".to_owned() };
    assert_eq!(world.asks(), [(7, ANN, sizes[1].clone()), (7, ANN, answer.clone())]);
    // An answer to an offer that has been replaced is not.
    world.room.returned(world.now, ANN, RoomEpoch(7), answer);
    world.told(ANN, 7, offer(4, 100));
    world.pass();
    assert_eq!(world.asks(), []);
    // A join that came back is sent soon.
    world.room.serve(world.now, served_in(8));
    let (_, _, join) = world.asks().remove(0);
    world.room.returned(world.now, ANN, RoomEpoch(8), join);
    assert!(world.pass() < Duration::from_secs(1));
    assert!(matches!(&world.asks()[..], [(8, ANN, Ask::Join(_))]));
}

#[test]
fn a_client_with_one_connection_goes_on_with_it() {
    let mut world = World::with_ann(Request { keeps_connection: true, ..request(ANN) });
    let (before, _) = world.offered(7, offer(1, 100));
    world.room.serve(world.now, served_in(8));
    let join = Join { skeleton: Some("skeleton 100".to_owned()), returns: true, ..join_of(ANN) };
    assert_eq!(world.asks(), [(8, ANN, Ask::Join(Box::new(join)))]);
    world.told(ANN, 8, Tell::Roster(roster(&[ANN])));
    assert_eq!(world.offered(8, offer(1, 100)).0, before);
    // Not if the next node cannot.
    world.room.serve(world.now, served_in(9));
    world.room.outputs();
    world.told(ANN, 9, Tell::Ended { why: Ending::Skeleton });
    assert_eq!(world.asks(), [(9, ANN, Ask::Join(Box::new(Join { returns: true, ..join_of(ANN) })))]);
    world.told(ANN, 9, Tell::Roster(roster(&[ANN])));
    assert!(world.offered(9, offer(1, 101)).0 > before);
}

#[test]
fn another_connection_can_be_asked_for() {
    let mut world = World::with_ann(request(ANN));
    let (before, _) = world.offered(7, offer(1, 100));
    world.wish(ANN, Wish::Restart);
    world.wish(ANN, Wish::Restart);
    assert_eq!(world.asks(), [(7, ANN, Ask::Join(Box::new(Join { returns: true, ..join_of(ANN) })))], "one is enough");
    // What the media node says of the old one is of no interest any more.
    world.told(ANN, 7, Tell::Ended { why: Ending::Connection });
    world.told(ANN, 7, offer(2, 100));
    assert_eq!(world.room.outputs(), []);
    world.told(ANN, 7, Tell::Roster(roster(&[ANN])));
    assert!(world.offered(7, offer(3, 101)).0 > before);
    assert!(world.offered(7, offer(4, 101)).0 > before, "of the same");
}

#[test]
fn a_media_node_that_has_forgotten_a_participant_gets_it_again() {
    let mut world = World::with_ann(request(ANN));
    world.told(ANN, 7, Tell::Ended { why: Ending::Unknown });
    assert_eq!(world.events(ANN), [CallEvent::Moved]);
    world.pass();
    assert!(matches!(&world.asks()[..], [(7, ANN, Ask::Join(_))]));
}

#[test]
fn who_is_out_is_told_why() {
    for (why, ended) in [(Ending::Full, Ended::Full), (Ending::Connection, Ended::Connection)] {
        let mut world = World::with_ann(request(ANN));
        world.told(ANN, 7, Tell::Ended { why });
        assert_eq!(world.room.outputs(), [Output::Tell { to: ANN, event: CallEvent::Ended(ended) }, Output::Out(ANN)]);
        assert!(world.room.is_empty());
    }
}

#[test]
fn who_leaves_is_heard_of_no_more() {
    let mut world = World::with_ann(request(ANN));
    world.room.leave(ANN);
    assert_eq!(world.asks(), [(7, ANN, Ask::Leave)]);
    world.told(ANN, 7, Tell::Roster(roster(&[ANN])));
    world.wish(ANN, Wish::Restart);
    world.room.returned(world.now, ANN, RoomEpoch(7), Ask::Leave);
    assert_eq!(world.room.outputs(), [Output::LookAgain]);
}

#[test]
fn sizes_are_kept_of_those_who_come_again_and_within_bounds() {
    let mut world = World::with_ann(request(ANN));
    world.told(ANN, 7, Tell::Roster(roster(&[ANN, BOB])));
    let size = |of: SessionId, height: u16| Wish::Subscribe { participant: of, source: Source::Camera, height };
    world.wish(ANN, size(BOB, 90));
    let asked = world.asks();
    world.told(ANN, 7, Tell::Roster(roster(&[ANN])));
    assert_eq!(world.asks(), []);
    world.told(ANN, 7, Tell::Roster(roster(&[ANN, BOB])));
    assert_eq!(world.asks(), asked, "whether he had left or the media node had forgotten him");

    let many: Vec<SessionId> = (100..1_100).map(|number| SessionId(Uuid::from_u128(number))).collect();
    world.told(ANN, 7, Tell::Roster(roster(&many)));
    many.iter().for_each(|other| world.wish(ANN, size(*other, 90)));
    assert_eq!(world.asks().len(), 1_000, "bob makes room, who is not there");
    world.wish(ANN, size(SessionId::random(), 90));
    assert_eq!(world.room.outputs(), [Output::Tell { to: ANN, event: CallEvent::Refused(Refusal::TooManyTracks) }]);
}
