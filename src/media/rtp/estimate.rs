//! How much the way to a subscriber carries: Google's congestion control (draft-ietf-rmcat-gcc-02), run at the sender.
//!
//! Three estimates are joined: delay that grows says that a queue fills (`trendline`, `aimd`), loss bounds the result from above (section
//! 6), and a probe, a short burst faster than the media, finds capacity that media does not use. Where the subscriber sends no
//! transport-wide feedback, its REMB (draft-alvestrand-rmcat-remb-03) stands for the delay.

mod acknowledged;
mod aimd;
mod loss;
mod probe;
mod trendline;

use std::time::{Duration, Instant};

use self::acknowledged::AcknowledgedRate;
use self::aimd::RateControl;
use self::loss::LossControl;
use self::probe::Prober;
use self::trendline::{DelayDetector, Usage};
use super::twcc::PacketResult;

/// Bounds and beginning of an estimate, in bits a second.
#[derive(Clone, Copy, Debug)]
pub struct EstimateLimits {
    /// Assumed while nothing is known.
    pub start: u64,
    /// Never less.
    pub least: u64,
    /// Never more.
    pub most: u64,
}

impl Default for EstimateLimits {
    fn default() -> Self {
        Self { start: 600_000, least: 40_000, most: 20_000_000 }
    }
}

/// Delay alone does not bring the estimate below this: a computer that is too busy to read its packets in time looks as if queues filled, and
/// what little is sent then bounds what can be seen to arrive. A link that carries less shows it by loss, or by long round trips.
const UNDOUBTED: u64 = 250_000;
/// A round trip of a queue that fills.
const LONG: Duration = Duration::from_millis(400);
/// For so long a link is remembered as one with such queues.
const DOUBT: Duration = Duration::from_secs(30);

/// The estimate of one transport.
#[derive(Debug)]
pub struct Estimator {
    limits: EstimateLimits,
    detector: DelayDetector,
    control: RateControl,
    loss: LossControl,
    acknowledged: AcknowledgedRate,
    prober: Prober,
    remb: Option<u64>,
    has_feedback: bool,
    round_trip: Duration,
    /// When the round trip was long last.
    long_at: Option<Instant>,
    /// What delay says is at least this.
    floor: u64,
}

impl Estimator {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(limits: EstimateLimits) -> Self {
        Self {
            limits,
            detector: DelayDetector::default(),
            control: RateControl::new(limits),
            loss: LossControl::new(limits),
            acknowledged: AcknowledgedRate::default(),
            prober: Prober::default(),
            remb: None,
            has_feedback: false,
            round_trip: Duration::from_millis(100),
            long_at: None,
            floor: UNDOUBTED,
        }
    }

    /// Bits a second that may be sent, all bytes on the wire counted.
    #[must_use]
    pub fn rate(&self) -> u64 {
        let delay = if self.has_feedback { Some(self.delay_rate()) } else { self.remb };
        delay.unwrap_or(self.limits.most).min(self.loss.rate()).clamp(self.limits.least, self.limits.most)
    }

    /// Whether nothing has ever spoken against more than the estimate: it is no more than an assumption then.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        self.remb.is_none() && !self.control.has_decreased() && !self.loss.has_decreased()
    }

    /// Bits a second that arrived lately, as far as feedback tells.
    #[must_use]
    pub fn acknowledged(&self) -> Option<u64> {
        self.acknowledged.rate()
    }

    /// The smoothed round trip, from receiver reports.
    #[must_use]
    pub fn round_trip(&self) -> Duration {
        self.round_trip
    }

    /// What transport-wide feedback says, in the order of sending.
    pub fn feedback(&mut self, now: Instant, results: &[PacketResult]) {
        self.has_feedback |= !results.is_empty();
        let mut arrived: Vec<_> = results.iter().filter_map(|result| Some((result.arrived?, result))).collect();
        arrived.sort_by_key(|(at, _)| *at);
        for (at, result) in &arrived {
            self.acknowledged.add(*at, result.size);
            self.detector.add(result.sent, *at);
        }
        let usage = self.detector.usage();
        let arriving = if usage == Usage::Over { self.acknowledged.recent() } else { self.acknowledged.rate() };
        self.control.update(now, usage, arriving, self.round_trip);
        self.loss.add(now, results.len() - arrived.len(), results.len());
        if let Some(arriving) = self.acknowledged.rate().filter(|_| self.is_assumed()) {
            self.control.raise(arriving);
            self.loss.raise(arriving);
        }
        if self.round_trip >= LONG {
            self.long_at = Some(now);
        }
        let doubted = self.long_at.is_some_and(|at| now.saturating_duration_since(at) < DOUBT);
        self.floor = if doubted { self.limits.least } else { UNDOUBTED };
        self.loss.follow(self.delay_rate());
        if let Some(rate) = self.prober.feedback(now, results).filter(|_| usage != Usage::Over) {
            self.control.raise(rate);
            self.loss.raise(rate);
        }
    }

    /// The share of lost packets from a receiver report, 0–1; only of use where there is no transport-wide feedback.
    pub fn receiver_report(&mut self, now: Instant, fraction_lost: f64) {
        if !self.has_feedback {
            self.loss.report(now, fraction_lost);
            self.loss.follow(self.remb.unwrap_or(self.limits.most));
        }
    }

    /// A round trip was measured.
    pub fn measured_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = (self.round_trip * 7 + round_trip) / 8;
    }

    /// The subscriber's own estimate in bits a second.
    pub fn remb(&mut self, rate: u64) {
        self.remb = Some(rate);
    }

    /// More could be sent if the link carried this rate: it is measured when the time has come. Nothing is probed while the link is full.
    pub fn want(&mut self, now: Instant, rate: u64) {
        if self.has_feedback && rate > self.rate() && self.detector.usage() == Usage::Normal && !self.control.is_recovering(now) {
            self.prober.want(now, rate.min(self.limits.most), self.rate());
        }
    }

    /// The probe that packets sent now belong to.
    #[must_use]
    pub fn current_probe(&self) -> Option<u32> {
        self.prober.current()
    }

    /// Bytes to send now, beside the media, for a probe that is under way; to be called every few milliseconds.
    pub fn poll_probe(&mut self, now: Instant) -> usize {
        self.prober.poll(now)
    }

    /// A packet of a probe, or of the media during one, was sent.
    pub fn sent_in_probe(&mut self, bytes: usize) {
        self.prober.sent(bytes);
    }

    fn delay_rate(&self) -> u64 {
        self.control.rate().max(self.floor)
    }
}
