#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::ids::UserId;
use crate::ids::Username;
use crate::store::record::calls::{Ending, Join, Roster};

const ROOM: RoomId = RoomId(uuid::Uuid::from_u128(7));
const OF: Tenure = Tenure { room: ROOM, epoch: RoomEpoch(70) };
const LATER: Tenure = Tenure { room: ROOM, epoch: RoomEpoch(71) };

fn session(number: u128) -> SessionRef {
    SessionRef { node: NodeId(uuid::Uuid::from_u128(number % 2)), session: SessionId(uuid::Uuid::from_u128(number)) }
}

fn person(number: u128) -> Person {
    Person { id: UserId(uuid::Uuid::from_u128(number)), name: Username::parse(&format!("user{number}")).unwrap() }
}

fn join(number: u128) -> Ask {
    Ask::Join(Box::new(Join::of(person(number))))
}

fn told(of: Tenure, number: u64, to: SessionRef, tell: Tell) -> Output {
    Output { epoch: of.epoch, number, output: RoomOutput::Tell { room: of.room, to, tell } }
}

fn people(of: Tenure, number: u64, people: &[u128]) -> Output {
    let people = people.iter().map(|number| person(*number)).collect();
    Output { epoch: of.epoch, number, output: RoomOutput::People { room: of.room, people } }
}

/// What is to be done, in short.
fn steps(state: &mut State) -> Vec<String> {
    let short = |step| match step {
        Step::Command(shard, Stamped { epoch, command, .. }) => match command {
            RoomCommand::Ask { from, ask: Ask::Join(_), .. } => format!("{shard}: {} joins {epoch:?}", number(from)),
            RoomCommand::Ask { from, .. } => format!("{shard}: {} asks {epoch:?}", number(from)),
            RoomCommand::Gone { from, .. } => format!("{shard}: {} is gone from {epoch:?}", number(from)),
            RoomCommand::Close { .. } => format!("{shard}: close {epoch:?}"),
        },
        Step::Tell(of, to, tell) => {
            let tell = match tell {
                Tell::Moved => "moved",
                Tell::Refused { why: Refusal::Busy } => "busy",
                Tell::Roster(_) => "roster",
                Tell::Speaking { .. } => "speaking",
                Tell::Ended { .. } => "ended",
                other => panic!("{other:?}"),
            };
            format!("tell {} {tell} {:?}", number(to), of.epoch)
        }
        Step::Verify(of) => format!("verify {:?}", of.epoch),
        Step::Release(of) => format!("release {:?}", of.epoch),
        Step::HandOver(of) => format!("hand over {:?}", of.epoch),
        Step::TooManyPeers(_, to) => format!("{} is too many", number(to)),
        Step::People(_, people) => format!("people {}", people.len()),
    };
    state.steps().into_iter().map(short).map(|step| step.replace("RoomEpoch(70)", "70").replace("RoomEpoch(71)", "71")).collect()
}

fn number(of: SessionRef) -> u128 {
    of.session.0.as_u128()
}

/// A room with one participant, its lease just renewed.
fn open(now: Instant, shards: usize) -> State {
    let mut state = State::new(shards);
    state.ask(now, OF, session(1), join(1));
    assert_eq!(steps(&mut state), ["verify 70"]);
    state.verified(now, now, OF, true);
    assert_eq!(steps(&mut state), ["0: 1 joins 70"]);
    state.output(now, people(OF, 1, &[1]));
    assert_eq!(steps(&mut state), ["people 1"]);
    state
}

#[test]
fn a_room_opens_once_the_store_says_that_it_is_ours() {
    let (mut state, now) = (State::new(1), Instant::now());
    state.ask(now, OF, session(1), join(1));
    state.ask(now, OF, session(1), Ask::Publish { source: crate::store::record::calls::Source::Camera, on: true });
    state.ask(now, OF, session(2), join(2));
    state.ask(now, OF, session(2), Ask::Leave);
    assert_eq!(steps(&mut state), ["verify 70"], "once");
    assert!(state.to_renew().is_empty());
    state.verified(now, now, OF, true);
    assert_eq!(steps(&mut state), ["0: 1 joins 70", "0: 1 asks 70", "0: 2 joins 70", "0: 2 asks 70"]);
    assert_eq!(state.to_renew(), [OF]);

    let mut state = State::new(1);
    state.ask(now, OF, session(1), join(1));
    state.ask(now, OF, session(1), Ask::Leave);
    steps(&mut state);
    state.verified(now, now, OF, false);
    assert_eq!(steps(&mut state), ["tell 1 moved 70"]);
    assert!(!state.is_busy());
}

