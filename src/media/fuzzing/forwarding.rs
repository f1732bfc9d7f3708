//! A room as packets see it: somebody who publishes sound and a picture, and two who get both and answer with RTCP.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_rtcp::packet::marshal;

use crate::media::rtp::codec::Codec;
use crate::media::rtp::downlink::Downlink;
use crate::media::rtp::estimate::EstimateLimits;
use crate::media::rtp::layers::Demand;
use crate::media::rtp::nack::ResponderLimits;
use crate::media::rtp::outgoing::{Outgoing, Scratch};
use crate::media::rtp::packet::{ExtensionIds, RtpPacket};
use crate::media::rtp::ring::RingLimits;
use crate::media::rtp::rtcp::{self, Message};
use crate::media::rtp::rtx::RtxStream;
use crate::media::rtp::sequence::SequenceUnwrapper;
use crate::media::rtp::track::{SubscriberId, SubscriptionSettings, Target, Track, TrackSettings};

const AUDIO: u8 = 111;
const VIDEO: u8 = 96;
const REPAIR: u8 = 97;
/// The publisher's SSRC of its sound; those of the picture are told by RID.
const AUDIO_SSRC: u32 = 5;
const RIDS: [&[u8]; 3] = [b"q", b"h", b"f"];
/// What the subscribers see.
const SENT_VIDEO: u32 = 7;
const SENT_REPAIR: u32 = 8;
const SENT_AUDIO: u32 = 9;
const IDS: ExtensionIds = ExtensionIds {
    audio_level: Some(1),
    absolute_send_time: Some(2),
    transport_sequence: Some(3),
    mid: Some(4),
    video_orientation: Some(5),
    rid: Some(10),
    repaired_rid: Some(11),
};

/// See the module.
pub(super) struct Forwarding {
    now: Instant,
    audio: Track,
    video: Track,
    subscribers: [Subscriber; 2],
    scratch: Scratch,
}

/// Somebody who gets everything.
struct Subscriber {
    downlink: Downlink,
    sent: HashMap<u32, Stream>,
}

/// What went out under one SSRC.
#[derive(Default)]
struct Stream {
    numbers: SequenceUnwrapper,
    packets: HashMap<u64, u64>,
}

