//! The way to one subscriber: everything that goes to it is counted, and its feedback tells how much the way carries.

use std::time::{Duration, Instant};

use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;

use super::estimate::{EstimateLimits, Estimator};
use super::layers::{Allocation, Chosen, Demand, allocate};
use super::outgoing::Outgoing;
use super::twcc::SendHistory;

/// Share of the estimate that media may take (percent); the rest is for retransmissions, RTCP and what changes between two looks.
const MEDIA_SHARE: u64 = 95;
/// What the least of every track takes, to be begun with (percent).
const BEGINNING: u64 = 111;

/// The way to one subscriber.
#[derive(Debug)]
pub struct Downlink {
    began: Instant,
    history: SendHistory,
    estimator: Estimator,
    chosen: Vec<(u64, Chosen)>,
    overhead: usize,
    /// Never more than this, in bits a second.
    most: u64,
}

impl Downlink {
    /// `overhead` is what each packet has in bytes on the wire besides what is given to [`Downlink::stamp`]: authentication tag, UDP
    /// and IP headers.
    #[must_use]
    pub fn new(now: Instant, limits: EstimateLimits, overhead: usize) -> Self {
        Self {
            began: now,
            history: SendHistory::default(),
            estimator: Estimator::new(limits),
            chosen: Vec::new(),
            overhead,
            most: limits.most,
        }
    }

    /// The last thing before encryption: numbers a packet among all of this transport and writes when it is sent.
    pub fn stamp(&mut self, now: Instant, packet: &mut Outgoing<'_>) {
        packet.set_absolute_send_time(now.saturating_duration_since(self.began));
        if packet.wants_transport_sequence() {
            let (size, probe) = (packet.bytes().len() + self.overhead, self.estimator.current_probe());
            packet.set_transport_sequence(self.history.sent(now, size, probe));
            if probe.is_some() {
                self.estimator.sent_in_probe(size);
            }
        }
    }

    /// Transport-wide feedback came.
    pub fn feedback(&mut self, now: Instant, feedback: &TransportLayerCc) {
        let results = self.history.feedback(feedback);
        self.estimator.feedback(now, &results);
    }

    /// A receiver report came: loss as 0–1, and the round trip if it told one.
    pub fn receiver_report(&mut self, now: Instant, fraction_lost: f64, round_trip: Option<Duration>) {
        self.estimator.receiver_report(now, fraction_lost);
        if let Some(round_trip) = round_trip {
            self.estimator.measured_round_trip(round_trip);
        }
    }

    /// REMB came, in bits a second.
    pub fn remb(&mut self, rate: u64) {
        self.estimator.remb(rate);
    }

    /// Bits a second that the way is thought to carry.
    #[must_use]
    pub fn rate(&self) -> u64 {
        self.estimator.rate()
    }

    /// The smoothed round trip.
    #[must_use]
    pub fn round_trip(&self) -> Duration {
        self.estimator.round_trip()
    }

    /// Decides what to send of each track; to be called after feedback, and when a track came or went. Keys are the caller's and name
    /// the same track each time. If more is wanted than is known to be possible, a probe is begun.
    pub fn allocate(&mut self, now: Instant, demands: &[(u64, Demand)]) -> Allocation {
        let remembered = |key: &u64| self.chosen.iter().find(|(known, _)| known == key).map(|(_, chosen)| *chosen).unwrap_or_default();
        let mut chosen: Vec<_> = demands.iter().map(|(key, _)| remembered(key)).collect();
        let only: Vec<_> = demands.iter().map(|(_, demand)| demand.clone()).collect();
        let allocation = allocate(now, self.available(&only), &only, &mut chosen);
        self.chosen = demands.iter().map(|(key, _)| *key).zip(chosen).collect();
        if let Some(rate) = allocation.wanted_rate {
            self.estimator.want(now, rate * 100 / MEDIA_SHARE);
        }
        allocation
    }

    /// What media may take. Whoever has just come sees everybody at once: as long as nothing speaks against it, the least of each track is tried.
    fn available(&self, demands: &[Demand]) -> u64 {
        let known = self.estimator.rate() * MEDIA_SHARE / 100;
        if !self.estimator.is_assumed() {
            return known;
        }
        let wanted = demands.iter().filter(|demand| demand.audio || demand.wanted_height > 0);
        let least: u64 = wanted.filter_map(|demand| demand.steps.first()).map(|step| step.rate).sum();
        known.max((least * BEGINNING / 100).min(self.most))
    }

    /// Bytes to send now for a probe; [`Track::probe`](super::track::Track::probe) makes packets of them. To be called every few
    /// milliseconds.
    pub fn poll_probe(&mut self, now: Instant) -> usize {
        self.estimator.poll_probe(now)
    }
}