#[test]
fn what_is_asked_of_another_epoch_is_refused() {
    let now = Instant::now();
    let mut state = open(now, 1);
    for of in [LATER, Tenure { room: RoomId(uuid::Uuid::from_u128(8)), epoch: RoomEpoch(70) }] {
        state.ask(now, of, session(2), Ask::Answer { offer: 1, sdp: String::new() });
        assert_eq!(steps(&mut state).len(), 1);
        state.ask(now, of, session(2), Ask::Leave);
        assert!(steps(&mut state).is_empty(), "nobody waits for an answer");
    }
    // Somebody claims to know better, and is wrong.
    state.ask(now, LATER, session(2), join(2));
    assert_eq!(steps(&mut state), ["verify 71"]);
    state.verified(now, now, LATER, false);
    assert_eq!(steps(&mut state), ["tell 2 moved 71"]);
    // Or right: it was elsewhere in between.
    state.ask(now, LATER, session(2), join(2));
    state.verified(now, now, LATER, true);
    assert_eq!(steps(&mut state), ["verify 71", "0: close 70", "0: 2 joins 71"]);
    // Those of before hear it from the room itself; everything else of it is of no interest any more.
    state.output(now, people(OF, 1, &[]));
    state.output(now, told(OF, 1, session(1), Tell::Roster(Roster::default())));
    state.output(now, told(OF, 1, session(1), Tell::Moved));
    assert_eq!(steps(&mut state), ["tell 1 moved 70"]);
    assert_eq!(state.to_renew(), [LATER]);
}

#[test]
fn who_slept_renews_before_anything_is_told_or_accepted() {
    let now = Instant::now();
    for granted in [true, false] {
        let mut state = open(now, 1);
        let late = now + LEASE;
        state.ask(late, OF, session(2), join(2));
        state.output(late, told(OF, 1, session(1), Tell::Roster(Roster::default())));
        state.output(late, told(OF, 1, session(1), Tell::Speaking { active: None, speaking: Vec::new() }));
        assert!(steps(&mut state).is_empty());
        // A renewal from before it fell asleep says nothing.
        state.renewed(late, now, OF, true);
        assert!(steps(&mut state).is_empty());
        state.renewed(late, late, OF, granted);
        let expected: &[&str] = if granted { &["0: 2 joins 70", "tell 1 roster 70"] } else { &["0: close 70", "tell 2 moved 70"] };
        assert_eq!(steps(&mut state), expected);
        assert_eq!(state.to_renew().is_empty(), !granted);
    }
}

#[test]
fn what_waits_is_bounded() {
    let now = Instant::now();
    let mut state = open(now, 1);
    let late = now + LEASE;
    for number in 0..MAX_WAITING as u128 + 2 {
        state.ask(late, OF, session(number), Ask::State { muted: None, hand: Some(true), reaction: None });
        state.ask(late, LATER, session(number), join(number));
    }
    let steps = steps(&mut state);
    assert_eq!(steps.iter().filter(|step| step.contains("busy")).count(), 4, "{steps:?}");
    assert_eq!(steps.iter().filter(|step| step.contains("verify")).count(), 1);
}

#[test]
fn what_is_told_while_the_store_is_away_takes_no_more_room_with_time() {
    let now = Instant::now();
    let mut state = open(now, 1);
    let late = now + LEASE;
    for number in 1..=100 {
        state.output(late, told(OF, number, session(1), Tell::Roster(Roster::default())));
        state.output(late, told(OF, number, session(2), Tell::Roster(Roster::default())));
        state.output(late, people(OF, number, &[1, 2]));
    }
    state.renewed(late, late, OF, true);
    assert_eq!(steps(&mut state), ["tell 1 roster 70", "tell 2 roster 70", "people 2"]);
}

