//! The limit on bitrate, both ways.

use rtc_rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;

use super::world::{World, settings};
use crate::media::room::RoomSettings;
use crate::media::rtp::rtcp::Message;
use crate::store::record::calls::Source;

/// Larger than the packets of the two lower layers.
const HIGH: usize = 1_000;

/// How many packets somebody gets in ten seconds of the high layer, and of all, on a link that carries anything.
fn of_a_camera_in_three_sizes(max_bitrate: u64) -> (usize, usize) {
    let mut world = World::with(RoomSettings { max_bitrate, ..settings() });
    let ana = world.browser("r", &[Source::Camera]);
    // With headers 50, 140 and 260 kbit/s.
    world.browsers[ana].filling = |_, layer| match layer {
        Some("h") => 1_200,
        Some("m") => 600,
        _ => 150,
    };
    world.join(ana, |join| join.simulcast = true);
    let ben = world.enter("r", &[]);
    for _ in 0..20 {
        world.report(ben, &[Box::new(ReceiverEstimatedMaximumBitrate { sender_ssrc: 1, bitrate: 5_000_000.0, ssrcs: vec![] })]);
        world.run(500);
    }
    let received = &world.browsers[ben].received;
    (received.iter().filter(|(_, packet)| packet.payload.len() > HIGH).count(), received.len())
}

#[test]
fn the_high_layer_never_flows_where_the_limit_is_lower() {
    let (high, all) = of_a_camera_in_three_sizes(200_000);
    assert!(high == 0 && all > 200, "{high} of {all}");
    let (high, all) = of_a_camera_in_three_sizes(2_000_000);
    assert!(high > 200, "{high} of {all} where it is higher");
}

#[test]
fn who_sends_far_too_much_sound_reaches_nobody_with_it_and_is_told_that_it_is_lost() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &[Source::Microphone]), world.enter("r", &[]));
    world.browsers[ana].filling = |_, _| 1_100;
    let mut turn = 10_000;
    let mut flood = |world: &mut World, seconds: u64| {
        for _ in 0..seconds * 50 {
            // With what comes anyway six packets in 20 ms: 2.8 Mbit/s.
            for _ in 0..5 {
                turn += 1;
                for packet in world.browsers[ana].media(turn) {
                    world.peers.handle(world.now, world.browsers[ana].route, &packet);
                }
            }
            world.run(20);
        }
    };
    flood(&mut world, 5);
    world.browsers[ben].received.clear();
    world.browsers[ana].messages.clear();
    flood(&mut world, 4);
    let bits: usize = world.browsers[ben].received.iter().map(|(_, packet)| packet.payload.len() * 8).sum();
    assert!((900_000..1_250_000).contains(&(bits / 4)), "{} bits a second came through", bits / 4);
    let is_loss = |message: &Message| matches!(message, Message::Reception(block) if block.fraction_lost > 100);
    assert!(world.browsers[ana].messages.iter().any(is_loss), "its reports say so");

    world.browsers[ana].filling = |_, _| 0;
    world.run(2_000);
    world.browsers[ben].received.clear();
    world.run(1_000);
    assert_eq!(world.browsers[ben].received.len(), 50, "of what is no more than it may be nothing is lost");
}
