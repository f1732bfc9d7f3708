//! What somebody without the keys can do: nothing.

use proptest::prelude::*;
use rtc_stun::error_code::ErrorCodeAttribute;
use rtc_stun::message::{BINDING_ERROR, BINDING_SUCCESS, Getter, Message};
use rtc_stun::uattrs::UnknownAttributes;
use rtc_stun::xoraddr::XorMappedAddress;

use super::*;

fn connected() -> World {
    let mut world = World::new(Abilities::default());
    world.connect();
    world
}

fn stun(outputs: &[Output]) -> Message {
    let [Output::Send(_, bytes)] = outputs else { panic!("{outputs:?}") };
    let mut message = Message::new();
    message.unmarshal_binary(bytes).unwrap();
    message
}

/// A DTLS record.
fn record(kind: u8, epoch: u16, sequence: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0xfe, 0xfd];
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes()[2..]);
    bytes.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(content);
    bytes
}

/// A handshake message, or a fragment of one.
fn message(kind: u8, sequence: u16, length: u32, offset: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&length.to_be_bytes()[1..]);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&offset.to_be_bytes()[1..]);
    bytes.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn an_authentic_check_is_answered_with_where_it_came_from() {
    let mut world = World::new(Abilities::default());
    let answer = stun(&world.check(Check::default()));
    assert_eq!(answer.typ, BINDING_SUCCESS);
    let mut address = XorMappedAddress::default();
    address.get_from(&answer).unwrap();
    assert_eq!((address.ip, address.port), (world.route.address.ip(), world.route.address.port()));
    let raw = answer.raw.clone();
    assert!(rtc_stun::fingerprint::FINGERPRINT.check(&answer).is_ok());
    let mut answer = Message::new();
    answer.unmarshal_binary(&raw).unwrap();
    let password = world.peer.credentials().password.as_str().as_bytes().to_vec();
    let provider = world.client.identity.provider.clone();
    assert!(rtc_stun::integrity::MessageIntegrity::check(&mut answer, &password, provider.crypto()).is_ok());
}

#[test]
fn conflicts_of_roles_and_unknown_attributes_are_told() {
    let mut world = World::new(Abilities::default());
    let code = |message: &Message| {
        let mut code = ErrorCodeAttribute::default();
        code.get_from(message).unwrap();
        (message.typ == BINDING_ERROR, code.code.0)
    };
    let answer = stun(&world.check(Check { controlled: true, ..Check::default() }));
    assert_eq!(code(&answer), (true, 487));
    let answer = stun(&world.check(Check { unknown: Some(0x7ffe), ..Check::default() }));
    assert_eq!(code(&answer), (true, 420));
    let mut unknown = UnknownAttributes(vec![]);
    unknown.get_from(&answer).unwrap();
    assert_eq!(unknown.0.iter().map(|kind| kind.value()).collect::<Vec<_>>(), [0x7ffe]);
    assert_eq!(world.peer.destination(world.now), None);
    assert_eq!(stun(&world.check(Check { unknown: Some(0x9ffe), ..Check::default() })).typ, BINDING_SUCCESS);
}

#[test]
fn checks_without_the_password_change_nothing() {
    let mut world = connected();
    let elsewhere = route("203.0.113.9:4444");
    let right = world.peer.credentials().clone();
    let wrong_password = Credentials { password: credentials(3).password, ..right.clone() };
    let wrong_name = Credentials { ufrag: credentials(3).ufrag, ..right.clone() };
    let nominates = Check { nominates: true, ..Check::default() };
    for server in [wrong_password, wrong_name] {
        let bytes = world.client.check(&server, nominates);
        assert!(world.give(elsewhere, &bytes).is_empty());
    }
    let good = world.client.check(&right, nominates);
    for end in [1, 19, 20, 40, good.len() - 9, good.len() - 8, good.len() - 1] {
        assert!(world.give(elsewhere, &good[..end]).is_empty());
    }
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        assert!(world.give(elsewhere, &bytes).is_empty(), "byte {place}");
    }
    let longer = [good.as_slice(), &[0; 4]].concat();
    assert!(world.give(elsewhere, &longer).is_empty());
    assert_eq!(world.peer.destination(world.now), Some(world.route));
    assert_eq!(world.give(elsewhere, &good).len(), 1, "the last one was good");
}

