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

#[test]
fn a_dozen_who_come_at_once_soon_hear_each_other() {
    let mut world = World::new();
    for _ in 0..12 {
        let index = world.browser("r", &[Source::Microphone]);
        world.join(index, |_| ());
    }
    world.run(500);
    world.assert_all_hear_all("r");
    for browser in &world.browsers {
        let offers = browser.tells.iter().filter(|tell| matches!(tell, Tell::Offer { .. })).count();
        assert!(offers <= 12, "{offers} offers");
    }
}

#[test]
fn there_is_one_offer_at_a_time() {
    let mut world = World::new();
    let slow = world.enter("r", &[]);
    world.browsers[slow].answers = false;
    let offers = |world: &World| world.browsers[slow].tells.iter().filter(|tell| matches!(tell, Tell::Offer { .. })).count();
    let before = offers(&world);
    for _ in 0..3 {
        world.enter("r", &BOTH);
    }
    assert_eq!(offers(&world), before + 1);
    assert_eq!(world.browsers[slow].roster.lines.len(), 6, "the roster says what is to come");
    world.answer(slow);
    world.settle();
    assert_eq!(offers(&world), before + 2, "everything else is in one more");
    world.answer(slow);
    world.settle();
    assert_eq!(offers(&world), before + 2);
    world.assert_all_hear_all("r");
    // An answer to an offer that is not waiting for one changes nothing.
    world.answer(slow);
    world.settle();
    assert_eq!(world.told(slow), []);
}

#[test]
fn what_is_switched_off_and_on_comes_back_on_another_line() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &BOTH), world.enter("r", &[]));
    let lines = |world: &World| world.browsers[ben].roster.lines.iter().map(|line| (line.source, line.mid.clone())).collect::<Vec<_>>();
    let before = lines(&world);
    world.ask(ana, Ask::Publish { source: Source::Camera, on: false });
    assert_eq!(lines(&world), before[..1]);
    world.ask(ana, Ask::Publish { source: Source::Camera, on: true });
    world.run(600);
    assert_eq!(lines(&world).len(), 2);
    world.assert_all_hear_all("r");
    // One that the page puts nothing on is not published.
    world.ask(ana, Ask::Publish { source: Source::Screen, on: true });
    let (.., publish, _) = world.browsers[ana].offer();
    assert!(publish.iter().any(|(_, source)| *source == Source::Screen));
    assert_eq!(lines(&world).len(), 2);
    world.browsers[ana].publishes.push(Source::Screen);
    world.ask(ana, Ask::Publish { source: Source::Screen, on: true });
    world.assert_all_hear_all("r");
}

#[test]
fn layers_that_are_switched_off_and_on_need_not_be_named_again() {
    let mut world = World::new();
    let ana = world.browser("r", &[Source::Camera]);
    world.join(ana, |join| join.simulcast = true);
    let ben = world.enter("r", &[]);
    world.run(1_000);
    world.browsers[ana].names = false;
    world.ask(ana, Ask::Publish { source: Source::Camera, on: false });
    world.run(200);
    world.ask(ana, Ask::Publish { source: Source::Camera, on: true });
    world.run(600);
    world.browsers[ben].received.clear();
    world.run(1_000);
    assert_eq!(world.browsers[ben].heard(), world.expected(ben));
}

#[test]
fn who_lacks_a_codec_gets_nothing_of_it() {
    let mut world = World::new();
    let (_, lacking, other) = (world.enter("r", &BOTH), world.browser("r", &[]), world.browser("r", &[]));
    world.browsers[lacking].lacks = vec!["VP8"];
    world.join(lacking, |_| ());
    world.join(other, |_| ());
    world.run(600);
    assert_eq!(world.browsers[other].heard(), world.expected(other));
    let lines = &world.browsers[lacking].roster.lines;
    assert_eq!(
        lines.iter().map(|line| (line.source, line.paused)).collect::<Vec<_>>(),
        [(Source::Microphone, false), (Source::Camera, true)]
    );
    assert_eq!(world.browsers[lacking].heard().len(), 1);
}

#[test]
fn another_codec_than_the_first_answered_is_found_out_from_its_packets() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &[Source::Camera]), world.enter("r", &[]));
    world.run(600);
    assert_eq!(world.browsers[ben].heard(), world.expected(ben));
    let line = world.browsers[ben].roster.lines[0].mid.clone();
    // H.264, whose keyframes begin with a sequence parameter set (RFC 6184, section 5.2).
    world.browsers[ana].video = (102, &[0x67, 0x42], &[0x41]);
    world.run(300);
    assert_eq!(world.browsers[ben].roster.lines[0].mid, line, "not for a moment");
    world.run(2_500);
    assert_ne!(world.browsers[ben].roster.lines[0].mid, line, "numbers begin anew, so it is another stream");
    world.browsers[ben].received.clear();
    world.run(600);
    assert_eq!(world.browsers[ben].heard(), world.expected(ben));
    assert!(world.told(ben).is_empty());
}

#[test]
fn one_layer_of_several_is_sent_and_none_where_nothing_is_shown() {
    let mut world = World::new();
    let ana = world.browser("r", &[Source::Camera]);
    world.join(ana, |join| join.simulcast = true);
    let ben = world.enter("r", &[]);
    world.run(1_000);
    assert_eq!(world.browsers[ana].sending.len(), 3);
    world.browsers[ben].received.clear();
    world.run(400);
    let count = world.browsers[ben].received.len();
    assert!((9..=11).contains(&count), "{count} packets in 10 frames");
    let show = |world: &mut World, height| {
        let participant = world.session(ana);
        world.ask(ben, Ask::Subscribe { participant, source: Source::Camera, height });
        world.run(1_000);
        world.browsers[ben].received.clear();
        world.run(400);
        world.browsers[ben].received.len()
    };
    assert_eq!(show(&mut world, 0), 0);
    assert!(show(&mut world, 360) >= 9);
    assert!(world.browsers[ben].roster.lines.iter().all(|line| !line.paused), "what is not wanted is not paused");
}
