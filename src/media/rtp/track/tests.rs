#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::media::rtp::nack::ResponderLimits;
use crate::media::rtp::outgoing::Purpose;
use crate::media::rtp::packet::{ExtensionIds, Extensions};
use crate::media::rtp::rtx::RtxStream;
use proptest::prelude::*;

const VIDEO: TrackSettings =
    TrackSettings { codec: Codec::Vp8, payload_type: 96, rtx_payload_type: Some(97), repair: true, ring: RingLimits::VIDEO };
const ME: SubscriberId = SubscriberId(7);

fn settings(rtx: bool) -> SubscriptionSettings {
    SubscriptionSettings {
        ssrc: 1_000,
        payload_type: 120,
        rtx: rtx.then_some(RtxStream { ssrc: 1_001, payload_type: 121, next: 5 }),
        extensions: ExtensionIds::default(),
        limits: ResponderLimits::default(),
        first_number: 100,
        first_timestamp: 0,
    }
}

/// A VP8 packet that is a frame by itself, the first ones of each track a keyframe.
fn packet(ssrc: u32, sequence_number: u16, keyframe: bool) -> RtpPacket {
    let payload = Bytes::from(vec![0x10, u8::from(!keyframe), 0, 0, sequence_number as u8]);
    let timestamp = u32::from(sequence_number) * 3_000;
    RtpPacket {
        marker: true,
        payload_type: 96,
        sequence_number,
        timestamp,
        ssrc,
        extensions: Extensions::default(),
        size: 12 + payload.len(),
        payload,
    }
}

/// What went to whom: subscriber, SSRC, sequence number, last byte, purpose.
type Sent = (SubscriberId, u32, u16, u8, Purpose);

struct Node {
    track: Track,
    scratch: Scratch,
    now: Instant,
    sent: Vec<Sent>,
}

impl Node {
    fn new(settings: TrackSettings) -> Self {
        Self { track: Track::new(settings), scratch: Scratch::default(), now: Instant::now(), sent: Vec::new() }
    }

    /// One encoding with SSRC 1 and retransmissions with SSRC 2, and one subscriber to it.
    fn simple(rtx: bool) -> Self {
        let mut node = Self::new(VIDEO);
        node.track.add_encoding(node.now, None, Some(1), Some(2));
        node.track.subscribe(ME, settings(rtx));
        node.track.set_target(ME, Some(Target::whole(0)));
        node
    }

    fn receive(&mut self, packet: RtpPacket) -> Received {
        let sent = &mut self.sent;
        self.track.receive(self.now, packet, &mut self.scratch, &mut |to, packet| sent.push(note(to, &packet)))
    }

    fn nack(&mut self, numbers: &[u16]) {
        let sent = &mut self.sent;
        self.track.nack(self.now, ME, numbers.iter().copied(), &mut self.scratch, &mut |to, packet| sent.push(note(to, &packet)));
    }

    fn upstream(&mut self) -> Vec<Upstream> {
        let mut upstream = Vec::new();
        self.track.poll(self.now, &mut upstream);
        upstream
    }

    fn later(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }
}

fn note(to: SubscriberId, packet: &Outgoing<'_>) -> Sent {
    (to, packet.ssrc, packet.sequence_number, *packet.bytes().last().unwrap(), packet.purpose)
}

#[test]
fn what_nobody_knows_is_not_taken() {
    let mut node = Node::simple(true);
    assert_eq!(node.receive(packet(9, 1, true)), Received::Unknown);
    assert_eq!(node.receive(RtpPacket { payload_type: 50, ..packet(1, 1, true) }), Received::Ignored);
    assert_eq!(node.receive(RtpPacket { payload: vec![0; 1_600].into(), ..packet(1, 1, true) }), Received::Ignored);
    assert_eq!(node.receive(packet(1, 2, true)), Received::Taken(0));
    assert_eq!(node.receive(packet(1, 2, true)), Received::Ignored, "twice");
    assert_eq!(node.sent, [(ME, 1_000, 100, 2, Purpose::Media)]);
}

