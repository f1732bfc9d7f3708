//! What a subscriber gets goes on whatever happens to layers and publishers.

use std::time::Duration;

use super::link::{LinkSettings, Random};
use super::world::{World, id};
use crate::media::rtp::track::Target;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn numbers_go_on_across_layer_switches() {
    for seed in 1..=3 {
        let mut world = World::new(3, LinkSettings { loss: 0.02, ..LinkSettings::bad() }, seed);
        let one = world.subscribe(LinkSettings::bad(), 0);
        for layer in [0, 2, 1, 0, 1, 2, 0] {
            world.video.set_target(id(one), Some(Target::whole(layer)));
            world.run(3 * SECOND);
        }
        world.settle();
        let receiver = &world.subscribers[one].receiver;
        assert_eq!((receiver.check_continuity(), receiver.holes()), (6, 0));
        assert!(receiver.longest_freeze(world.start + SECOND) < SECOND / 2, "{:?}", receiver.longest_freeze(world.start + SECOND));
    }
}

#[test]
fn temporal_layers_can_be_left_out() {
    let mut world = World::new(1, LinkSettings { loss: 0.02, ..LinkSettings::bad() }, 3);
    let one = world.subscribe(LinkSettings::bad(), 0);
    let mut counted = Vec::new();
    for temporal_layer in [2, 0, 1, 2] {
        world.video.set_target(id(one), Some(Target { encoding: 0, temporal_layer }));
        let before = world.subscribers[one].receiver.video.len();
        world.run(4 * SECOND);
        counted.push(world.subscribers[one].receiver.video.len() - before);
    }
    world.settle();
    let receiver = &world.subscribers[one].receiver;
    assert!(receiver.holes() < 3 && receiver.frames().len() > 200);
    assert!(counted[1] < counted[0] * 2 / 5 && counted[2] < counted[0] * 7 / 10 && counted[3] > counted[0] * 9 / 10, "{counted:?}");
}

#[test]
fn a_pause_and_a_new_beginning_need_a_keyframe() {
    let mut world = World::new(3, LinkSettings::good(), 5);
    let one = world.subscribe(LinkSettings::good(), 1);
    world.run(2 * SECOND);
    world.video.set_target(id(one), None);
    world.run(SECOND / 10);
    let seen = world.subscribers[one].receiver.video.len();
    world.run(3 * SECOND);
    assert_eq!(world.subscribers[one].receiver.video.len(), seen, "nothing while paused");
    world.video.set_target(id(one), Some(Target::whole(1)));
    world.run(2 * SECOND);
    world.settle();
    let receiver = &world.subscribers[one].receiver;
    receiver.check_continuity();
    assert_eq!(receiver.holes(), 0);
    assert!(receiver.video.len() > seen + 60);
}

#[test]
fn a_publisher_that_begins_anew_is_followed() {
    for ssrc in [None, Some(55)] {
        let mut world = World::new(3, LinkSettings::good(), 6);
        let one = world.subscribe(LinkSettings::good(), 1);
        world.run(2 * SECOND);
        world.publisher.restart(1, ssrc);
        world.run(2 * SECOND);
        world.settle();
        let receiver = &world.subscribers[one].receiver;
        receiver.check_continuity();
        assert_eq!(receiver.holes(), 0);
        assert!(receiver.longest_freeze(world.start) < SECOND / 3, "{:?}", receiver.longest_freeze(world.start));
    }
}

#[test]
fn keyframes_are_asked_for_twice_a_second_at_most() {
    let mut world = World::new(3, LinkSettings::bad(), 8);
    for layer in 0..60 {
        world.subscribe(LinkSettings::good(), layer % 3);
        world.run(SECOND / 20);
    }
    let wanted: Vec<_> = (0..60).map(|subscriber| world.subscribers[subscriber].receiver.video.len()).collect();
    world.run(SECOND);
    for (subscriber, before) in wanted.into_iter().enumerate() {
        assert!(world.subscribers[subscriber].receiver.video.len() > before, "{subscriber} sees nothing");
    }
    for ssrc in 1..=3 {
        let times: Vec<_> = world.publisher.keyframe_requests.iter().filter(|(_, of)| *of == ssrc).map(|(at, _)| *at).collect();
        assert!(times.len() > 3);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] > SECOND * 2 / 5), "{times:?}");
    }
}

/// A link as bad as any: up to 20 % loss, 290 ms round trip, 40 ms jitter and 5 % reordered by 30 ms.
fn awful(random: &mut Random) -> LinkSettings {
    let mut up_to = |most: f64| Duration::from_secs_f64(random.share() * most / 1_000.0);
    let (delay, jitter, reordered_by) = (Duration::from_millis(25) + up_to(120.0), up_to(40.0), up_to(30.0));
    let (loss, reordered) = (random.share() * 0.2, random.share() * 0.05);
    LinkSettings { delay, jitter, loss, reordered, reordered_by, ..LinkSettings::good() }
}

#[test]
fn whatever_happens_the_stream_stays_one() {
    for seed in 1..=6 {
        let mut random = Random::new(seed);
        let mut world = World::new(3, awful(&mut random), seed);
        let one = world.subscribe(awful(&mut random), 0);
        for _ in 0..15 {
            let choice = random.next() as usize % 4;
            world.video.set_target(id(one), (choice < 3).then(|| Target::whole(choice)));
            if random.next().is_multiple_of(8) {
                let ssrc = random.next().is_multiple_of(2).then(|| 200 + random.next() as u32 % 100);
                world.publisher.restart(random.next() as usize % 3, ssrc);
            }
            world.run(Duration::from_millis(300 + random.next() % 3_000));
        }
        world.video.set_target(id(one), Some(Target::whole(1)));
        world.run(4 * SECOND);
        let receiver = &world.subscribers[one].receiver;
        receiver.check_continuity();
        let last = receiver.frames().pop().unwrap();
        assert!(last.first.layer == 1 && world.now - last.began < SECOND, "seed {seed}: video goes on");
    }
}
