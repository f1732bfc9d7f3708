//! RTCP both ways.

use rtc_rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};

use super::world::World;
use crate::media::rtp::rtcp::Message;
use crate::store::record::calls::Source;

const BOTH: [Source; 2] = [Source::Microphone, Source::Camera];

#[test]
fn publishers_are_told_what_came_and_asked_for_what_did_not() {
    let mut world = World::new();
    let ana = world.enter("r", &BOTH);
    world.run(2_100);
    let messages = std::mem::take(&mut world.browsers[ana].messages);
    let feedback = messages.iter().filter(|message| matches!(message, Message::TransportFeedback(_))).count();
    assert!((35..=45).contains(&feedback), "{feedback} in two seconds");
    let reports = messages.iter().filter(|message| matches!(message, Message::Reception(_))).count();
    assert!((4..=6).contains(&reports), "{reports} for two streams in two seconds");
    assert!(!messages.iter().any(|message| matches!(message, Message::KeyframeRequest { .. })), "nobody looks");

    let video = world.browsers[ana].sending.iter_mut().find(|sending| sending.source == Source::Camera).unwrap();
    video.sequence += 1;
    let (ssrc, missing) = (video.ssrc, video.sequence);
    world.run(200);
    let asked = world.browsers[ana].messages.iter().find(|message| matches!(message, Message::Nack { .. }));
    assert_eq!(asked, Some(&Message::Nack { ssrc, numbers: vec![missing] }));
}

#[test]
fn what_a_subscriber_misses_is_sent_again_on_the_retransmission_stream() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &BOTH), world.enter("r", &[]));
    world.run(1_000);
    let media_ssrc = world.browsers[ben].line_of(world.session(ana), Source::Camera);
    let numbers: Vec<u16> = {
        let received = world.browsers[ben].received.iter().rev().filter(|(_, packet)| packet.header.ssrc == media_ssrc);
        received.take(3).map(|(_, packet)| packet.header.sequence_number).collect()
    };
    let nacks = nack_pairs_from_sequence_numbers(&numbers);
    world.report(ben, &[Box::new(TransportLayerNack { sender_ssrc: 1, media_ssrc, nacks })]);
    assert_eq!(world.browsers[ben].repairs, 3);
}

#[test]
fn clocks_of_publishers_reach_subscribers() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &[Source::Microphone]), world.enter("r", &[]));
    world.run(200);
    let ssrc = world.browsers[ana].sending[0].ssrc;
    world.report(ana, &[Box::new(SenderReport { ssrc, ntp_time: 7 << 32, rtp_time: 5, ..SenderReport::default() })]);
    world.run(2_000);
    let line = world.browsers[ben].line_of(world.session(ana), Source::Microphone);
    let reports = world.browsers[ben].messages.iter().filter_map(|message| match message {
        Message::SenderReport(report) => Some(report),
        _ => None,
    });
    let reports: Vec<_> = reports.collect();
    assert_eq!(reports.len(), 2);
    assert!(reports.iter().all(|report| report.ssrc == line && (7..10).contains(&(report.ntp_time >> 32))));
}

#[test]
fn video_is_paused_before_sound_and_the_roster_says_so() {
    let mut world = World::new();
    let (_, ben) = (world.enter("r", &BOTH), world.enter("r", &[]));
    world.run(2_000);
    let receives = |world: &mut World, bitrate: f32| {
        for _ in 0..4 {
            world.report(ben, &[Box::new(ReceiverEstimatedMaximumBitrate { sender_ssrc: 1, bitrate, ssrcs: vec![] })]);
            world.run(500);
        }
        world.browsers[ben].received.clear();
        world.run(200);
        let paused = world.browsers[ben].roster.lines.iter().filter(|line| line.paused).map(|line| line.source).collect::<Vec<_>>();
        (paused, world.browsers[ben].heard().len())
    };
    assert_eq!(receives(&mut world, 10_000.0), (vec![Source::Camera], 1));
    assert_eq!(receives(&mut world, 5_000_000.0), (vec![], 2));
}
