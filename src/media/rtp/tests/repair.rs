//! Loss is repaired, and with little more than what was lost. There is no audio here, as its loss is concealed and not repaired.

use std::time::Duration;

use super::link::LinkSettings;
use super::world::World;

#[test]
fn loss_on_the_way_to_a_subscriber_is_repaired() {
    for seed in 1..=5 {
        let mut world = World::new(1, LinkSettings::good(), seed);
        world.publisher.audio = false;
        let one = world.subscribe(LinkSettings::bad(), 0);
        world.run(Duration::from_secs(60));
        world.settle();
        let subscriber = &world.subscribers[one];
        let (holes, seen) = (subscriber.receiver.holes(), subscriber.receiver.video.len() as u64);
        assert!(seen > 1_500 && subscriber.down.lost > seen / 30, "{seen} packets, {} lost", subscriber.down.lost);
        assert!(holes * 1_000 <= seen, "{holes} of {seen} packets are missing");
        let lost = subscriber.down.lost as f64;
        assert!(subscriber.resent as f64 <= 1.2 * lost, "seed {seed}: {} retransmissions for {lost} losses", subscriber.resent);
    }
}

#[test]
fn loss_on_the_way_from_a_publisher_is_repaired_for_all() {
    for seed in 1..=5 {
        let mut world = World::new(3, LinkSettings::bad(), seed);
        world.publisher.audio = false;
        let subscribers = [0, 1, 2].map(|layer| world.subscribe(LinkSettings::good(), layer));
        world.run(Duration::from_secs(30));
        world.settle();
        for subscriber in subscribers {
            let receiver = &world.subscribers[subscriber].receiver;
            let (holes, seen) = (receiver.holes(), receiver.video.len() as u64);
            assert!(seen > 700 && holes * 1_000 <= seen, "{holes} of {seen} packets are missing");
            receiver.check_continuity();
        }
        let (again, lost) = (world.publisher.retransmitted as f64, world.up.lost as f64);
        assert!(lost > 250.0 && again <= 1.2 * lost, "seed {seed}: {again} retransmissions for {lost} losses");
    }
}

#[test]
fn loss_on_both_ways_is_repaired() {
    let mut world = World::new(3, LinkSettings::bad(), 7);
    world.publisher.audio = false;
    let one = world.subscribe(LinkSettings::bad(), 2);
    world.run(Duration::from_secs(60));
    world.settle();
    let subscriber = &world.subscribers[one];
    let (holes, seen) = (subscriber.receiver.holes(), subscriber.receiver.video.len() as u64);
    assert!(seen > 8_000 && holes * 1_000 <= seen, "{holes} of {seen} packets are missing");
    assert!(world.publisher.retransmitted as f64 <= 1.2 * world.up.lost as f64);
    let (again, lost) = (subscriber.resent as f64, subscriber.down.lost as f64);
    assert!(again <= 1.2 * lost, "{again} retransmissions for {lost} losses");
    subscriber.receiver.check_continuity();
    assert_eq!(world.video.encodings()[2].repairs().lost, 0);
}
