//! What one subscriber gets of a track.
//!
//! No two different packets are ever sent under one SSRC and sequence number: SRTP makes AES-GCM's nonce of them (RFC 7714, section
//! 8.1), and a nonce used twice gives away the key that authenticates. So each number of a publisher is accepted once, each place in
//! a subscriber's stream belongs to one of them, and what cannot be repeated bit for bit is repeated on the retransmission stream only.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;

use super::encoding::{Encoding, Taken};
use super::temporal::TemporalLayers;
use crate::media::rtp::codec::{Codec, vp8};
use crate::media::rtp::nack::{NackResponder, ResponderLimits};
use crate::media::rtp::outgoing::{Outgoing, OutgoingHeader, Purpose, Scratch};
use crate::media::rtp::packet::ExtensionIds;
use crate::media::rtp::report::SentReports;
use crate::media::rtp::rewrite::{Place, Rewriter};
use crate::media::rtp::ring::Stored;
use crate::media::rtp::rtx::RtxStream;

/// Most packets that are sent at once when a keyframe's first packet came after others of it.
const CATCH_UP: usize = 256;
/// Places of empty packets that are remembered.
const FILLED: usize = 64;
/// Payloads shorter than this are not worth sending twice to measure a link.
const PROBE_PAYLOAD: usize = 200;
const PROBE_PACKETS: usize = 100;
/// A payload of nothing but padding, whose last byte says how much that is.
const PADDING: [u8; 255] = {
    let mut padding = [0; 255];
    padding[254] = 255;
    padding
};

/// What was negotiated with the subscriber for this track.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionSettings {
    /// The SSRC of the stream; never one that was in use on this transport before, as numbers begin anew.
    pub ssrc: u32,
    /// The payload type of the codec.
    pub payload_type: u8,
    /// The retransmission stream. Without one, the original packets are sent again, unless an extension says when they are sent:
    /// then they would differ under the same number, and NACKs are not answered.
    pub rtx: Option<RtxStream>,
    /// The header extensions that may be sent.
    pub extensions: ExtensionIds,
    /// How much is sent again.
    pub limits: ResponderLimits,
    /// The first sequence number; random (RFC 3550, section 5.1).
    pub first_number: u16,
    /// The first timestamp; random.
    pub first_timestamp: u32,
}

/// What a subscriber shall get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Index of the encoding.
    pub encoding: usize,
    /// Highest temporal layer; those above are left out.
    pub temporal_layer: u8,
}

impl Target {
    /// Everything of an encoding.
    #[must_use]
    pub fn whole(encoding: usize) -> Self {
        Self { encoding, temporal_layer: u8::MAX }
    }
}

/// A subscriber's side of a track.
#[derive(Debug)]
pub struct Subscription {
    settings: SubscriptionSettings,
    codec: Codec,
    rewriter: Rewriter,
    responder: NackResponder,
    target: Option<Target>,
    /// The temporal layers that are sent, which follow the target's where frames allow.
    temporal: TemporalLayers,
    /// Places that empty packets took, so that a NACK does not bring what shall not be there.
    filled: VecDeque<u64>,
    reports: SentReports,
    packets: u32,
    octets: u32,
}

impl Subscription {
    pub(super) fn new(settings: SubscriptionSettings, codec: Codec) -> Self {
        Self {
            settings,
            codec,
            rewriter: Rewriter::new(codec.clock_rate(), settings.first_number, settings.first_timestamp),
            responder: NackResponder::new(settings.limits),
            target: None,
            temporal: TemporalLayers::default(),
            filled: VecDeque::new(),
            reports: SentReports::default(),
            packets: 0,
            octets: 0,
        }
    }

