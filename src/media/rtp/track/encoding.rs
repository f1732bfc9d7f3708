//! One encoding of a track as it comes in: its numbers, its ring, what is missing of it and what is asked for.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_rtcp::reception_report::ReceptionReport;

use super::{TrackSettings, Upstream};
use crate::media::rtp::codec::{Codec, Payload};
use crate::media::rtp::keyframe::KeyframeRequests;
use crate::media::rtp::nack::{NackGenerator, Repairs};
use crate::media::rtp::outgoing::MAX_PAYLOAD;
use crate::media::rtp::packet::RtpPacket;
use crate::media::rtp::rate::RateMeter;
use crate::media::rtp::report::{Reception, SenderClock};
use crate::media::rtp::rewrite::Incoming;
use crate::media::rtp::ring::{PacketRing, Stored};
use crate::media::rtp::rtx;
use crate::media::rtp::sequence::{Arrival, SequenceTracker};

/// A packet with what is known of it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) packet: Stored,
    pub(super) payload: Payload,
    /// Something newer came before it.
    pub(super) late: bool,
}

impl Taken {
    /// From what is in a ring.
    pub(super) fn again(packet: &Stored, codec: Codec) -> Self {
        Self { payload: codec.inspect(&packet.payload), packet: packet.clone(), late: true }
    }

    pub(super) fn is_padding(&self) -> bool {
        self.packet.payload.is_empty()
    }

    /// The part of the payload that is the same for all subscribers.
    pub(super) fn body(&self) -> &[u8] {
        let descriptor = self.payload.vp8.map_or(0, |descriptor| descriptor.length);
        self.packet.payload.get(descriptor..).unwrap_or_default()
    }

    pub(super) fn incoming(&self, source: u32) -> Incoming<'_> {
        Incoming { source, extended: self.packet.extended, timestamp: self.packet.timestamp, vp8: self.payload.vp8.as_ref() }
    }
}

/// One encoding.
#[derive(Debug)]
pub struct Encoding {
    source: u32,
    rid: Option<Bytes>,
    ssrc: Option<u32>,
    rtx_ssrc: Option<u32>,
    /// Its SSRC has just become another one.
    changed: bool,
    tracker: SequenceTracker,
    ring: PacketRing,
    nack: Option<NackGenerator>,
    reception: Reception,
    requests: KeyframeRequests,
    rate: RateMeter,
    height: Option<u16>,
    temporal_layers: bool,
    last: Option<Instant>,
}

impl Encoding {
    pub(super) fn new(
        now: Instant,
        settings: &TrackSettings,
        source: u32,
        rid: Option<Bytes>,
        ssrc: Option<u32>,
        rtx_ssrc: Option<u32>,
    ) -> Self {
        Self {
            source,
            rid,
            ssrc,
            rtx_ssrc,
            changed: false,
            tracker: SequenceTracker::default(),
            ring: PacketRing::new(settings.ring),
            nack: settings.repair.then(NackGenerator::default),
            reception: Reception::new(now, settings.codec.clock_rate()),
            requests: KeyframeRequests::default(),
            rate: RateMeter::new(now),
            height: None,
            temporal_layers: false,
            last: None,
        }
    }

    /// Its SSRC, once known.
    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// The SSRC of its retransmissions, once known.
    #[must_use]
    pub fn rtx_ssrc(&self) -> Option<u32> {
        self.rtx_ssrc
    }

    /// Lines of its picture, once a keyframe told.
    #[must_use]
    pub fn height(&self) -> Option<u16> {
        self.height
    }

    /// Whether frames can be left out of it.
    #[must_use]
    pub fn has_temporal_layers(&self) -> bool {
        self.temporal_layers
    }

    /// When its last packet came.
    #[must_use]
    pub fn last_arrival(&self) -> Option<Instant> {
        self.last
    }

    /// Bits a second of its temporal layers up to this one.
    #[must_use]
    pub fn rate(&self, now: Instant, temporal_layer: u8) -> u64 {
        self.rate.rate(now, temporal_layer)
    }

    /// Whether it has come for long enough to rely on its rate.
    #[must_use]
    pub fn is_settled(&self, now: Instant) -> bool {
        self.rate.is_settled(now)
    }