#[test]
fn a_check_that_was_caught_and_sent_from_elsewhere_draws_nothing_there() {
    let mut world = connected();
    let bytes = world.client.check(&world.peer.credentials().clone(), Check { nominates: true, ..Check::default() });
    assert_eq!(world.give(world.route, &bytes).len(), 1);
    assert!(world.give(route("203.0.113.9:4444"), &bytes).is_empty());
    assert_eq!(world.give(world.route, &bytes).len(), 1, "a retransmission");
    assert_eq!(world.peer.destination(world.now), Some(world.route));
}

#[test]
fn a_flood_of_checks_is_answered_in_part_and_remembered_within_bounds() {
    let mut world = connected();
    world.now += Duration::from_secs(2);
    let answers: usize = (0..1000).map(|_| world.check(Check::default()).len()).sum();
    assert_eq!(answers, 50);
    let old = world.route;
    for port in 1..=300 {
        world.route = route(&format!("203.0.113.9:{port}"));
        world.check(Check::default());
    }
    let bytes = world.rtp(5, 1);
    assert!(world.give(route("203.0.113.9:1"), &bytes).is_empty(), "the oldest paths are forgotten");
    assert_eq!(media(&world.give(old, &bytes)), [(5, 1)], "the path in use is not");
    assert_eq!(world.peer.destination(world.now), Some(old));
}

#[test]
fn only_checked_paths_are_listened_to() {
    let mut world = connected();
    let bytes = world.rtp(5, 1);
    assert!(world.give(route("203.0.113.9:4444"), &bytes).is_empty());
    assert!(world.give(Route { protocol: Protocol::Tcp, ..world.route }, &bytes).is_empty());
    assert_eq!(media(&world.give(world.route, &bytes)), [(5, 1)]);

    let mut world = World::new(Abilities::default());
    world.answer();
    let hello = record(22, 0, 0, &message(1, 0, 4, 0, &[0; 4]));
    assert!(world.give(world.route, &hello).is_empty());
}

#[test]
fn media_counts_once() {
    let mut world = connected();
    let packets: Vec<BytesMut> = (0..1100).map(|number| world.rtp(5, number)).collect();
    assert_eq!(media(&world.give(world.route, &packets[1])), [(5, 1)]);
    assert!(world.give(world.route, &packets[1]).is_empty());
    assert_eq!(media(&world.give(world.route, &packets[1099])), [(5, 1099)]);
    assert!(world.give(world.route, &packets[1]).is_empty() && world.give(world.route, &packets[0]).is_empty());
    assert_eq!(media(&world.give(world.route, &packets[1098])), [(5, 1098)], "late is not again");
    let report = world.client.srtp.as_mut().unwrap().seal_rtcp(&RECEIVER_REPORT).unwrap();
    assert_eq!(world.give(world.route, &report).len(), 1);
    assert!(world.give(world.route, &report).is_empty());
}

#[test]
fn forged_media_is_dropped_and_leaves_no_trace() {
    let mut world = connected();
    let good = world.rtp(5, 1);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        assert!(world.give(world.route, &bytes).is_empty(), "byte {place}");
    }
    let mut forged = vec![0x80; 60];
    for ssrc in 0..5000_u32 {
        forged[1] = if ssrc % 2 == 0 { 96 } else { 201 };
        forged[4..8].copy_from_slice(&ssrc.to_be_bytes());
        forged[8..12].copy_from_slice(&ssrc.to_be_bytes());
        assert!(world.give(world.route, &forged).is_empty());
    }
    assert_eq!(media(&world.give(world.route, &good)), [(5, 1)]);
}

#[test]
fn a_participant_has_so_many_ssrcs_and_no_more() {
    let mut world = connected();
    let taken = (0..100).filter(|ssrc| {
        let bytes = world.rtp(*ssrc, 1);
        !world.give(world.route, &bytes).is_empty()
    });
    assert_eq!(taken.count(), 64);
    let bytes = world.rtp(0, 2);
    assert_eq!(media(&world.give(world.route, &bytes)), [(0, 2)]);
}