    /// What it shall get.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        self.target
    }

    /// The index of the encoding that it gets, or waits for.
    #[must_use]
    pub fn receives(&self, encodings: &[Encoding]) -> Option<usize> {
        let source = self.rewriter.source();
        let current = encodings.iter().position(|encoding| Some(encoding.source()) == source);
        current.or_else(|| self.target.map(|target| target.encoding)).filter(|index| *index < encodings.len())
    }

    /// Whether it waits for a keyframe of this encoding.
    #[must_use]
    pub fn waits_for(&self, index: usize, encoding: &Encoding) -> bool {
        self.target.is_some_and(|target| target.encoding == index) && self.rewriter.source() != Some(encoding.source())
    }

    /// Stops what is sent now although the target has not come yet, as when the link cannot carry it any more.
    pub fn interrupt(&mut self) {
        self.rewriter.pause();
    }

    /// How much may be sent again, in bits a second.
    pub fn set_repair_rate(&mut self, rate: u64) {
        self.responder.set_rate(rate);
    }

    /// A block about this stream from the subscriber's receiver report; returns the round trip if it tells.
    pub fn receiver_report(&mut self, now: Instant, block: &ReceptionReport) -> Option<Duration> {
        let round_trip = self.reports.round_trip(now, block)?;
        self.responder.set_round_trip(round_trip);
        Some(round_trip)
    }

    pub(super) fn set_target(&mut self, target: Option<Target>) {
        self.target = target;
        if target.is_none() {
            self.rewriter.pause();
        }
    }

    /// A publisher began anew: nothing follows on what was sent of an encoding that is no more.
    pub(super) fn source_ended(&mut self, encodings: &[Encoding]) {
        let source = self.rewriter.source();
        if !encodings.iter().any(|encoding| Some(encoding.source()) == source) {
            self.rewriter.pause();
        }
    }

    /// Sends a packet, whose body is in the scratch, if it is of what this subscriber gets. Returns whether it has switched to this
    /// encoding with it.
    pub(super) fn offer(
        &mut self,
        now: Instant,
        (index, encodings): (usize, &[Encoding]),
        taken: &Taken,
        scratch: &mut Scratch,
        send: &mut impl FnMut(Outgoing<'_>),
    ) -> bool {
        let (Some(target), encoding) = (self.target, &encodings[index]) else { return false };
        let current = self.rewriter.source() == Some(encoding.source());
        let incoming = taken.incoming(encoding.source());
        let can_begin = taken.payload.keyframe && !taken.is_padding() && self.rewriter.is_new(&incoming);
        let begins = !current && target.encoding == index && can_begin;
        if begins {
            self.temporal.begin(encoding.source(), taken.packet.extended, target.temporal_layer);
            let aligned = self.aligned(encodings, encoding, taken);
            self.rewriter.begin(now, &incoming, aligned);
        } else if !current && !taken.late {
            return false;
        }
        self.pass(now, target, encoding, taken, scratch, send);
        begins
    }

    /// Sends what has come of a keyframe before its first packet did, after a switch to it.
    pub(super) fn catch_up(
        &mut self,
        now: Instant,
        encoding: &Encoding,
        after: &Taken,
        scratch: &mut Scratch,
        send: &mut impl FnMut(Outgoing<'_>),
    ) {
        let Some(target) = self.target else { return };
        for packet in encoding.ring().since(after.packet.extended + 1).take(CATCH_UP) {
            let taken = Taken::again(packet, self.codec);
            if scratch.load(taken.body()) {
                self.pass(now, target, encoding, &taken, scratch, send);
            }
        }
    }

    /// Answers a NACK for one packet, within the limits and if it is still there.
    pub(super) fn resend(
        &mut self,
        now: Instant,
        number: u16,
        encodings: &[Encoding],
        scratch: &mut Scratch,
        send: &mut impl FnMut(Outgoing<'_>),
    ) {
        let Some(origin) = self.rewriter.origin(number).filter(|_| self.can_repeat()) else { return };
        let encoding = encodings.iter().find(|encoding| encoding.source() == origin.source);
        let Some(packet) = encoding.and_then(|encoding| encoding.ring().find(now, origin.extended)) else { return };
        let taken = Taken::again(packet, self.codec);
        if taken.is_padding() || self.filled.contains(&origin.place.extended) {
            return;
        }
        if self.responder.answer(now, origin.place.extended, taken.packet.payload.len()) && scratch.load(taken.body()) {
            self.emit(&taken, origin.place, Purpose::Retransmission, scratch, send);
        }
    }

    /// Sends the latest packets once more on the retransmission stream, newest first, and padding where that is not enough.
    pub(super) fn probe(
        &mut self,
        now: Instant,
        bytes: usize,
        encodings: &[Encoding],
        scratch: &mut Scratch,
        send: &mut impl FnMut(Outgoing<'_>),
    ) -> usize {
        if self.settings.rtx.is_none() {
            return 0;
        }
        let mut sent = 0;
        let source = self.rewriter.source();
        // What is paused is not sent twice, since the receiver has not had it once; there is padding.
        let current = encodings.iter().find(|encoding| self.target.is_some() && Some(encoding.source()) == source);
        let fit = |packet: &&Stored| packet.payload.len() >= PROBE_PAYLOAD;
        for packet in current.iter().flat_map(|encoding| encoding.ring().newest_first()).filter(fit).take(PROBE_PACKETS) {
            if sent >= bytes {
                return sent;
            }
            let taken = Taken::again(packet, self.codec);
            let place = source.and_then(|source| self.rewriter.pass(now, &taken.incoming(source)));
            if let Some(place) = place.filter(|place| !self.filled.contains(&place.extended) && scratch.load(taken.body())) {
                sent += taken.packet.payload.len();
                self.emit(&taken, place, Purpose::Probe, scratch, send);
            }
        }
        for _ in 0..PROBE_PACKETS {
            if sent >= bytes || !scratch.load(&PADDING) {
                break;
            }
            let Some(rtx) = &mut self.settings.rtx else { break };
            let header = OutgoingHeader {
                payload_type: rtx.payload_type,
                sequence_number: rtx.take_number(),
                timestamp: self.rewriter.newest_timestamp(),
                ssrc: rtx.ssrc,
                padding: true,
                ..OutgoingHeader::default()
            };
            sent += PADDING.len();
            send(scratch.frame(&header, &self.settings.extensions, &[], Purpose::Probe));
        }
        sent
    }

    pub(super) fn sender_report(&mut self, now: Instant, encodings: &[Encoding], clock_rate: u32) -> Option<SenderReport> {
        let source = self.rewriter.source()?;
        let encoding = encodings.iter().find(|encoding| encoding.source() == source)?;
        let (ntp_time, timestamp) = encoding.clock()?.at(now, clock_rate);
        self.reports.sent(now, ntp_time);
        Some(SenderReport {
            ssrc: self.settings.ssrc,
            ntp_time,
            rtp_time: self.rewriter.map_timestamp(source, timestamp)?,
            packet_count: self.packets,
            octet_count: self.octets,
            ..SenderReport::default()
        })
    }

    fn pass(
        &mut self,
        now: Instant,
        target: Target,
        encoding: &Encoding,
        taken: &Taken,
        scratch: &mut Scratch,
        send: &mut impl FnMut(Outgoing<'_>),
    ) {
        let incoming = taken.incoming(encoding.source());
        if taken.is_padding() || self.is_above(encoding.source(), target, taken) {
            let place = self.rewriter.leave_out(&incoming);
            if let Some(place) = place.filter(|_| self.settings.rtx.is_some()) {
                let header = self.header(taken, place);
                self.filled.push_back(place.extended);
                if self.filled.len() > FILLED {
                    self.filled.pop_front();
                }
                send(scratch.filler(&header, &self.settings.extensions));
            }
        } else if let Some(place) = self.rewriter.pass(now, &incoming) {
            if taken.late {
                self.responder.sent_late(now, place.extended);
            }
            self.emit(taken, place, Purpose::Media, scratch, send);
        }
    }

    fn can_repeat(&self) -> bool {
        let ids = &self.settings.extensions;
        self.settings.rtx.is_some() || (ids.transport_sequence.is_none() && ids.absolute_send_time.is_none())
    }

    /// Whether a packet is of a higher temporal layer than is sent.
    fn is_above(&mut self, source: u32, target: Target, taken: &Taken) -> bool {
        let Some(descriptor) = taken.payload.vp8 else { return false };
        let (layer, extended) = (taken.payload.temporal_layer(), taken.packet.extended);
        if !taken.late && descriptor.begins_partition && descriptor.partition == 0 {
            let can_decode = taken.payload.keyframe || descriptor.layer_sync;
            self.temporal.frame((source, extended), layer, can_decode, target.temporal_layer);
        }
        layer > self.temporal.at(source, extended)
    }

    /// The timestamp that a packet of another encoding has in this subscriber's stream, by the publisher's sender reports.
    fn aligned(&self, encodings: &[Encoding], encoding: &Encoding, taken: &Taken) -> Option<u32> {
        let before = self.rewriter.latest_source()?;
        let clock = encodings.iter().find(|encoding| encoding.source() == before)?.clock()?;
        let timestamp = clock.translate(taken.packet.timestamp, encoding.clock()?, self.codec.clock_rate());
        self.rewriter.map_timestamp(before, timestamp)
    }

    fn header(&self, taken: &Taken, place: Place) -> OutgoingHeader {
        OutgoingHeader {
            marker: taken.packet.marker,
            payload_type: self.settings.payload_type,
            sequence_number: place.extended as u16,
            timestamp: place.offsets.timestamp(taken.packet.timestamp),
            ssrc: self.settings.ssrc,
            audio_level: taken.packet.audio_level,
            video_orientation: taken.packet.video_orientation,
            padding: false,
        }
    }

    /// Writes the header, and what belongs to this subscriber of the payload, in front of the body that is in the scratch.
    fn emit(&mut self, taken: &Taken, place: Place, purpose: Purpose, scratch: &mut Scratch, send: &mut impl FnMut(Outgoing<'_>)) {
        let mut header = self.header(taken, place);
        let (mut prefix, mut length) = ([0; 2 + vp8::LONGEST], 0);
        if let Some(rtx) = self.settings.rtx.as_mut().filter(|_| purpose != Purpose::Media) {
            prefix[..2].copy_from_slice(&header.sequence_number.to_be_bytes());
            length = 2;
            (header.ssrc, header.payload_type, header.sequence_number) = (rtx.ssrc, rtx.payload_type, rtx.take_number());
        } else {
            self.packets = self.packets.wrapping_add(1);
            self.octets = self.octets.wrapping_add(taken.packet.payload.len() as u32);
        }
        if let Some(descriptor) = &taken.payload.vp8 {
            let (picture, tl0) = place.offsets.vp8(descriptor);
            let (bytes, count) = descriptor.renumbered(&taken.packet.payload, picture, tl0);
            prefix[length..length + count].copy_from_slice(&bytes[..count]);
            length += count;
        }
        send(scratch.frame(&header, &self.settings.extensions, &prefix[..length], purpose));
    }
}