#[test]
fn streams_without_announced_ssrc_are_learned_by_payload_type() {
    let mut node = Node::new(VIDEO);
    node.track.add_encoding(node.now, None, None, None);
    assert_eq!(node.receive(packet(44, 1, true)), Received::Taken(0));
    assert_eq!(node.receive(packet(44, 3, false)), Received::Taken(0));
    let lost = RtpPacket { payload_type: 97, payload: Bytes::from_static(&[0, 2, 0x10, 1, 0, 0, 2]), ..packet(45, 900, false) };
    assert_eq!(node.receive(lost), Received::Taken(0));
    assert_eq!(node.track.encodings()[0].rtx_ssrc(), Some(45));
    assert_eq!(node.receive(packet(46, 4, false)), Received::Unknown, "a second stream");
}

#[test]
fn padding_is_not_sent_on_and_leaves_no_hole() {
    let mut node = Node::simple(true);
    node.receive(packet(1, 1, true));
    for padding in [2, 4] {
        assert_eq!(node.receive(RtpPacket { payload: Bytes::new(), ..packet(1, padding, false) }), Received::Ignored);
    }
    node.receive(packet(1, 5, false));
    node.receive(RtpPacket { payload: Bytes::new(), ..packet(1, 3, false) });
    let sent: Vec<_> = node.sent.iter().map(|sent| (sent.2, sent.4)).collect();
    assert_eq!(sent, [(100, Purpose::Media), (102, Purpose::Media), (101, Purpose::Filler)]);
}

#[test]
fn nacks_are_answered_on_the_retransmission_stream_or_plainly() {
    for (rtx, expected) in [(true, (ME, 1_001, 5, 2, Purpose::Retransmission)), (false, (ME, 1_000, 101, 2, Purpose::Retransmission))] {
        let mut node = Node::simple(rtx);
        (1..=3).for_each(|number| {
            node.receive(packet(1, number, number == 1));
        });
        node.sent.clear();
        node.nack(&[101, 101, 99, 103, 30_000]);
        assert_eq!(node.sent, [expected]);
        node.later(RingLimits::VIDEO.age.as_millis() as u64 + 1);
        node.nack(&[101]);
        assert_eq!(node.sent.len(), 1, "too old");
    }
}

#[test]
fn what_cannot_be_repeated_bit_for_bit_is_not() {
    let mut node = Node::simple(false);
    let extensions = ExtensionIds { transport_sequence: Some(3), ..ExtensionIds::default() };
    node.track.subscribe(ME, SubscriptionSettings { extensions, ..settings(false) });
    node.track.set_target(ME, Some(Target::whole(0)));
    node.receive(packet(1, 1, true));
    node.receive(packet(1, 2, false));
    node.nack(&[100, 101]);
    assert_eq!(node.sent.len(), 2);
}

#[test]
fn a_keyframe_is_asked_for_until_one_comes_and_its_first_packet_may_come_last() {
    let mut node = Node::simple(true);
    node.receive(packet(1, 1, false));
    assert_eq!(node.upstream(), [Upstream::Keyframe { ssrc: 1 }]);
    node.later(100);
    node.track.wants_keyframe(ME);
    assert!(node.upstream().is_empty(), "not twice within half a second");
    node.later(400);
    node.receive(packet(1, 2, false));
    assert_eq!(node.upstream(), [Upstream::Keyframe { ssrc: 1 }]);
    assert!(node.sent.is_empty());
    (4..=6).for_each(|number| {
        node.receive(packet(1, number, false));
    });
    node.receive(packet(1, 3, true));
    let sent: Vec<_> = node.sent.iter().map(|sent| (sent.2, sent.3)).collect();
    assert_eq!(sent, [(100, 3), (101, 4), (102, 5), (103, 6)]);
    node.later(500);
    assert!(node.upstream().is_empty());
}

