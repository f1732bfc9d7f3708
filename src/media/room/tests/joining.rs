//! Coming, coming again, and not being let in.

use std::time::Duration;

use super::world::{World, settings};
use crate::media::room::{RoomCommand, RoomSettings};
use crate::store::record::calls::{Ask, Ending, Refusal, Source, Tell};

const BOTH: [Source; 2] = [Source::Microphone, Source::Camera];

fn ended(why: Ending) -> Tell {
    Tell::Ended { why }
}

#[test]
fn joining_again_replaces_the_connection_and_others_keep_their_lines() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &BOTH), world.enter("r", &BOTH));
    world.assert_all_hear_all("r");
    let before = world.browsers[ben].roster.clone();
    world.browsers[ben].tells.clear();
    let now = world.now;
    world.browsers[ana].reconnect(now);
    world.join(ana, |_| ());
    world.run(200);
    assert_eq!(world.browsers[ben].roster, before);
    assert!(world.browsers[ben].tells.is_empty(), "{:?}", world.browsers[ben].tells);
    // Numbers go on: the browser takes no packet of the same SSRC and number twice.
    world.assert_all_hear_all("r");
    assert_eq!(world.peers.len(), 2);
    assert_eq!(world.people.len(), 2, "nobody came or went");
}

#[test]
fn joining_again_with_ones_skeleton_keeps_the_connection() {
    let mut world = World::new();
    let (ana, _) = (world.enter("r", &BOTH), world.enter("r", &BOTH));
    let (number, sdp, _, skeleton) = world.browsers[ana].offer();
    world.join(ana, |join| join.skeleton = Some(skeleton));
    let (again, other, ..) = world.browsers[ana].offer();
    assert!(again > number);
    let ufrag = |sdp: &str| sdp.lines().find(|line| line.starts_with("a=ice-ufrag")).unwrap().to_owned();
    assert_ne!(ufrag(&sdp), ufrag(&other), "ICE restarts");
    world.run(3_000);
    world.assert_all_hear_all("r");
    assert_eq!(world.peers.len(), 2);
}

#[test]
fn another_node_goes_on_with_the_same_lines_and_other_ssrcs() {
    let mut world = World::new();
    for _ in 0..3 {
        world.enter("r", &BOTH);
    }
    world.assert_all_hear_all("r");
    world.command(RoomCommand::Close { room: World::room("r") });
    assert!(world.peers.is_empty() && world.rooms.conferences.is_empty() && world.rooms.shared.by_peer.is_empty());
    let mut other = World::new();
    other.now = world.now;
    let mut before = Vec::new();
    for mut browser in world.browsers.drain(..) {
        assert_eq!(browser.tells.pop(), Some(Tell::Moved));
        assert!(!browser.client.closed, "another node goes on with its connection");
        before.push((browser.roster.lines.clone(), browser.lines.clone()));
        browser.reconnect(other.now);
        other.browsers.push(browser);
    }
    for index in 0..3 {
        let (.., skeleton) = other.browsers[index].offer();
        other.join(index, |join| join.skeleton = Some(skeleton));
        other.run(100);
    }
    other.run(600);
    for (browser, (roster, lines)) in other.browsers.iter().zip(before) {
        let mut now = browser.roster.lines.clone();
        let mut then = roster;
        now.sort_by(|one, other| one.mid.cmp(&other.mid));
        then.sort_by(|one, other| one.mid.cmp(&other.mid));
        assert_eq!(now, then);
        assert_eq!(browser.lines.len(), lines.len());
        assert!(browser.lines.keys().all(|ssrc| !lines.contains_key(ssrc)));
    }
    other.assert_all_hear_all("r");
}

#[test]
fn a_room_that_comes_back_to_its_node_has_another_certificate() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &BOTH), world.enter("r", &BOTH));
    let fingerprint = |sdp: &str| sdp.lines().find(|line| line.starts_with("a=fingerprint")).unwrap().to_owned();
    let before = fingerprint(&world.browsers[ana].offer().1);
    assert_eq!(before, fingerprint(&world.browsers[ben].offer().1));
    world.command(RoomCommand::Close { room: World::room("r") });
    let now = world.now;
    for index in [ana, ben] {
        let (.., skeleton) = world.browsers[index].offer();
        world.browsers[index].reconnect(now);
        world.join(index, |join| join.skeleton = Some(skeleton));
        world.run(100);
        assert_ne!(fingerprint(&world.browsers[index].offer().1), before);
    }
    world.run(600);
    world.assert_all_hear_all("r");
}