#[test]
fn forged_records_end_nothing() {
    let mut world = connected();
    let forged = [
        record(21, 0, 900, &[2, 40]),
        record(21, 1, 900, &[1, 0]),
        record(20, 0, 900, &[1]),
        record(23, 0, 900, b"data"),
        record(23, 1, 900, b"data"),
        record(22, 1, 900, &[0; 40]),
        record(22, 0, 900, &message(1, 0, 4, 0, &[0; 4])),
        record(99, 0, 900, b"x"),
    ];
    for bytes in &forged {
        let outputs = world.give(world.route, bytes);
        assert!(!outputs.iter().any(|output| matches!(output, Output::Event(_))), "{outputs:?}");
    }
    // Repeats of the last flight are answered some times, since that may have been lost, and not for ever.
    let answered = (0..2000).filter(|sequence| {
        let bytes = record(22, 0, 1000 + sequence, &message(11, 4, 200, 0, &[0; 100]));
        !world.give(world.route, &bytes).is_empty()
    });
    assert!(answered.count() <= 8);
    let bytes = world.rtp(5, 1);
    assert_eq!(media(&world.give(world.route, &bytes)), [(5, 1)]);
    let last = record(22, 0, 9000, &message(11, 4, 200, 0, &[0; 100]));
    assert!(world.give(world.route, &last).is_empty());
}

#[test]
fn fragments_of_a_handshake_are_counted() {
    let mut world = World::new(Abilities::default());
    world.check(Check { nominates: true, ..Check::default() });
    world.answer();
    for sequence in 0..100_000_u32 {
        let tiny = record(22, 0, u64::from(sequence), &message(1, 0, 10_000, sequence % 10_000, &[1]));
        assert!(world.give(world.route, &tiny).is_empty());
    }
    assert!(world.run(Duration::from_secs(5), World::is_connected), "what was dropped was not counted");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(datagrams in proptest::collection::vec((0_u8..4, proptest::collection::vec(any::<u8>(), 0..200)), 1..40)) {
        let mut world = World::new(Abilities::default());
        world.check(Check { nominates: true, ..Check::default() });
        world.answer();
        for (kind, mut bytes) in datagrams {
            let first = [0, 22, 128, 144][usize::from(kind)];
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            world.give(world.route, &bytes);
        }
    }

    #[test]
    fn no_damage_to_a_handshake_makes_it_panic(seed: u64, loss in 0_u32..20, damage in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut world = World::lossy(seed, loss, Abilities::default());
        world.answer();
        world.damage = damage;
        world.run(Duration::from_secs(3), World::is_connected);
    }
}

#[test]
fn rtcp_that_says_it_is_not_encrypted_is_refused() {
    for profile in [SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm, SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80] {
        let mut world = World::new(Abilities { profiles: vec![profile], ..Abilities::default() });
        world.connect();
        // A goodbye, an index whose first bit is not set, and a tag of any kind, in either order.
        let goodbye = [0x81, 203, 0, 1, 0, 0, 0, 5];
        for trailer in [[[0; 4].as_slice(), &[7; 10]].concat(), [[7; 16].as_slice(), &[0; 4]].concat()] {
            let forged = [goodbye.as_slice(), &trailer].concat();
            assert!(world.give(world.route, &forged).is_empty(), "{profile:?} {trailer:?}");
        }
        // And one that was sealed, with the flag taken away.
        let mut sealed = world.client.srtp.as_mut().unwrap().seal_rtcp(&goodbye).unwrap();
        let flag = sealed.len() - if world.peer.is_gcm() == Some(true) { 4 } else { 14 };
        sealed[flag] &= 0x7f;
        assert!(world.give(world.route, &sealed).is_empty(), "{profile:?}");
        sealed[flag] |= 0x80;
        assert_eq!(world.give(world.route, &sealed).len(), 1, "{profile:?}");
    }
}