#[test]
fn a_room_is_given_up_when_nobody_is_in_it_or_about_to_be() {
    let now = Instant::now();
    let mut state = open(now, 1);
    state.ask(now, OF, session(1), Ask::Leave);
    state.ask(now, OF, session(2), join(2));
    assert_eq!(steps(&mut state), ["0: 1 asks 70", "0: 2 joins 70"]);
    state.output(now, people(OF, 2, &[]));
    assert_eq!(steps(&mut state), ["people 0"], "somebody is about to come in");
    state.output(now, people(OF, 3, &[2]));
    state.output(now, people(OF, 3, &[]));
    assert_eq!(steps(&mut state), ["people 1", "people 0", "0: close 70", "release 70"]);
    // Until the store knows, nobody is sent to look for it: this node would be found.
    state.ask(now, OF, session(3), join(3));
    assert!(steps(&mut state).is_empty());
    state.released(OF);
    assert_eq!(steps(&mut state), ["tell 3 moved 70"]);
    assert!(!state.is_busy());

    // Whoever joined was refused.
    let mut state = State::new(1);
    state.ask(now, OF, session(1), join(1));
    state.verified(now, now, OF, true);
    steps(&mut state);
    state.tidy(now + EMPTY);
    assert!(steps(&mut state).is_empty());
    state.tidy(now + EMPTY + Duration::from_millis(1));
    assert_eq!(steps(&mut state), ["0: close 70", "release 70"]);
}

#[test]
fn participants_go_with_their_sessions_and_nodes() {
    let now = Instant::now();
    let mut state = open(now, 1);
    for number in 2..=5 {
        state.ask(now, OF, session(number), join(number));
    }
    // Out, and in again before that was known: still in. Out: out.
    state.output(now, told(OF, 1, session(2), Tell::Ended { why: Ending::Connection }));
    state.output(now, told(OF, 5, session(4), Tell::Ended { why: Ending::Connection }));
    steps(&mut state);
    assert_eq!(state.nodes(), [session(0).node, session(1).node]);
    state.gone(OF, session(3).session);
    state.gone(OF, session(3).session);
    state.gone(LATER, session(1).session);
    state.node_gone(session(0).node);
    assert_eq!(steps(&mut state), ["0: 3 is gone from 70", "0: 2 is gone from 70"]);
    assert_eq!(state.nodes(), [session(1).node]);
}

#[test]
fn a_node_that_stops_gives_its_rooms_away_and_serves_whoever_has_not_left() {
    let now = Instant::now();
    let mut state = open(now, 1);
    state.drain();
    assert_eq!(steps(&mut state), ["hand over 70"]);
    // While it is under way everything goes on.
    state.ask(now, OF, session(2), join(2));
    state.output(now, people(OF, 2, &[1, 2]));
    assert_eq!(steps(&mut state), ["0: 2 joins 70", "people 2"]);
    assert!(state.to_renew().is_empty());
    state.renewed(now, now, OF, false);
    assert!(steps(&mut state).is_empty(), "it is the other node's already");
    state.handed_over(OF, false);
    let mut told = steps(&mut state);
    told.sort();
    assert_eq!(told, ["tell 1 moved 70", "tell 2 moved 70"]);
    state.ask(now, OF, session(1), Ask::Answer { offer: 1, sdp: String::new() });
    state.ask(now, OF, session(1), Ask::Leave);
    assert_eq!(steps(&mut state), ["tell 1 moved 70", "0: 1 asks 70"]);
    state.output(now, people(OF, 2, &[2]));
    assert!(state.is_busy());
    state.output(now, people(OF, 2, &[]));
    assert!(!state.is_busy() && steps(&mut state).is_empty());

    // Somebody gave it another one meanwhile.
    state.ask(now, LATER, session(1), join(1));
    state.verified(now, now, LATER, true);
    assert_eq!(steps(&mut state), ["verify 71", "hand over 71"]);
    state.handed_over(LATER, true);
    assert_eq!(steps(&mut state), ["tell 1 moved 71"]);
    assert!(!state.is_busy());
}

#[test]
fn rooms_of_a_shard_that_ended_begin_anew() {
    let now = Instant::now();
    let mut state = open(now, 2);
    let other = Tenure { room: RoomId(uuid::Uuid::from_u128(8)), epoch: RoomEpoch(70) };
    state.ask(now, other, session(2), join(2));
    state.verified(now, now, other, true);
    assert_eq!(steps(&mut state), ["verify 70", "1: 2 joins 70"], "on the idlest shard");
    state.shard_ended(0);
    assert_eq!(steps(&mut state), ["release 70"]);
    assert!(state.can_serve() && state.runs(1) && !state.runs(0));
    state.released(OF);
    assert_eq!(steps(&mut state), ["tell 1 moved 70"]);
    state.ask(now, LATER, session(1), join(1));
    state.verified(now, now, LATER, true);
    assert_eq!(steps(&mut state), ["verify 71", "1: 1 joins 71"]);
    state.shard_ended(1);
    assert!(!state.can_serve());
    steps(&mut state);
    // Nobody should ask any more, but if somebody does, others get the room.
    state.ask(now, OF, session(1), join(1));
    state.verified(now, now, OF, true);
    assert_eq!(steps(&mut state), ["verify 70", "hand over 70"]);
}

