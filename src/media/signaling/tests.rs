//! Rooms of peers, with everything that is asked of them written out.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

use super::*;
use crate::ids::{NodeId, SessionId, UserId, Username};
use crate::store::record::Person;
use crate::store::record::calls::{Join, Mode, Participant, PeerDescription, PeerSignal, PeerWord, Source};

const ROOM: RoomId = RoomId(Uuid::from_u128(7));

/// One node's rooms, and who is told what.
struct World {
    rooms: SignalingRooms,
    outputs: UnboundedReceiver<RoomOutput>,
    now: Instant,
}

fn at(number: u128) -> SessionRef {
    SessionRef { node: NodeId(Uuid::from_u128(number % 2)), session: id(number) }
}

fn id(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

fn person(number: u128) -> Person {
    Person { id: UserId(Uuid::from_u128(number)), name: Username::parse(&format!("user{number}")).unwrap() }
}

fn coming(number: u128) -> Join {
    Join { publish: vec![Source::Camera, Source::Microphone], simulcast: true, ..Join::of(person(number)) }
}

fn word(link: u64) -> PeerWord {
    let description = PeerDescription { answer: false, sdp: "v=0\r\n".to_owned(), lines: vec![("0".to_owned(), Source::Camera)] };
    PeerWord { link, signal: PeerSignal::Description(description) }
}

impl World {
    fn new() -> Self {
        let (sender, outputs) = unbounded_channel();
        Self { rooms: SignalingRooms::new(4, sender), outputs, now: Instant::now() }
    }

    /// With these in the room.
    fn of(numbers: &[u128]) -> Self {
        let mut world = Self::new();
        numbers.iter().for_each(|number| world.join(*number, coming(*number)));
        world.told();
        world
    }

    fn ask(&mut self, number: u128, ask: Ask) {
        self.rooms.command(self.now, RoomCommand::Ask { room: ROOM, from: at(number), ask });
    }

    fn join(&mut self, number: u128, join: Join) {
        self.ask(number, Ask::Join(Box::new(join)));
    }

    fn says(&mut self, from: u128, to: u128, link: u64) {
        self.ask(from, Ask::Peer { to: id(to), word: word(link) });
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.rooms.pass(self.now);
    }

    /// What was told since the last look, in short.
    fn told(&mut self) -> Vec<String> {
        let number = |session: SessionId| session.0.as_u128();
        let mut told = Vec::new();
        while let Ok(output) = self.outputs.try_recv() {
            told.push(match output {
                RoomOutput::Tell { to, tell, .. } => {
                    assert_eq!(to, at(number(to.session)));
                    let tell = match tell {
                        Tell::Roster(roster) => {
                            assert_eq!((roster.mode, roster.lines.len()), (Mode::P2p, 0));
                            format!("{:?}", roster.participants.iter().map(|one| number(one.session)).collect::<Vec<_>>())
                        }
                        Tell::Peer { from, word } => format!("word {} of {}", word.link, number(from)),
                        Tell::Reaction { participant, reaction } => format!("{reaction} of {}", number(participant)),
                        other => format!("{other:?}"),
                    };
                    format!("{}: {tell}", number(to.session))
                }
                RoomOutput::People { people, .. } => format!("{} there", people.len()),
                RoomOutput::Load { .. } => panic!("there is none"),
            });
        }
        told
    }

    /// What a participant was told last of who is there.
    fn roster(&mut self, of: u128) -> Vec<Participant> {
        let mut last = None;
        while let Ok(output) = self.outputs.try_recv() {
            if let RoomOutput::Tell { to, tell: Tell::Roster(roster), .. } = output
                && to == at(of)
            {
                last = Some(roster.participants);
            }
        }
        last.unwrap()
    }
}

#[test]
fn four_come_and_a_fifth_does_not() {
    let mut world = World::new();
    world.join(1, coming(1));
    assert_eq!(world.told(), ["1: [1]", "1 there"]);
    world.join(2, coming(2));
    assert_eq!(world.told(), ["1: [1, 2]", "2: [1, 2]", "2 there"]);
    world.join(3, coming(3));
    world.join(4, coming(4));
    world.told();
    world.join(5, coming(5));
    assert_eq!(world.told(), ["5: Ended { why: TooManyPeers }"]);
    assert_eq!((world.rooms.count(), world.rooms.participants()), (1, 4));
    // Who is in comes again, as after a lost letter.
    world.join(3, coming(3));
    assert_eq!(world.told(), ["3: [1, 2, 3, 4]"]);
    world.ask(2, Ask::Leave);
    assert_eq!(world.told(), ["1: [1, 3, 4]", "3: [1, 3, 4]", "4: [1, 3, 4]", "3 there"]);
    world.join(5, coming(5));
    world.told();
    for gone in [1, 3, 4] {
        world.rooms.command(world.now, RoomCommand::Gone { room: ROOM, from: at(gone) });
    }
    world.told();
    world.ask(5, Ask::Leave);
    assert_eq!(world.told(), ["0 there"]);
    assert_eq!(world.rooms.count(), 0);
}

#[test]
fn what_participants_publish_and_show_is_told() {
    let mut world = World::of(&[1, 2]);
    world.ask(1, Ask::Publish { source: Source::Screen, on: true });
    world.ask(1, Ask::Publish { source: Source::Camera, on: false });
    world.ask(1, Ask::State { muted: Some(vec![Source::Microphone, Source::Microphone]), hand: Some(true), reaction: None });
    let ann = world.roster(2).remove(0);
    let tracks: Vec<_> = ann.tracks.iter().map(|track| (track.source, track.muted, track.stream.as_str())).collect();
    let (voice, screen) = (id(1).to_string(), format!("{}-screen", id(1)));
    assert_eq!(tracks, [(Source::Microphone, true, voice.as_str()), (Source::Screen, false, &screen)]);
    assert!(ann.hand);
    world.ask(1, Ask::State { muted: None, hand: None, reaction: Some("👋".to_owned()) });
    assert_eq!(world.told(), ["1: 👋 of 1", "2: 👋 of 1"]);
    // The same once more is no news, and what is for media nodes does nothing.
    world.ask(1, Ask::State { muted: None, hand: Some(true), reaction: Some("x".repeat(100)) });
    world.ask(2, Ask::Subscribe { participant: id(1), source: Source::Screen, height: 0 });
    world.ask(2, Ask::Answer { offer: 1, sdp: String::new() });
    assert!(world.told().is_empty());
}

#[test]
fn what_is_wanted_lasts_until_a_fifth_comes() {
    let mut world = World::new();
    world.join(1, Join { wants_peers: true, ..coming(1) });
    assert!(world.rooms.is_chosen(ROOM));
    (2..=4).for_each(|number| world.join(number, coming(number)));
    world.told();
    world.join(5, coming(5));
    assert_eq!(world.told(), ["5: Ended { why: TooManyPeers }"]);
    assert!(world.rooms.is_chosen(ROOM), "there may be no media node");
    // There is one.
    world.rooms.outgrow(ROOM);
    assert!(!world.rooms.is_chosen(ROOM));
    let all = "[1, 2, 3, 4]";
    assert_eq!(world.told(), (1..=4).map(|n| format!("{n}: {all}")).collect::<Vec<_>>());
    // Who comes later wants in vain.
    world.ask(1, Ask::Leave);
    world.join(6, Join { wants_peers: true, ..coming(6) });
    assert!(!world.rooms.is_chosen(ROOM));
}

#[test]
fn nobody_publishes_more_than_allowed() {
    let mut world = World::new();
    world.rooms.max_tracks = 1;
    world.join(1, coming(1));
    assert_eq!(world.told(), ["1: Refused { why: TooManyTracks }", "1: [1]", "1 there"]);
    world.ask(1, Ask::Publish { source: Source::Screen, on: true });
    assert_eq!(world.told(), ["1: Refused { why: TooManyTracks }"]);
}

#[test]
fn words_go_to_whom_they_are_for() {
    let mut world = World::of(&[1, 2, 3]);
    world.says(1, 2, 10);
    world.says(2, 1, 20);
    assert_eq!(world.told(), ["2: word 10 of 1", "1: word 20 of 2"]);
    world.says(1, 9, 1);
    world.says(1, 1, 1);
    let unknown = "1: Refused { why: NoSuchParticipant }";
    assert_eq!(world.told(), [unknown, unknown]);
    world.says(9, 1, 1);
    assert_eq!(world.told(), ["9: Ended { why: Unknown }"]);
    // It was on its way when its receiver left.
    world.ask(3, Ask::Leave);
    world.told();
    world.says(1, 3, 1);
    assert!(world.told().is_empty());
    world.pass(Duration::from_secs(5));
    world.says(1, 3, 1);
    assert_eq!(world.told(), [unknown]);
}

#[test]
fn who_cannot_connect_with_others_is_told_so() {
    let mut world = World::new();
    let other = || Join { peer_to_peer: false, ..coming(1) };
    world.join(1, other());
    assert_eq!(world.told(), ["1: Refused { why: OnlyPeerToPeer }"]);
    assert_eq!(world.rooms.count(), 0);
    let mut world = World::of(&[1, 2]);
    world.join(1, other());
    assert_eq!(world.told(), ["2: [2]", "1 there", "1: Refused { why: OnlyPeerToPeer }"]);
}

/// The roster of three, as each of them knows it.
fn known() -> Vec<Participant> {
    World::of(&[1, 2]).tap(|world| world.join(3, coming(3))).roster(3)
}

impl World {
    fn tap(mut self, act: impl FnOnce(&mut Self)) -> Self {
        act(&mut self);
        self
    }
}

#[test]
fn who_was_together_elsewhere_stays_together() {
    let mut world = World::new();
    let comes = |number| Join { roster: known(), ..coming(number) };
    world.join(2, comes(2));
    assert_eq!(world.roster(2), known(), "nobody seems to have left");
    // What is for those who are on the way waits for them, behind the roster.
    world.says(2, 1, 10);
    world.says(2, 1, 11);
    assert!(world.told().is_empty());
    world.join(1, comes(1));
    assert_eq!(world.told(), ["1: [1, 2, 3]", "1: word 10 of 2", "1: word 11 of 2"]);
    // Who does not come is gone.
    world.pass(Duration::from_secs(4));
    assert!(world.told().is_empty());
    world.pass(Duration::from_secs(1));
    assert_eq!(world.told(), ["1: [1, 2]", "2: [1, 2]", "2 there"]);
    world.says(2, 3, 12);
    assert!(world.told().is_empty(), "it was on its way");
    // And is not expected again by who still thinks so.
    world.join(1, comes(1));
    assert_eq!(world.told(), ["1: [1, 2]"]);
}

#[test]
fn a_place_that_is_kept_is_for_its_user() {
    let four = || {
        let mut world = World::of(&[1, 2, 3]);
        world.join(4, coming(4));
        world.roster(4)
    };
    let mut world = World::new();
    world.join(1, Join { roster: four(), ..coming(1) });
    world.told();
    world.join(9, coming(9));
    assert_eq!(world.told(), ["9: Ended { why: TooManyPeers }"]);
    // Its node was lost, and its page has come back through another.
    world.join(14, Join { who: person(4), ..coming(14) });
    assert_eq!(world.told(), ["1: [1, 2, 3, 14]", "14: [1, 2, 3, 14]"]);
    // Also if that is not known to be lost, whichever node it was by: or it is another window.
    world.join(15, Join { who: person(4), ..coming(15) });
    assert_eq!(world.told(), ["14: Ended { why: Full }", "1: [1, 2, 3, 15]", "15: [1, 2, 3, 15]"]);
    world.join(17, Join { who: person(4), ..coming(17) });
    assert_eq!(world.told(), ["15: Ended { why: Full }", "1: [1, 2, 3, 17]", "17: [1, 2, 3, 17]"]);
    // Which does not drive out by itself who came later.
    world.join(15, Join { who: person(4), returns: true, ..coming(15) });
    assert_eq!(world.told(), ["15: Ended { why: TooManyPeers }"]);
    world.join(14, Join { who: person(4), ..coming(14) });
    world.told();
    // When nobody is there but those who are expected, the room is over.
    world.ask(14, Ask::Leave);
    world.ask(1, Ask::Leave);
    assert_eq!(world.told().last().unwrap(), "0 there");
}

/// The roster of these sessions, each of whom is the user of that number.
fn known_as(of: &[(u128, u128)]) -> Vec<Participant> {
    let participant =
        |(session, user): &(u128, u128)| Participant { session: id(*session), who: person(*user), tracks: Vec::new(), hand: false };
    of.iter().map(participant).collect()
}

#[test]
fn who_was_in_goes_before_who_came_first() {
    let four = || known_as(&[(1, 1), (2, 2), (3, 3), (4, 4)]);
    let comes = |number| Join { roster: four(), returns: true, ..coming(number) };
    let mut world = World::new();
    world.join(9, coming(9));
    [1, 2, 3].into_iter().for_each(|number| world.join(number, comes(number)));
    world.told();
    world.join(4, comes(4));
    let all = "[1, 2, 3, 4]";
    let told = ["9: Ended { why: TooManyPeers }".to_owned()].into_iter().chain((1..=4).map(|number| format!("{number}: {all}")));
    assert_eq!(world.told()[..5], told.collect::<Vec<_>>());
    world.says(1, 9, 1);
    assert!(world.told().is_empty(), "it was on its way");
    world.join(9, Join { returns: true, ..coming(9) });
    assert_eq!(world.told(), ["9: Ended { why: TooManyPeers }"]);
}

#[test]
fn who_has_come_anew_is_not_waited_for_as_who_it_was() {
    let mut world = World::new();
    world.join(14, Join { who: person(4), ..coming(14) });
    world.told();
    world.join(1, Join { roster: known_as(&[(1, 1), (4, 4), (2, 2)]), ..coming(1) });
    assert_eq!(world.told(), ["14: [14, 1, 2]", "1: [14, 1, 2]", "3 there"]);
    // Two windows are waited for both.
    let mut world = World::new();
    world.join(4, Join { roster: known_as(&[(4, 4)]), ..coming(4) });
    world.join(1, Join { roster: known_as(&[(1, 1), (4, 4), (14, 4)]), ..coming(1) });
    assert_eq!(world.told().last().unwrap(), "3 there");
}

#[test]
fn who_was_in_knows_what_was_wanted() {
    let mut world = World::new();
    world.join(1, Join { wants_peers: true, ..coming(1) });
    world.join(2, Join { returns: true, ..coming(2) });
    assert!(!world.rooms.is_chosen(ROOM));
    world.join(3, Join { returns: true, wants_peers: true, ..coming(3) });
    assert!(!world.rooms.is_chosen(ROOM), "the first of them has said it");
    let mut world = World::new();
    world.join(1, coming(1));
    world.join(2, Join { returns: true, wants_peers: true, ..coming(2) });
    assert!(world.rooms.is_chosen(ROOM));
}

#[test]
fn what_waits_is_bounded_in_bytes() {
    let mut world = World::new();
    world.join(2, Join { roster: known(), ..coming(2) });
    world.told();
    for link in [1, 2, 3] {
        let description = PeerDescription { answer: false, sdp: "x".repeat(400_000), lines: Vec::new() };
        world.ask(2, Ask::Peer { to: id(1), word: PeerWord { link, signal: PeerSignal::Description(description) } });
    }
    world.join(1, Join { roster: known(), ..coming(1) });
    assert_eq!(world.told(), ["1: [1, 2, 3]", "1: word 1 of 2", "1: word 2 of 2"]);
}

#[test]
fn a_closed_room_tells_all_who_are_there() {
    let mut world = World::new();
    world.join(1, Join { roster: known(), ..coming(1) });
    world.told();
    world.rooms.command(world.now, RoomCommand::Close { room: ROOM });
    assert_eq!(world.told(), ["1: Moved"]);
    assert_eq!(world.rooms.count(), 0);
    world.says(1, 2, 1);
    assert_eq!(world.told(), ["1: Ended { why: Unknown }"]);
}
