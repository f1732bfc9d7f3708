//! What somebody publishes and who gets it: packets in, packets for each subscriber out.
//!
//! [`Track::receive`] is the way of every packet: it is matched to its encoding (RFC 8853 simulcast: one SSRC each, told by RID), a
//! retransmission is unwrapped, what is missing is noted, the packet goes into the encoding's ring and then, header by header, to
//! the subscribers that get this encoding.

mod encoding;
mod subscription;
mod temporal;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;

pub use self::encoding::Encoding;
pub use self::subscription::{Subscription, SubscriptionSettings, Target};
use super::codec::Codec;
use super::layers::Step;
use super::outgoing::{Outgoing, Scratch};
use super::packet::RtpPacket;
use super::ring::RingLimits;

/// An encoding that is silent for so long while another is not has been switched off by its publisher.
const SILENT: Duration = Duration::from_millis(1_000);

/// A subscriber, as its node counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriberId(pub u64);

/// What a track is made of, as negotiated with its publisher.
#[derive(Clone, Copy, Debug)]
pub struct TrackSettings {
    /// How payloads are written.
    pub codec: Codec,
    /// The payload type that stands for the codec.
    pub payload_type: u8,
    /// The payload type of its retransmissions (RFC 4588), if negotiated.
    pub rtx_payload_type: Option<u8>,
    /// The publisher answers NACKs.
    pub repair: bool,
    /// How much is kept for retransmission, for each encoding.
    pub ring: RingLimits,
}

/// A wish that goes to the publisher as RTCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// Send these packets again (RFC 4585, section 6.2.1).
    Nack {
        /// The stream.
        ssrc: u32,
        /// Sequence numbers, as on the wire.
        numbers: Vec<u16>,
    },
    /// Send a keyframe (PLI, RFC 4585, section 6.3.1).
    Keyframe {
        /// The stream.
        ssrc: u32,
    },
}

/// What became of a received packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is of this encoding, and new.
    Taken(usize),
    /// It was here before, is nothing but padding, or of no use.
    Ignored,
    /// No encoding of this track has its SSRC or RID.
    Unknown,
}

/// A published track.
#[derive(Debug)]
pub struct Track {
    settings: TrackSettings,
    encodings: Vec<Encoding>,
    /// In the order of their IDs.
    subscriptions: Vec<(SubscriberId, Subscription)>,
    sources: u32,
}

impl Track {
    /// A track without encodings.
    #[must_use]
    pub fn new(settings: TrackSettings) -> Self {
        Self { settings, encodings: Vec::new(), subscriptions: Vec::new(), sources: 0 }
    }

    /// Adds an encoding, lowest quality first, and returns its index. Simulcast ones are known by `rid` until their SSRC is; others
    /// by their SSRCs: that of the media and that of retransmissions, or where those were not announced, by payload type.
    pub fn add_encoding(&mut self, now: Instant, rid: Option<Bytes>, ssrc: Option<u32>, rtx_ssrc: Option<u32>) -> usize {
        self.sources += 1;
        self.encodings.push(Encoding::new(now, &self.settings, self.sources, rid, ssrc, rtx_ssrc));
        self.encodings.len() - 1
    }

    /// The publisher comes anew, over another connection or with other encodings of the same codec, which are to be added. Subscribers go on
    /// in the numbers that they have, with the next keyframe.
    pub fn restart(&mut self, settings: TrackSettings) {
        self.settings = TrackSettings { codec: self.settings.codec, ..settings };
        self.encodings.clear();
        self.subscriptions.iter_mut().for_each(|(_, subscription)| subscription.source_ended(&self.encodings));
    }

    /// The encodings, lowest quality first.
    #[must_use]
    pub fn encodings(&self) -> &[Encoding] {
        &self.encodings
    }

    /// Whether an encoding comes in at present.
    #[must_use]
    pub fn is_alive(&self, encoding: usize) -> bool {
        let newest = self.encodings.iter().filter_map(Encoding::last_arrival).max();
        let last = self.encodings.get(encoding).and_then(Encoding::last_arrival);
        last.zip(newest).is_some_and(|(last, newest)| newest.saturating_duration_since(last) < SILENT)
    }

    /// The qualities in which it can be had now, lowest rate first: the whole of each encoding that comes in, and of the lowest
    /// also less than all temporal layers. What has just begun is left out until its rate is known.
    #[must_use]
    pub fn steps(&self, now: Instant) -> Vec<Step> {
        let alive = (0..self.encodings.len()).filter(|index| self.is_alive(*index));
        let mut steps: Vec<Step> = Vec::new();
        for index in alive {
            let encoding = &self.encodings[index];
            if !steps.is_empty() && !encoding.is_settled(now) {
                continue;
            }
            let layers = if steps.is_empty() && encoding.has_temporal_layers() { &[0, 1, u8::MAX][..] } else { &[u8::MAX] };
            for &temporal_layer in layers {
                let rate = encoding.rate(now, temporal_layer).max(steps.last().map_or(0, |below| below.rate));
                steps.push(Step { target: Target { encoding: index, temporal_layer }, rate, height: encoding.height() });
            }
        }
        steps
    }

    /// Somebody gets this track from now on; what they had of it before is forgotten.
    pub fn subscribe(&mut self, id: SubscriberId, settings: SubscriptionSettings) {
        let subscription = Subscription::new(settings, self.settings.codec);
        match self.position(id) {
            Ok(at) => self.subscriptions[at].1 = subscription,
            Err(at) => self.subscriptions.insert(at, (id, subscription)),
        }
    }

