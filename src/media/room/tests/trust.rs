//! What participants cannot do to others.

use rtc_rtcp::payload_feedbacks::full_intra_request::{FirEntry, FullIntraRequest};
use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};

use super::world::World;
use crate::ids::SessionId;
use crate::media::rtp::rtcp::Message;
use crate::store::record::calls::{Ask, Refusal, Source, Tell};

const BOTH: [Source; 2] = [Source::Microphone, Source::Camera];

#[test]
fn rtcp_about_what_is_somebody_elses_changes_nothing() {
    let mut world = World::new();
    let (ana, ben, eve) = (world.enter("r", &BOTH), world.enter("r", &BOTH), world.enter("s", &BOTH));
    world.run(2_000);
    let theirs: Vec<u32> =
        world.browsers[ben].lines.keys().copied().chain(world.browsers[ana].sending.iter().map(|sending| sending.ssrc)).collect();
    let received = [ana, ben].map(|index| world.browsers[index].received.len());
    world.browsers[ana].messages.clear();
    for ssrc in theirs {
        let nacks = nack_pairs_from_sequence_numbers(&(0..1000).collect::<Vec<u16>>());
        world.report(
            eve,
            &[
                Box::new(PictureLossIndication { sender_ssrc: 1, media_ssrc: ssrc }),
                Box::new(FullIntraRequest { sender_ssrc: 1, media_ssrc: 0, fir: vec![FirEntry { ssrc, sequence_number: 1 }] }),
                Box::new(TransportLayerNack { sender_ssrc: 1, media_ssrc: ssrc, nacks }),
                Box::new(SenderReport { ssrc, ..SenderReport::default() }),
            ],
        );
    }
    assert_eq!([ana, ben].map(|index| world.browsers[index].received.len()), received);
    assert_eq!((world.browsers[ana].repairs, world.browsers[ben].repairs, world.browsers[eve].repairs), (0, 0, 0));
    world.run(100);
    assert!(!world.browsers[ana].messages.iter().any(|message| matches!(message, Message::KeyframeRequest { .. } | Message::Nack { .. })));
}

#[test]
fn wishes_about_others_are_ones_own() {
    let mut world = World::new();
    let (ana, ben, eve) = (world.enter("r", &BOTH), world.enter("r", &[]), world.enter("s", &[]));
    for participant in [world.session(ana), world.session(eve), SessionId::random()] {
        world.ask(eve, Ask::Subscribe { participant, source: Source::Camera, height: 0 });
    }
    world.run(600);
    world.browsers[ben].received.clear();
    world.run(100);
    assert_eq!(world.browsers[ben].heard(), world.expected(ben));
    assert!(world.browsers[eve].heard().is_empty());
}

#[test]
fn a_stream_id_that_somebody_has_is_given_to_nobody_else() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &BOTH), world.browser("r", &BOTH));
    world.browsers[ben].stream = world.browsers[ana].stream.clone();
    world.join(ben, |_| ());
    world.run(100);
    let streams: Vec<Vec<String>> = {
        let participants = world.browsers[ana].roster.participants.iter();
        participants.map(|participant| participant.tracks.iter().map(|track| track.stream.clone()).collect()).collect()
    };
    assert_eq!(streams[0], [world.browsers[ana].stream.clone(), world.browsers[ana].stream.clone()]);
    assert_eq!(streams[1][0], streams[1][1], "sound and picture stay together");
    assert_ne!(streams[0][0], streams[1][0]);
    let (_, sdp, ..) = world.browsers[ana].offer();
    assert!(sdp.contains(&format!("a=msid:{} ", streams[1][0])));
    world.assert_all_hear_all("r");
}

#[test]
fn answers_that_are_none_are_refused_and_the_connection_stays() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &BOTH), world.enter("r", &[]));
    world.browsers[ana].answers = false;
    world.browsers[ben].publishes = BOTH.to_vec();
    world.ask(ben, Ask::Publish { source: Source::Microphone, on: true });
    world.ask(ben, Ask::Publish { source: Source::Camera, on: true });
    let (offer, good) = world.browsers[ana].answer();
    let other = crate::media::sdp::examples::fingerprint(9).to_string();
    let own = world.browsers[ana].client.identity.fingerprint().to_string();
    world.told(ana);
    let bad = [
        String::new(),
        "v=0".to_owned(),
        "x".repeat(1 << 20),
        good.replace("a=setup:active", "a=setup:passive"),
        good.replacen("a=recvonly", "a=sendrecv", 1),
        good.replace("UDP/TLS/RTP/SAVPF 111", "UDP/TLS/RTP/SAVPF 0"),
        good.replace(&own, &other),
        good.replace("a=mid:0", "a=mid:9"),
    ];
    for (place, sdp) in bad.into_iter().enumerate() {
        world.ask(ana, Ask::Answer { offer, sdp });
        let told = world.told(ana);
        assert!(matches!(told.as_slice(), [Tell::Refused { why: Refusal::Answer(_) }]), "{place}: {told:?}");
        world.run(20);
    }
    world.browsers[ben].received.clear();
    world.run(100);
    assert_eq!(world.browsers[ben].heard().len(), 2, "what went on before goes on");
    world.browsers[ana].answers = true;
    world.ask(ana, Ask::Answer { offer, sdp: good });
    world.assert_all_hear_all("r");
}

#[test]
fn packets_that_name_no_track_of_ones_own_go_nowhere() {
    let mut world = World::new();
    let (ana, ben) = (world.enter("r", &[Source::Microphone]), world.enter("r", &[]));
    let now = world.now;
    for packet in 0..200_u16 {
        let header = crate::media::peer::tests::client::header(77_000 + u32::from(packet % 40), packet);
        let plain = crate::media::peer::tests::client::packet(&header, &[0x10, 0, 0, 0]);
        let sealed = world.browsers[ana].client.srtp.as_mut().unwrap().seal_rtp(&plain).unwrap();
        let from = world.browsers[ana].route;
        world.peers.handle(now, from, &sealed);
    }
    world.settle();
    world.run(100);
    assert_eq!(world.browsers[ben].heard(), world.expected(ben));
}