    /// How repair has gone.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.nack.as_ref().map(NackGenerator::repairs).unwrap_or_default()
    }

    /// The share of its packets that were lost on the way here between the last two reports, 0–1.
    #[must_use]
    pub fn fraction_lost(&self) -> f64 {
        self.reception.fraction_lost()
    }

    /// Its interarrival jitter.
    #[must_use]
    pub fn jitter(&self) -> Duration {
        self.reception.jitter()
    }

    /// The round trip to its publisher, as answered NACKs tell it.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.nack.as_ref().and_then(NackGenerator::round_trip)
    }

    pub(super) fn source(&self) -> u32 {
        self.source
    }

    pub(super) fn ring(&self) -> &PacketRing {
        &self.ring
    }

    pub(super) fn clock(&self) -> Option<&SenderClock> {
        self.reception.clock()
    }

    /// Whether a packet is of this encoding, and if so whether it is a retransmission. SSRCs are learned from RIDs.
    pub(super) fn matches(&mut self, packet: &RtpPacket, settings: &TrackSettings) -> Option<bool> {
        if self.ssrc == Some(packet.ssrc) {
            return Some(false);
        }
        if self.rtx_ssrc == Some(packet.ssrc) {
            return Some(true);
        }
        let Some(rid) = &self.rid else { return self.matches_unannounced(packet, settings) };
        if packet.extensions.rid.as_ref() == Some(rid) && packet.extensions.repaired_rid.is_none() {
            self.changed = self.ssrc.replace(packet.ssrc).is_some();
            return Some(false);
        }
        if packet.extensions.repaired_rid.as_ref() == Some(rid) {
            self.rtx_ssrc = Some(packet.ssrc);
            return Some(true);
        }
        None
    }

    /// Without RID and SSRC the first stream of a payload type is taken.
    fn matches_unannounced(&mut self, packet: &RtpPacket, settings: &TrackSettings) -> Option<bool> {
        if self.ssrc.is_none() && packet.payload_type == settings.payload_type {
            self.ssrc = Some(packet.ssrc);
            return Some(false);
        }
        if self.rtx_ssrc.is_none() && Some(packet.payload_type) == settings.rtx_payload_type {
            self.rtx_ssrc = Some(packet.ssrc);
            return Some(true);
        }
        None
    }

    /// Takes a packet in. `None` if it is of no use, else the packet and whether the publisher began anew with it.
    pub(super) fn take(
        &mut self,
        now: Instant,
        packet: RtpPacket,
        retransmitted: bool,
        settings: &TrackSettings,
        sources: &mut u32,
    ) -> Option<(Taken, bool)> {
        let packet = if retransmitted { rtx::decapsulate(packet, self.ssrc?, settings.payload_type)? } else { packet };
        if packet.payload_type != settings.payload_type && !packet.payload.is_empty() {
            return None;
        }
        // It would not be forwarded, and so its number must not count: SRTP finds a number's cycle only if it sees no step of half a cycle.
        if packet.payload.len() > MAX_PAYLOAD {
            return None;
        }
        let arrival = self.arrival(&packet, retransmitted)?;
        if !retransmitted {
            self.reception.receive(now, arrival, packet.timestamp);
            self.last = Some(now);
        }
        if self.nack.as_mut().is_some_and(|nack| !nack.receive(now, arrival, retransmitted)) {
            self.requests.want();
        }
        let (extended, late, restarted) = match arrival {
            Arrival::Newest { extended, .. } => (extended, false, false),
            Arrival::Older { extended } => (extended, true, false),
            Arrival::Restarted { extended } => (extended, false, true),
            Arrival::Stray => return None,
        };
        if restarted {
            *sources += 1;
            self.source = *sources;
            self.ring.clear();
        }
        let taken = Taken { payload: settings.codec.inspect(&packet.payload), packet: Stored::new(now, extended, &packet), late };
        // Padding too: what came under a number once must never be sent on as something else.
        if !self.ring.insert(taken.packet.clone()) {
            return None;
        }
        if !taken.is_padding() {
            self.rate.add(now, packet.size, taken.payload.temporal_layer());
            self.temporal_layers |= taken.payload.temporal_layer() > 0;
            if taken.payload.keyframe {
                self.requests.arrived();
                self.height = taken.payload.height.or(self.height);
            }
        }
        Some((taken, restarted))
    }

    pub(super) fn want_keyframe(&mut self) {
        self.requests.want();
    }

    pub(super) fn forget_keyframe(&mut self) {
        self.requests.forget();
    }

    pub(super) fn poll(&mut self, now: Instant, upstream: &mut Vec<Upstream>) {
        self.ring.trim(now);
        let Some(ssrc) = self.ssrc else { return };
        let numbers = self.nack.as_mut().map(|nack| nack.poll(now)).unwrap_or_default();
        if !numbers.is_empty() {
            upstream.push(Upstream::Nack { ssrc, numbers });
        }
        if self.requests.poll(now) {
            upstream.push(Upstream::Keyframe { ssrc });
        }
    }

    pub(super) fn sender_report(&mut self, now: Instant, ntp: u64, timestamp: u32) {
        self.reception.sender_report(now, ntp, timestamp);
    }

    pub(super) fn report(&mut self, now: Instant) -> Option<ReceptionReport> {
        self.reception.report(now, self.ssrc?)
    }

    fn arrival(&mut self, packet: &RtpPacket, retransmitted: bool) -> Option<Arrival> {
        if std::mem::take(&mut self.changed) && self.tracker.highest().is_some() {
            return Some(Arrival::Restarted { extended: self.tracker.restart(packet.sequence_number) });
        }
        if !retransmitted {
            return Some(self.tracker.receive(packet.sequence_number));
        }
        // A retransmission is always of something older, or of the newest that was lost; it begins nothing.
        let extended = self.tracker.nearest(packet.sequence_number);
        (extended <= self.tracker.highest()?).then_some(Arrival::Older { extended })
    }
}