    /// Somebody gets this track no more.
    pub fn unsubscribe(&mut self, id: SubscriberId) {
        if let Ok(at) = self.position(id) {
            self.subscriptions.remove(at);
        }
        if self.subscriptions.is_empty() {
            self.encodings.iter_mut().for_each(Encoding::forget_keyframe);
        }
    }

    /// What a subscriber shall get: changed at once to nothing, and to another encoding when a keyframe of it comes.
    pub fn set_target(&mut self, id: SubscriberId, target: Option<Target>) {
        if let Some(subscription) = self.subscription_mut(id) {
            subscription.set_target(target);
        }
    }

    /// A subscriber's side of this track.
    #[must_use]
    pub fn subscription(&self, id: SubscriberId) -> Option<&Subscription> {
        self.position(id).ok().map(|at| &self.subscriptions[at].1)
    }

    /// The same, to change it.
    pub fn subscription_mut(&mut self, id: SubscriberId) -> Option<&mut Subscription> {
        self.position(id).ok().map(|at| &mut self.subscriptions[at].1)
    }

    /// A packet of the publisher, decrypted. `send` gets what goes to subscribers.
    pub fn receive(
        &mut self,
        now: Instant,
        packet: RtpPacket,
        scratch: &mut Scratch,
        send: &mut impl FnMut(SubscriberId, Outgoing<'_>),
    ) -> Received {
        let Some((index, retransmitted)) = self.encodings.iter_mut().enumerate().find_map(|(index, encoding)| {
            let retransmitted = encoding.matches(&packet, &self.settings)?;
            Some((index, retransmitted))
        }) else {
            return Received::Unknown;
        };
        let encoding = &mut self.encodings[index];
        let Some((taken, restarted)) = encoding.take(now, packet, retransmitted, &self.settings, &mut self.sources) else {
            return Received::Ignored;
        };
        if restarted {
            self.subscriptions.iter_mut().for_each(|(_, subscription)| subscription.source_ended(&self.encodings));
        }
        if !scratch.load(taken.body()) {
            return Received::Ignored;
        }
        for (id, subscription) in &mut self.subscriptions {
            let mut send = |packet: Outgoing<'_>| send(*id, packet);
            let switched = subscription.offer(now, (index, &self.encodings), &taken, scratch, &mut send);
            if switched {
                subscription.catch_up(now, &self.encodings[index], &taken, scratch, &mut send);
                if !scratch.load(taken.body()) {
                    return Received::Ignored;
                }
            }
        }
        if taken.is_padding() { Received::Ignored } else { Received::Taken(index) }
    }

    /// A subscriber asks for packets again. Those that are not here yet are sent when they come.
    pub fn nack(
        &mut self,
        now: Instant,
        id: SubscriberId,
        numbers: impl IntoIterator<Item = u16>,
        scratch: &mut Scratch,
        send: &mut impl FnMut(SubscriberId, Outgoing<'_>),
    ) {
        let Ok(at) = self.position(id) else { return };
        let subscription = &mut self.subscriptions[at].1;
        for number in numbers {
            subscription.resend(now, number, &self.encodings, scratch, &mut |packet| send(id, packet));
        }
    }

    /// Sends what was sent last once more on the retransmission stream, or padding, to measure the link with about so many bytes;
    /// returns how many.
    pub fn probe(
        &mut self,
        now: Instant,
        id: SubscriberId,
        bytes: usize,
        scratch: &mut Scratch,
        send: &mut impl FnMut(SubscriberId, Outgoing<'_>),
    ) -> usize {
        let Ok(at) = self.position(id) else { return 0 };
        self.subscriptions[at].1.probe(now, bytes, &self.encodings, scratch, &mut |packet| send(id, packet))
    }

    /// A subscriber cannot decode any more (PLI or FIR).
    pub fn wants_keyframe(&mut self, id: SubscriberId) {
        let Some(target) = self.subscription(id).and_then(|subscription| subscription.receives(&self.encodings)) else { return };
        self.encodings[target].want_keyframe();
    }

    /// What to ask of the publisher now; to be called every few milliseconds.
    pub fn poll(&mut self, now: Instant, upstream: &mut Vec<Upstream>) {
        for index in 0..self.encodings.len() {
            let alive = self.is_alive(index);
            let waiting = |(_, subscription): &(_, Subscription)| subscription.waits_for(index, &self.encodings[index]);
            let waited_for = alive && self.settings.codec.is_video() && self.subscriptions.iter().any(waiting);
            let encoding = &mut self.encodings[index];
            if waited_for {
                encoding.want_keyframe();
            } else if !alive {
                encoding.forget_keyframe();
            }
            encoding.poll(now, upstream);
        }
    }

    /// The publisher's sender report (RFC 3550, section 6.4.1).
    pub fn sender_report(&mut self, now: Instant, report: &SenderReport) {
        if let Some(encoding) = self.encodings.iter_mut().find(|encoding| encoding.ssrc() == Some(report.ssrc)) {
            encoding.sender_report(now, report.ntp_time, report.rtp_time);
        }
    }

    /// The blocks of the next receiver report to the publisher.
    pub fn receiver_report(&mut self, now: Instant) -> Vec<ReceptionReport> {
        self.encodings.iter_mut().filter_map(|encoding| encoding.report(now)).collect()
    }

    /// The sender report for a subscriber: the publisher's clocks with the subscriber's timestamps. `None` until both are known.
    pub fn sender_report_for(&mut self, now: Instant, id: SubscriberId) -> Option<SenderReport> {
        let at = self.position(id).ok()?;
        self.subscriptions[at].1.sender_report(now, &self.encodings, self.settings.codec.clock_rate())
    }

    fn position(&self, id: SubscriberId) -> Result<usize, usize> {
        self.subscriptions.binary_search_by_key(&id, |(id, _)| *id)
    }
}