impl Forwarding {
    /// Nothing was published yet.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let settings = |codec, payload_type, rtx_payload_type, ring| {
            Track::new(TrackSettings { codec, payload_type, rtx_payload_type, repair: rtx_payload_type.is_some(), ring })
        };
        let mut audio = settings(Codec::Opus, AUDIO, None, RingLimits::AUDIO);
        audio.add_encoding(now, None, Some(AUDIO_SSRC), None);
        let mut video = settings(Codec::Vp8, VIDEO, Some(REPAIR), RingLimits::VIDEO);
        for rid in RIDS {
            video.add_encoding(now, Some(Bytes::from_static(rid)), None, None);
        }
        let subscribers = [0, 1].map(|id| {
            // One has a retransmission stream, and extensions that differ each time a packet is sent; the other gets the originals again.
            let (rtx, extensions) = if id == 0 {
                (Some(RtxStream { ssrc: SENT_REPAIR, payload_type: REPAIR, next: 65_530 }), IDS)
            } else {
                (None, ExtensionIds { audio_level: Some(1), ..ExtensionIds::default() })
            };
            let (first_number, first_timestamp) = (65_500, u32::MAX - 9_000);
            let limits = ResponderLimits::default();
            let settings =
                SubscriptionSettings { ssrc: SENT_VIDEO, payload_type: VIDEO, rtx, extensions, limits, first_number, first_timestamp };
            video.subscribe(SubscriberId(id), settings);
            audio.subscribe(SubscriberId(id), SubscriptionSettings { ssrc: SENT_AUDIO, payload_type: AUDIO, rtx: None, ..settings });
            video.set_target(SubscriberId(id), Some(Target::whole(0)));
            audio.set_target(SubscriberId(id), Some(Target::whole(0)));
            Subscriber { downlink: Downlink::new(now, EstimateLimits::default(), 44), sent: HashMap::new() }
        });
        Self { now, audio, video, subscribers, scratch: Scratch::default() }
    }

    /// Some packets were published, so that there is something to report on and to ask for again.
    pub(super) fn busy() -> Self {
        let mut forwarding = Self::new();
        for number in 0..40 {
            let (layer, picture) = (number % 3, number / 3);
            // One in nine is missing, and the first of each layer is a keyframe (RFC 7741; RFC 6386, section 9.1).
            if number % 9 != 4 {
                let payload = [0x90, 0x80, picture, u8::from(picture > 0), 0, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0, 7];
                forwarding.publish(Duration::from_millis(7), &media(VIDEO, 100 + layer, picture, 10, RIDS[usize::from(layer)], &payload));
            }
            forwarding.publish(Duration::from_millis(3), &media(AUDIO, 5, number, 1, &[0x85], b"sound"));
        }
        forwarding
    }

    /// A media packet of the publisher, in the clear, so long after what was before it.
    pub(super) fn publish(&mut self, later: Duration, packet: &[u8]) {
        self.pass(later);
        let Ok(packet) = RtpPacket::parse(Bytes::copy_from_slice(packet), &IDS) else { return };
        let Self { now, audio, video, subscribers, scratch } = self;
        let track = if packet.payload_type == AUDIO { audio } else { video };
        track.receive(*now, packet, scratch, &mut |to, packet| send(subscribers, *now, to, packet));
    }

    /// RTCP of somebody who is all at once, in the clear, so long after what was before it.
    pub(super) fn feed_back(&mut self, later: Duration, packet: &[u8]) {
        self.pass(later);
        let Ok(messages) = rtcp::read(Bytes::copy_from_slice(packet)) else { return };
        messages.iter().for_each(|message| (0..2).for_each(|id| self.take(SubscriberId(id), message)));
    }

    fn take(&mut self, id: SubscriberId, message: &Message) {
        let Self { now, audio, video, subscribers, scratch } = self;
        let tracks = [(SENT_VIDEO, video), (SENT_AUDIO, audio)];
        let downlink = &mut subscribers[usize::from(id.0 > 0)].downlink;
        match message {
            Message::SenderReport(report) => tracks.map(|(_, track)| track.sender_report(*now, report)).into_iter().collect(),
            Message::TransportFeedback(feedback) => downlink.feedback(*now, feedback),
            Message::MaximumBitrate(rate) => downlink.remb(*rate),
            Message::Reception(block) => {
                for (_, track) in tracks.into_iter().filter(|(ssrc, _)| *ssrc == block.ssrc) {
                    let round_trip = track.subscription_mut(id).and_then(|subscription| subscription.receiver_report(*now, block));
                    downlink.receiver_report(*now, f64::from(block.fraction_lost) / 256.0, round_trip);
                }
            }
            Message::Nack { ssrc, numbers } => {
                for (_, track) in tracks.into_iter().filter(|(of, _)| of == ssrc) {
                    let send = &mut |to, packet: Outgoing<'_>| send(subscribers, *now, to, packet);
                    track.nack(*now, id, numbers.iter().copied(), scratch, send);
                }
            }
            Message::KeyframeRequest { ssrc } => {
                tracks.into_iter().filter(|(of, _)| of == ssrc).for_each(|(_, track)| track.wants_keyframe(id));
            }
            Message::Goodbye { .. } => {}
        }
    }

    /// Does what is due every few milliseconds and every second.
    fn pass(&mut self, later: Duration) {
        self.now += later;
        let Self { now, audio, video, subscribers, scratch } = self;
        let mut wishes = Vec::new();
        for track in [&mut *audio, &mut *video] {
            track.poll(*now, &mut wishes);
            wishes.drain(..).for_each(|wish| check(marshal(&[rtcp::wish(1, &wish)]), "a wish"));
            let blocks = if later > Duration::from_millis(500) { track.receiver_report(*now) } else { Vec::new() };
            if !blocks.is_empty() {
                check(marshal(&rtcp::receiver_reports(1, &blocks)), "a receiver report");
            }
        }
        for id in [0, 1] {
            let sound = Demand { audio: true, priority: 0, wanted_height: 0, steps: audio.steps(*now) };
            let picture = Demand { audio: false, priority: 0, wanted_height: 720, steps: video.steps(*now) };
            let downlink = &mut subscribers[id].downlink;
            let choice = downlink.allocate(*now, &[(1, sound), (2, picture)]).choices.get(1).copied();
            let (bytes, id) = (downlink.poll_probe(*now), SubscriberId(u64::from(id > 0)));
            if let Some(choice) = choice {
                video.set_target(id, choice.target);
                if let (true, Some(subscription)) = (choice.interrupt, video.subscription_mut(id)) {
                    subscription.interrupt();
                }
            }
            video.probe(*now, id, bytes, scratch, &mut |to, packet| send(subscribers, *now, to, packet));
            if let Some(report) = video.sender_report_for(*now, id) {
                check(marshal(&[Box::new(report)]), "a sender report");
            }
        }
    }
}

