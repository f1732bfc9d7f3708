//! What is sent follows what the link carries, and sound goes on whatever happens to the picture.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::link::LinkSettings;
use super::publisher::HEIGHTS;
use super::world::World;

const SECOND: Duration = Duration::from_secs(1);
const KBPS: u64 = 1_000;

/// A subscriber who shows the largest picture, behind a link of this rate and with a queue of so many bytes.
fn world(rate: u64, queue: usize, seed: u64) -> World {
    let mut world = World::new(3, LinkSettings::good(), seed);
    let jitter = Duration::from_millis(4);
    world.subscribe(LinkSettings { rate: Some(rate), queue, jitter, ..LinkSettings::good() }, 0);
    world.subscribers[0].shows = Some(HEIGHTS[2]);
    world
}

/// The mean estimate over so many seconds up to now.
fn estimate(world: &World, seconds: usize) -> u64 {
    let estimates = &world.subscribers[0].estimates;
    estimates[estimates.len() - 10 * seconds..].iter().sum::<u64>() / (10 * seconds as u64)
}

/// The layers of the frames that came in the last so many seconds.
fn layers(world: &World, seconds: u32) -> [usize; 3] {
    let from = world.now - SECOND * seconds;
    let mut layers = [0; 3];
    for frame in world.subscribers[0].receiver.frames().iter().filter(|frame| frame.complete >= from) {
        layers[usize::from(frame.first.layer)] += 1;
    }
    layers
}

#[test]
fn the_estimate_follows_the_link_and_sound_never_stops() {
    for (seed, queue) in [(1, 12_000), (2, 30_000), (3, 60_000)] {
        let mut world = world(2_000 * KBPS, queue, seed);
        let phases: [(u64, RangeInclusive<u64>); 3] = [(2_000, 1_700..=2_300), (300, 220..=330), (2_000, 1_700..=2_300)];
        for (rate, expected) in phases {
            world.subscribers[0].down.settings.rate = Some(rate * KBPS);
            world.run(20 * SECOND);
            let estimated = estimate(&world, 10) / KBPS;
            assert!(expected.contains(&estimated), "{estimated} kbps estimated where {rate} are possible");
        }
        let receiver = &world.subscribers[0].receiver;
        let silences = receiver.audio.windows(2).map(|pair| pair[1].0 - pair[0].0);
        let (published, heard) = (60 * 50, receiver.audio.len());
        assert!(silences.max().unwrap() < SECOND * 3 / 10 && heard * 100 >= published * 99, "{heard} of {published} sounds");
        assert!(receiver.longest_freeze(world.start) < SECOND, "{:?}", receiver.longest_freeze(world.start));
        receiver.check_continuity();
    }
}

#[test]
fn the_best_picture_is_kept_where_it_fits() {
    for (rate, expected) in [(3_000, [0, 0, 1]), (800, [0, 1, 0]), (350, [1, 0, 0])] {
        let mut world = world(rate * KBPS, 40_000, 7);
        world.run(30 * SECOND);
        let layers = layers(&world, 20);
        assert_eq!(layers.map(|frames| usize::from(frames > 300)), expected, "{rate} kbps: {layers:?}");
    }
}

#[test]
fn small_pictures_get_small_layers() {
    let mut world = world(10_000 * KBPS, 100_000, 7);
    for (shows, layer) in [(180, 0), (720, 2), (300, 1), (0, 3)] {
        world.subscribers[0].shows = Some(shows);
        world.run(6 * SECOND);
        let mut expected = [0; 4];
        expected[layer] = 1;
        assert_eq!(layers(&world, 1).map(|frames| usize::from(frames > 0)), expected[..3], "{shows} lines");
    }
    assert!(world.subscribers[0].receiver.longest_freeze(world.start) < SECOND / 2);
}

#[test]
fn a_link_that_only_loses_packets_is_not_taken_for_a_slow_one() {
    let mut world = World::new(3, LinkSettings::good(), 3);
    world.subscribe(LinkSettings { rate: Some(5_000 * KBPS), queue: 60_000, loss: 0.01, ..LinkSettings::bad() }, 0);
    world.subscribers[0].shows = Some(HEIGHTS[2]);
    world.run(40 * SECOND);
    let layers = layers(&world, 10);
    assert!(layers[2] > 250, "{layers:?}");
}

#[test]
fn video_is_paused_before_audio() {
    let mut world = world(90 * KBPS, 8_000, 5);
    world.run(30 * SECOND);
    let receiver = &world.subscribers[0].receiver;
    let heard = receiver.audio.iter().filter(|(at, _)| *at >= world.now - 20 * SECOND).count();
    assert!(heard >= 990, "{heard} of 1000 sounds");
    assert_eq!(layers(&world, 5), [0, 0, 0]);
    world.subscribers[0].down.settings.rate = Some(2_000 * KBPS);
    world.run(20 * SECOND);
    let layers = layers(&world, 3);
    assert!(layers[1] + layers[2] > 80, "{layers:?}");
}
