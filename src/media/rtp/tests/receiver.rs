//! Somebody who subscribes: notes every packet, asks for lost ones, and checks that the streams are continuous.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;

use super::publisher::{AUDIO, Mark, VIDEO, VIDEO_RTX, ids};
use crate::media::rtp::codec::vp8::Descriptor;
use crate::media::rtp::nack::NackGenerator;
use crate::media::rtp::packet::RtpPacket;
use crate::media::rtp::rtx;
use crate::media::rtp::sequence::{Arrival, SequenceTracker};
use crate::media::rtp::twcc::FeedbackBuilder;

pub const VIDEO_SSRC: u32 = 1_000;
pub const RTX_SSRC: u32 = 1_001;
pub const AUDIO_SSRC: u32 = 1_002;

/// A packet of the video stream as it came.
pub struct Seen {
    pub at: Instant,
    pub timestamp: u32,
    pub descriptor: Option<Descriptor>,
    /// `None` for a filler.
    pub mark: Option<Mark>,
}

pub struct Receiver {
    feedback: FeedbackBuilder,
    tracker: SequenceTracker,
    nack: NackGenerator,
    /// By extended sequence number.
    pub video: BTreeMap<u64, Seen>,
    pub audio: Vec<(Instant, Mark)>,
    pub retransmissions: u64,
}

impl Receiver {
    pub fn new(now: Instant) -> Self {
        Self {
            feedback: FeedbackBuilder::new(now),
            tracker: SequenceTracker::default(),
            nack: NackGenerator::default(),
            video: BTreeMap::new(),
            audio: Vec::new(),
            retransmissions: 0,
        }
    }

    pub fn receive(&mut self, now: Instant, bytes: Bytes) {
        let packet = RtpPacket::parse(bytes, &ids()).unwrap();
        self.feedback.receive(now, packet.extensions.transport_sequence.unwrap());
        match packet.payload_type {
            AUDIO => {
                assert_eq!(packet.ssrc, AUDIO_SSRC);
                assert!(packet.extensions.audio_level.is_some());
                self.audio.push((now, Mark::read(&packet.payload)));
            }
            VIDEO => {
                assert_eq!(packet.ssrc, VIDEO_SSRC);
                self.take(now, packet, false);
            }
            VIDEO_RTX => {
                assert_eq!(packet.ssrc, RTX_SSRC);
                self.retransmissions += 1;
                if let Some(original) = rtx::decapsulate(packet, VIDEO_SSRC, VIDEO) {
                    self.take(now, original, true);
                }
            }
            other => panic!("payload type {other}"),
        }
    }

    pub fn nacks(&mut self, now: Instant) -> Vec<u16> {
        self.nack.poll(now)
    }

    pub fn feedback(&mut self, now: Instant) -> Option<TransportLayerCc> {
        self.feedback.build(now, 1, VIDEO_SSRC)
    }

    fn take(&mut self, now: Instant, packet: RtpPacket, retransmitted: bool) {
        let arrival = if retransmitted {
            Arrival::Older { extended: self.tracker.nearest(packet.sequence_number) }
        } else {
            self.tracker.receive(packet.sequence_number)
        };
        self.nack.receive(now, arrival, retransmitted);
        let (Arrival::Newest { extended, .. } | Arrival::Older { extended }) = arrival else { panic!("numbers jump: {arrival:?}") };
        let mark = (!packet.payload.is_empty()).then(|| Mark::read(&packet.payload));
        let seen = Seen { at: now, timestamp: packet.timestamp, descriptor: Descriptor::parse(&packet.payload), mark };
        match self.video.entry(extended) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(seen);
            }
            std::collections::btree_map::Entry::Occupied(before) => {
                assert_eq!(before.get().mark, seen.mark, "one number, two packets");
            }
        }
    }

    /// Numbers that never came, between the first and the last.
    pub fn holes(&self) -> u64 {
        let (first, last) = (self.video.keys().next().unwrap(), self.video.keys().next_back().unwrap());
        last - first + 1 - self.video.len() as u64
    }

    /// The frames in the order of their numbers: when complete, timestamp, layer, number and whether it is a keyframe.
    pub fn frames(&self) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::new();
        for (number, seen) in &self.video {
            let (Some(mark), Some(descriptor)) = (seen.mark, seen.descriptor) else { continue };
            if frames.last().is_none_or(|last| last.timestamp != seen.timestamp) {
                let (picture, tl0) = (descriptor.picture_id.unwrap().value, descriptor.tl0_picture_index.unwrap());
                let (began, timestamp, missing, numbers) = (seen.at, seen.timestamp, mark.parts, *number..=*number);
                frames.push(Frame { began, complete: began, timestamp, picture, tl0, missing, numbers, first: mark });
            }
            let frame = frames.last_mut().unwrap();
            assert_eq!((frame.first.layer, frame.first.frame), (mark.layer, mark.frame), "two frames share a timestamp");
            assert_eq!(frame.picture, descriptor.picture_id.unwrap().value);
            (frame.began, frame.complete) = (frame.began.min(seen.at), frame.complete.max(seen.at));
            frame.missing -= 1;
            frame.numbers = *frame.numbers.start()..=*number;
        }
        frames
    }

    /// Panics unless timestamps, PictureIDs and TL0PICIDX go on without a break, and layers change with keyframes only. Returns how
    /// often the layer changed.
    pub fn check_continuity(&self) -> usize {
        let frames = self.frames();
        assert!(frames[0].first.keyframe);
        let mut switches = 0;
        for pair in frames.windows(2) {
            let [before, after] = pair else { unreachable!() };
            let ahead = after.timestamp.wrapping_sub(before.timestamp);
            // Half a second would be a jump; a pause of the publisher's is longer in real time as well.
            let passed = after.began.saturating_duration_since(before.began).as_secs_f64() * 90_000.0;
            assert!(ahead > 0 && f64::from(ahead) < passed + 45_000.0, "timestamps go from {} to {}", before.timestamp, after.timestamp);
            if before.numbers.end() + 1 == *after.numbers.start() {
                assert_eq!(after.picture, (before.picture + 1) & 0x7fff, "PictureID after {:?}", before.first);
                assert_eq!(after.tl0, before.tl0.wrapping_add(u8::from(after.first.temporal_layer == 0)), "{:?}", after.first);
            }
            if before.first.layer != after.first.layer {
                assert!(after.first.keyframe && after.first.part == 0);
                switches += 1;
            }
        }
        switches
    }

    /// The longest time between two complete frames from `from` on.
    pub fn longest_freeze(&self, from: Instant) -> Duration {
        let mut complete: Vec<_> = self.frames().iter().filter(|frame| frame.missing == 0).map(|frame| frame.complete).collect();
        complete.sort();
        complete.windows(2).filter(|pair| pair[0] >= from).map(|pair| pair[1] - pair[0]).max().unwrap()
    }
}

pub struct Frame {
    pub began: Instant,
    pub complete: Instant,
    pub timestamp: u32,
    pub picture: u16,
    pub tl0: u8,
    pub missing: u8,
    pub numbers: RangeInclusive<u64>,
    pub first: Mark,
}