/// Nothing different goes out under one SSRC and number: AES-GCM would give away its key (RFC 7714, section 8.1).
fn send(subscribers: &mut [Subscriber; 2], now: Instant, to: SubscriberId, mut packet: Outgoing<'_>) {
    let Subscriber { downlink, sent } = &mut subscribers[usize::from(to.0 > 0)];
    downlink.stamp(now, &mut packet);
    let stream = sent.entry(packet.ssrc).or_default();
    let number = stream.numbers.extend(packet.sequence_number);
    let mut hasher = DefaultHasher::new();
    packet.bytes().hash(&mut hasher);
    let content = hasher.finish();
    let before = *stream.packets.entry(number).or_insert(content);
    assert_eq!(before, content, "two packets to {to:?} under SSRC {} and number {number}", packet.ssrc);
}

/// What the node writes, it can read.
fn check(written: Result<bytes::BytesMut, rtc_shared::error::Error>, what: &str) {
    let read = written.map(|bytes| rtcp::read(bytes.freeze()));
    assert!(matches!(read, Ok(Ok(_))), "{what}: {read:?}");
}

/// A media packet with one header extension.
fn media(payload_type: u8, ssrc: u8, number: u8, extension: u8, value: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x90, 0x80 | payload_type, 0, number, 0, 0, number, 0, 0, 0, 0, ssrc, 0xbe, 0xde, 0, 1];
    packet.push(extension << 4 | value.len().saturating_sub(1) as u8);
    packet.extend_from_slice(value);
    packet.resize(20, 0);
    packet.extend_from_slice(payload);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_goes_out_and_can_be_had_again() {
        let mut forwarding = Forwarding::busy();
        let sent = |forwarding: &Forwarding, ssrc: u32| {
            forwarding.subscribers.each_ref().map(|subscriber| subscriber.sent.get(&ssrc).map_or(0, |stream| stream.packets.len()))
        };
        assert_eq!(sent(&forwarding, SENT_AUDIO), [40, 40]);
        let [video, _] = sent(&forwarding, SENT_VIDEO);
        assert!(video > 5, "{video}");
        let before = sent(&forwarding, SENT_REPAIR);
        let number = forwarding.subscribers[0].sent[&SENT_VIDEO].numbers.highest().map_or(0, |highest| highest as u16);
        forwarding.take(SubscriberId(0), &Message::Nack { ssrc: SENT_VIDEO, numbers: vec![number] });
        assert_eq!(sent(&forwarding, SENT_REPAIR), [before[0] + 1, before[1]]);
    }
}