#[test]
fn probes_repeat_what_was_sent_or_are_padding() {
    let mut node = Node::simple(true);
    let Node { track, scratch, now, sent } = &mut node;
    let bytes = track.probe(*now, ME, 400, scratch, &mut |to, packet| sent.push(note(to, &packet)));
    assert_eq!((bytes, sent.clone()), (510, vec![(ME, 1_001, 5, 255, Purpose::Probe), (ME, 1_001, 6, 255, Purpose::Probe)]));
    let payload = [&[0x10, 0, 0, 0][..], &[9; 300]].concat();
    node.receive(RtpPacket { payload: payload.into(), ..packet(1, 1, true) });
    node.sent.clear();
    let Node { track, scratch, now, sent } = &mut node;
    let bytes = track.probe(*now, ME, 300, scratch, &mut |to, packet| sent.push(note(to, &packet)));
    assert_eq!((bytes, sent.clone()), (304, vec![(ME, 1_001, 7, 9, Purpose::Probe)]));
}

#[test]
fn everybody_gets_numbers_of_their_own() {
    let mut node = Node::new(VIDEO);
    node.track.add_encoding(node.now, None, Some(1), None);
    for id in 0..50u16 {
        node.track.subscribe(SubscriberId(id.into()), SubscriptionSettings { first_number: id * 1_000, ..settings(true) });
        node.track.set_target(SubscriberId(id.into()), Some(Target::whole(0)));
    }
    node.receive(packet(1, 9, true));
    assert!((0..50u16).zip(&node.sent).all(|(id, sent)| *sent == (SubscriberId(id.into()), 1_000, id * 1_000, 9, Purpose::Media)));
    assert_eq!(node.sent.len(), 50);
    (1..50).for_each(|id| node.track.unsubscribe(SubscriberId(id)));
    node.receive(packet(1, 10, false));
    assert_eq!(node.sent.len(), 51);
}

#[test]
fn sender_reports_are_told_in_the_subscribers_timestamps() {
    let mut node = Node::simple(true);
    assert!(node.track.sender_report_for(node.now, ME).is_none());
    node.receive(packet(1, 1, true));
    node.track.sender_report(node.now, &SenderReport { ssrc: 1, ntp_time: 50 << 32, rtp_time: 3_000, ..SenderReport::default() });
    node.later(1_000);
    let report = node.track.sender_report_for(node.now, ME).unwrap();
    assert_eq!((report.ssrc, report.ntp_time, report.rtp_time), (1_000, 51 << 32, 90_000));
    assert_eq!((report.packet_count, report.octet_count), (1, 5));
    node.later(80);
    let block = ReceptionReport { ssrc: 1_000, last_sender_report: 51 << 16, delay: 65_536 / 50, ..ReceptionReport::default() };
    let round_trip = node.track.subscription_mut(ME).unwrap().receiver_report(node.now, &block).unwrap();
    assert!(round_trip.abs_diff(Duration::from_millis(60)) < Duration::from_millis(1));
    assert_eq!(node.track.receiver_report(node.now)[0].delay, 65_536 * 1_080 / 1_000);
}

proptest! {
    /// Whatever a publisher sends, nothing panics, each packet goes to a subscriber once at most, and all under one number.
    #[test]
    fn no_publisher_makes_a_mess(
        packets in prop::collection::vec((0u32..3, any::<u16>(), prop::collection::vec(any::<u8>(), 0..20), 0u64..40), 1..200),
    ) {
        let mut node = Node::simple(true);
        for (ssrc, number, payload, ms) in packets {
            node.later(ms);
            let before = node.sent.len();
            node.receive(RtpPacket { payload: payload.into(), payload_type: 96 + (ssrc / 2) as u8, ..packet(ssrc, number % 700, false) });
            prop_assert!(node.sent.len() <= before + 300);
            node.upstream();
            node.nack(&[number % 700]);
        }
        let mut numbers: Vec<_> = node.sent.iter().map(|sent| (sent.1, sent.2)).collect();
        numbers.sort_unstable();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
