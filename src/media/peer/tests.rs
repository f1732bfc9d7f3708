#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod client;
mod hostile;

use std::time::Duration;

use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;

use super::*;
use crate::media::sdp::examples::{credentials, fingerprint};
use client::{Abilities, Check, World, header, packet, read, route, server};

const RECEIVER_REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 5];

/// The SSRCs and sequence numbers of the media in there.
fn media(outputs: &[Output]) -> Vec<(u32, u16)> {
    let packet = |output: &Output| {
        if let Output::Rtp(packet) = output {
            Some(read(packet)).map(|packet| (packet.header.ssrc, packet.header.sequence_number))
        } else {
            None
        }
    };
    outputs.iter().filter_map(packet).collect()
}

#[test]
fn media_flows_both_ways_over_gcm() {
    let mut world = World::new(Abilities::default());
    world.connect();
    assert_eq!((world.events.as_slice(), world.peer.is_gcm()), (&[Event::Connected][..], Some(true)));
    assert!(world.client.srtp.as_ref().unwrap().is_gcm());

    let bytes = world.rtp(5, 100);
    let outputs = world.give(world.route, &bytes);
    let [Output::Rtp(plain)] = outputs.as_slice() else { panic!("{outputs:?}") };
    let received = read(plain);
    assert_eq!((received.header.ssrc, &received.payload[..]), (5, &b"payload"[..]));
    let report = world.client.srtp.as_mut().unwrap().seal_rtcp(&RECEIVER_REPORT).unwrap();
    let outputs = world.give(world.route, &report);
    assert!(matches!(outputs.as_slice(), [Output::Rtcp(packet)] if packet[..] == RECEIVER_REPORT));

    assert_eq!(world.peer.destination(world.now), Some(world.route));
    let sealed = world.peer.seal_rtp(&packet(&header(9, 7), b"forwarded")).unwrap();
    let crypto = world.client.identity.provider.clone();
    let packet = world.client.open_rtp(&sealed).unwrap();
    assert_eq!((packet.header.ssrc, &packet.payload[..]), (9, &b"forwarded"[..]));
    let sealed = world.peer.seal_rtcp(&RECEIVER_REPORT).unwrap();
    assert_eq!(world.client.srtp.as_mut().unwrap().open_rtcp(&sealed, crypto.crypto()).unwrap()[..], RECEIVER_REPORT);
}

#[test]
fn a_client_without_gcm_gets_what_it_has() {
    let mut world = World::new(Abilities { profiles: vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80], ..Abilities::default() });
    world.connect();
    assert_eq!(world.peer.is_gcm(), Some(false));
    let bytes = world.rtp(5, 100);
    assert_eq!(media(&world.give(world.route, &bytes)), [(5, 100)]);
}

#[test]
fn packets_come_as_they_were_sent() {
    let mut world = World::new(Abilities::default());
    world.connect();
    let padded = rtc_rtp::Header { padding: true, ..header(5, 1) };
    let sent = packet(&padded, b"abc\0\0\x03");
    let bytes = world.client.srtp.as_mut().unwrap().seal_rtp(&sent).unwrap();
    let outputs = world.give(world.route, &bytes);
    assert!(matches!(outputs.as_slice(), [Output::Rtp(packet)] if *packet == sent));
}

#[test]
fn lost_datagrams_delay_a_handshake_and_do_not_end_it() {
    for seed in 0..40 {
        let mut world = World::lossy(seed, 30, Abilities { mtu: if seed % 2 == 0 { 1200 } else { 150 }, ..Abilities::default() });
        world.answer();
        assert!(world.run(Duration::from_secs(29), World::is_connected), "seed {seed}: {:?}", world.events);
    }
}

#[test]
fn a_hello_in_pieces_before_the_answer_is_kept() {
    let mut world = World::new(Abilities { mtu: 100, ..Abilities::default() });
    assert!(!world.run(Duration::from_millis(1500), World::is_connected));
    world.answer();
    assert!(world.is_connected(), "without another hello: {:?}", world.events);
}

#[test]
fn another_certificate_than_the_announced_one_is_refused() {
    let mut world = World::new(Abilities::default());
    let credentials = world.client.credentials.clone();
    world.peer.answer(world.now, &credentials, fingerprint(1), &mut world.outputs).unwrap();
    world.run(Duration::from_secs(5), |world| !world.events.is_empty());
    assert_eq!(world.events, [Event::Failed(Failure::Fingerprint)]);
    assert_eq!((world.peer.destination(world.now), world.peer.poll_timeout()), (None, None));
    assert!(world.client.srtp.is_none());
}

