//! Who speaks, who is muted, whose hand is up, how good connections are.

use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;

use super::world::World;
use crate::store::record::calls::{Ask, Quality, Source, Tell};

fn state(muted: Option<Vec<Source>>, hand: Option<bool>, reaction: Option<&str>) -> Ask {
    Ask::State { muted, hand, reaction: reaction.map(str::to_owned) }
}

fn speaking(active: Option<crate::ids::SessionId>, speaking: &[crate::ids::SessionId]) -> Tell {
    Tell::Speaking { active, speaking: speaking.to_vec() }
}

#[test]
fn who_speaks_is_told_and_who_is_muted_does_not_count() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &[Source::Microphone]), world.enter("r", &[Source::Microphone]));
    let session = world.session(ana);
    world.run(1_000);
    assert_eq!(world.told(ben), []);
    world.browsers[ana].voice = true;
    world.run(1_000);
    assert_eq!(world.told(ben), [speaking(Some(session), &[session])]);
    assert_eq!(world.told(ana).len(), 1);

    let late = world.enter("r", &[]);
    assert_eq!(world.told(late), [speaking(Some(session), &[session])]);

    world.ask(ana, state(Some(vec![Source::Microphone]), None, None));
    world.run(1_000);
    assert_eq!(world.told(ben), [speaking(None, &[])]);
    let shown = &world.browsers[ben].roster.participants[0];
    assert!(shown.tracks[0].muted);
    world.browsers[ben].received.clear();
    world.run(100);
    assert!(!world.browsers[ben].heard().is_empty(), "what a muted microphone sends is passed on");

    world.ask(ana, state(Some(vec![]), None, None));
    world.run(1_000);
    assert_eq!(world.told(ben), [speaking(Some(session), &[session])]);
    world.ask(ana, Ask::Leave);
    world.run(1_000);
    assert_eq!(world.told(ben), [speaking(None, &[])]);
}

#[test]
fn hands_and_reactions_are_seen_by_all() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &[]), world.enter("r", &[]));
    world.ask(ana, state(None, Some(true), None));
    assert!(world.browsers[ben].roster.participants[0].hand);
    world.ask(ana, state(None, None, Some("👏")));
    let expected = Tell::Reaction { participant: world.session(ana), reaction: "👏".to_owned() };
    assert_eq!((world.told(ben), world.told(ana)), (vec![expected.clone()], vec![expected]));
    assert!(world.browsers[ben].roster.participants[0].hand, "what was not said stays");
    world.ask(ana, state(None, None, Some(&"👏".repeat(100))));
    assert_eq!(world.told(ben), []);
}

#[test]
fn a_connection_that_gets_worse_is_told() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &[Source::Microphone]), world.enter("r", &[]));
    let ssrc = world.browsers[ben].line_of(world.session(ana), Source::Microphone);
    for _ in 0..3 {
        let reports = vec![ReceptionReport { ssrc, fraction_lost: 128, ..ReceptionReport::default() }];
        world.report(ben, &[Box::new(ReceiverReport { ssrc: 1, reports, ..ReceiverReport::default() })]);
        world.run(500);
    }
    let of = vec![(world.session(ben), Quality::Poor)];
    assert_eq!(world.told(ana), [Tell::Quality { of: of.clone() }]);
    let late = world.enter("r", &[]);
    assert_eq!(world.told(late), [Tell::Quality { of }]);
}