#[test]
fn without_shards_rooms_are_served_by_signaling_until_a_media_node_takes_them() {
    let now = Instant::now();
    let mut state = open(now, 0);
    assert_eq!(state.to_upgrade(), [(OF, now)]);
    state.upgrades(OF);
    assert!(state.to_upgrade().is_empty(), "once");
    assert_eq!(state.to_renew(), [OF], "it is served here until then");
    // Whoever is there hears it from the room; nobody has to be served any longer.
    state.handed_over(OF, false);
    assert_eq!(steps(&mut state), ["0: close 70"]);
    assert!(!state.is_busy());
    state.output(now, told(OF, 1, session(1), Tell::Moved));
    assert_eq!(steps(&mut state), ["tell 1 moved 70"]);

    // A node that stops does the same, and if there is no other nobody is in the call any more.
    let mut state = open(now, 0);
    state.drain();
    assert!(state.to_upgrade().is_empty());
    assert_eq!(steps(&mut state), ["hand over 70"]);
    state.handed_over(OF, true);
    assert_eq!(steps(&mut state), ["0: close 70", "people 0"]);
    // With shards rooms stay where they are.
    assert!(open(now, 1).to_upgrade().is_empty());
}

#[test]
fn a_room_that_is_wanted_so_is_served_by_signaling_beside_the_shards() {
    let (mut state, now) = (State::new(2), Instant::now());
    let Ask::Join(mut first) = join(1) else { panic!("a join") };
    first.wants_peers = true;
    state.ask(now, OF, session(1), Ask::Join(first));
    state.ask(now, OF, session(2), join(2));
    state.verified(now, now, OF, true);
    assert_eq!(steps(&mut state), ["verify 70", "2: 1 joins 70", "2: 2 joins 70"]);
    assert_eq!(state.to_upgrade(), [(OF, now)]);
    state.output(now, told(OF, 2, session(2), Tell::Ended { why: Ending::TooManyPeers }));
    assert_eq!(steps(&mut state), ["2 is too many"]);
    // It goes on here, on a shard.
    state.ask(now, LATER, session(1), join(1));
    state.verified(now, now, LATER, true);
    assert_eq!(steps(&mut state), ["verify 71", "2: close 70", "0: 1 joins 71"]);
    state.handed_over(OF, false);
    assert!(steps(&mut state).is_empty());
    assert_eq!(state.to_renew(), [LATER]);
}

#[test]
fn who_was_in_a_room_goes_before_who_wants_something_of_it() {
    let (mut state, now) = (State::new(1), Instant::now());
    let joins = |number, wants_peers, returns| {
        let Ask::Join(join) = join(number) else { panic!("a join") };
        Ask::Join(Box::new(Join { wants_peers, returns, ..*join }))
    };
    state.ask(now, OF, session(1), joins(1, true, false));
    state.ask(now, OF, session(2), joins(2, false, true));
    state.ask(now, OF, session(2), Ask::State { muted: None, hand: Some(true), reaction: None });
    state.verified(now, now, OF, true);
    assert_eq!(steps(&mut state), ["verify 70", "0: 2 joins 70", "0: 2 asks 70", "0: 1 joins 70"]);
}

#[test]
fn a_room_of_those_who_are_refused_is_kept_until_they_have_left() {
    let (mut state, now) = (State::new(0), Instant::now());
    state.ask(now, OF, session(1), join(1));
    state.verified(now, now, OF, true);
    state.output(now, told(OF, 1, session(1), Tell::Refused { why: Refusal::Busy }));
    steps(&mut state);
    let later = now + EMPTY * 2;
    state.tidy(later);
    assert!(steps(&mut state).is_empty());
    state.renewed(later, later, OF, true);
    state.ask(later, OF, session(1), Ask::Leave);
    state.tidy(later);
    assert_eq!(steps(&mut state), ["0: 1 asks 70", "0: close 70", "release 70"]);
}