#[test]
fn a_client_must_have_a_certificate_and_the_extended_master_secret() {
    for abilities in
        [Abilities { certificate: false, ..Abilities::default() }, Abilities { extended_master_secret: false, ..Abilities::default() }]
    {
        let mut world = World::new(abilities);
        world.answer();
        world.run(Duration::from_secs(5), |world| !world.events.is_empty());
        assert!(matches!(world.events.as_slice(), [Event::Failed(_)]), "{:?}", world.events);
    }
}

#[test]
fn the_fingerprint_is_settled_once() {
    let mut world = World::new(Abilities::default());
    world.connect();
    world.answer();
    let credentials = world.client.credentials.clone();
    assert_eq!(world.peer.answer(world.now, &credentials, fingerprint(1), &mut world.outputs), Err(FingerprintChanged));
    assert_eq!(world.peer.destination(world.now), Some(world.route));
}

#[test]
fn who_never_comes_is_given_up() {
    let mut world = World::new(Abilities::default());
    world.answer();
    world.now = world.peer.poll_timeout().unwrap();
    world.peer.handle_timeout(world.now, &mut world.outputs);
    world.settle();
    assert_eq!(world.events, [Event::Failed(Failure::Timeout)]);
}

#[test]
fn without_checks_consent_ends_and_with_them_it_comes_back() {
    let mut world = World::new(Abilities::default());
    world.connect();
    world.now = world.peer.poll_timeout().unwrap();
    assert!(world.peer.destination(world.now).is_none());
    let bytes = world.rtp(5, 1);
    world.peer.handle(world.now, world.route, &bytes, &mut Vec::new());
    world.peer.handle_timeout(world.now, &mut world.outputs);
    world.settle();
    assert_eq!(world.events[1..], [Event::ConsentLost]);
    assert_eq!(world.peer.poll_timeout(), None);
    world.outputs = world.check(Check::default());
    world.settle();
    assert_eq!(world.events[2..], [Event::ConsentRegained]);
    assert_eq!(world.peer.destination(world.now), Some(world.route));
}

#[test]
fn a_new_address_is_followed() {
    let mut world = World::new(Abilities::default());
    world.connect();
    let old = world.route;
    // Nominated: at once. And a TCP connection from the same address is another path.
    world.route = Route { protocol: Protocol::Tcp, ..old };
    world.check(Check { nominates: true, ..Check::default() });
    assert_eq!(world.peer.destination(world.now), Some(world.route));
    // Not nominated, behind a NAT that changed its mind: once the old path is silent.
    world.route = route("198.51.100.7:6000");
    world.check(Check::default());
    assert_ne!(world.peer.destination(world.now), Some(world.route));
    let bytes = world.rtp(5, 1);
    assert_eq!(media(&world.give(world.route, &bytes)), [(5, 1)], "media may come from any path that was checked");
    world.now += Duration::from_secs(4);
    world.check(Check::default());
    assert_eq!(world.peer.destination(world.now), Some(world.route));
}

#[test]
fn ice_can_start_anew_without_a_handshake() {
    let mut world = World::new(Abilities::default());
    world.connect();
    let before = world.peer.credentials().clone();
    world.peer.restart_ice(credentials(50));
    let stale = world.client.check(&before, Check::default());
    assert!(world.give(world.route, &stale).is_empty());
    assert_eq!(world.peer.destination(world.now), Some(world.route), "the old path is used until there is a new one");
    world.client.credentials = credentials(51);
    world.answer();
    assert_eq!(world.check(Check { nominates: true, ..Check::default() }).len(), 1);
    let bytes = world.rtp(5, 1);
    assert_eq!(media(&world.give(world.route, &bytes)), [(5, 1)]);
}

#[test]
fn good_byes_are_said_and_heard() {
    let mut world = World::new(Abilities::default());
    world.connect();
    world.peer.close(world.now, &mut world.outputs);
    world.settle();
    assert!(world.client.closed);
    assert!(world.check(Check::default()).is_empty(), "nothing comes out any more");

    let mut world = World::new(Abilities::default());
    world.connect();
    world.client.endpoint.stop(world.now, server());
    while let Some(transmit) = world.client.endpoint.poll_transmit() {
        world.peer.handle(world.now, world.route, &transmit.message, &mut world.outputs);
    }
    world.settle();
    assert_eq!(world.events[1..], [Event::Closed]);
}
