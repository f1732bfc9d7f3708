//! Calls as they should go.

use super::world::World;
use crate::media::rtp::rtcp::Message;
use crate::store::record::calls::{Ask, Source, Tell};

const BOTH: [Source; 2] = [Source::Microphone, Source::Camera];

fn keyframes_asked(messages: &[Message]) -> usize {
    messages.iter().filter(|message| matches!(message, Message::KeyframeRequest { .. })).count()
}

#[test]
fn three_hear_and_see_each_other() {
    let mut world = World::new();
    for _ in 0..3 {
        world.enter("r", &BOTH);
    }
    world.assert_all_hear_all("r");
    assert_eq!(world.people.last().unwrap().1, ["user0", "user1", "user2"]);
    // The roster is told before the offer that has its lines.
    let tells = &world.browsers[0].tells;
    assert!(matches!(tells[..2], [Tell::Roster(_), Tell::Offer { .. }]));
}

#[test]
fn who_comes_late_sees_at_once() {
    let mut world = World::new();
    let early = world.enter("r", &BOTH);
    world.run(3_000);
    world.browsers[early].messages.clear();
    let late = world.enter("r", &[]);
    world.run(100);
    assert_eq!(keyframes_asked(&world.browsers[early].messages), 1);
    assert_eq!(world.browsers[late].heard(), world.expected(late));
    assert_eq!(world.expected(late).len(), 2);
}

#[test]
fn lines_of_who_has_left_are_used_again_once_the_browser_knows() {
    let mut world = World::new();
    let stays = world.enter("r", &[]);
    let first = world.enter("r", &[Source::Camera]);
    let line = world.browsers[stays].roster.lines[0].mid.clone();
    world.browsers[stays].answers = false;
    world.ask(first, Ask::Leave);
    assert!(world.browsers[stays].roster.lines.is_empty());
    let second = world.enter("r", &[Source::Camera]);
    world.browsers[stays].answers = true;
    world.answer(stays);
    world.settle();
    assert_ne!(world.browsers[stays].roster.lines[0].mid, line, "the browser had not answered yet that the track has ended");
    world.ask(second, Ask::Leave);
    world.enter("r", &[Source::Camera]);
    assert_eq!(world.told(stays), []);
    assert_eq!(world.browsers[stays].roster.lines[0].mid, line);
    world.run(200);
    world.browsers[stays].received.clear();
    world.run(100);
    assert_eq!(world.browsers[stays].heard(), world.expected(stays));
}