#[test]
fn a_line_whose_publisher_does_not_come_along_ends() {
    let mut world = World::new();
    let (ana, _) = (world.enter("r", &[]), world.enter("r", &BOTH));
    let (.., skeleton) = world.browsers[ana].offer();
    world.command(RoomCommand::Close { room: World::room("r") });
    let now = world.now;
    world.browsers[ana].reconnect(now);
    world.join(ana, |join| join.skeleton = Some(skeleton));
    world.run(1_000);
    assert_eq!(world.browsers[ana].lines.len(), 3, "sound, picture and its retransmissions are waited for");
    assert!(world.browsers[ana].roster.lines.is_empty());
    world.run(16_000);
    assert!(world.browsers[ana].lines.is_empty());
}

#[test]
fn there_are_limits() {
    let mut world = World::with(RoomSettings { max_participants: 2, max_tracks: 1, ..settings() });
    let ana = world.enter("r", &BOTH);
    assert_eq!(world.told(ana), [Tell::Refused { why: Refusal::TooManyTracks }]);
    world.ask(ana, Ask::Publish { source: Source::Camera, on: true });
    assert_eq!(world.told(ana), [Tell::Refused { why: Refusal::TooManyTracks }]);
    world.enter("r", &[]);
    let third = world.enter("r", &[]);
    assert_eq!(world.told(third), [ended(Ending::Full)]);
    let elsewhere = world.enter("s", &[]);
    assert_eq!(world.told(elsewhere), []);
    // Joining again is not one more.
    let now = world.now;
    world.browsers[ana].reconnect(now);
    world.join(ana, |_| ());
    assert_eq!(world.told(ana), [Tell::Refused { why: Refusal::TooManyTracks }]);
}

#[test]
fn a_skeleton_that_cannot_be_used_is_told() {
    let mut world = World::new();
    let ana = world.browser("r", &BOTH);
    for skeleton in ["", "{}", "\u{0}", &"[".repeat(300_000)] {
        world.join(ana, |join| join.skeleton = Some(skeleton.to_owned()));
        assert_eq!(world.told(ana), [ended(Ending::Skeleton)]);
        assert!(world.peers.is_empty() && world.rooms.conferences.is_empty());
        assert_eq!(world.people.pop().unwrap().1, Vec::<String>::new(), "the room was opened, and is closed");
    }
}

#[test]
fn who_was_not_joined_is_told_so() {
    let mut world = World::new();
    let ana = world.browser("r", &[]);
    world.ask(ana, Ask::Answer { offer: 1, sdp: String::new() });
    world.enter("r", &[]);
    world.ask(ana, Ask::State { muted: None, hand: Some(true), reaction: None });
    assert_eq!(world.told(ana), [ended(Ending::Unknown), ended(Ending::Unknown)]);
    world.ask(ana, Ask::Leave);
    assert_eq!(world.told(ana), []);
}

#[test]
fn who_never_connects_or_falls_silent_is_out() {
    let mut world = World::new();
    let stays = world.enter("r", &[]);
    let mute = world.browser("r", &[Source::Microphone]);
    world.browsers[mute].answers = false;
    world.join(mute, |_| ());
    let silent = world.enter("r", &[Source::Microphone]);
    assert_eq!(world.browsers[stays].roster.participants.len(), 3);
    world.browsers[silent].next_check = world.now + Duration::from_secs(1_000);
    world.browsers[silent].publishes.clear();
    world.run(58_000);
    assert!(world.told(mute).is_empty() && world.told(silent).is_empty());
    world.run(6_000);
    assert_eq!(world.told(mute), [ended(Ending::Connection)]);
    assert_eq!(world.told(silent), [ended(Ending::Connection)]);
    assert_eq!(world.browsers[stays].roster.participants.len(), 1);
}

#[test]
fn who_says_good_bye_on_its_connection_is_out() {
    let mut world = World::new();
    let (ana, _) = (world.enter("r", &BOTH), world.enter("r", &BOTH));
    let (now, from) = (world.now, world.browsers[ana].route);
    for datagram in world.browsers[ana].client.close(now) {
        world.peers.handle(now, from, &datagram);
    }
    world.settle();
    assert_eq!(world.told(ana), [ended(Ending::Connection)]);
    assert_eq!(world.people.last().unwrap().1, ["user1"]);
}
