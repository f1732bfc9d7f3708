//! The rate that delay allows: more while queues do not fill, less than what arrives when they do (draft-ietf-rmcat-gcc-02,
//! section 5.5).

use std::time::{Duration, Instant};

use super::EstimateLimits;
use super::trendline::Usage;

/// What remains of the arriving rate when a queue fills (β).
const DECREASE: f64 = 0.85;
/// Growth a second while far from the known capacity (η).
const INCREASE: f64 = 1.08;
/// How far beyond the arriving rate the estimate grows by itself. What is not sent is not known to be possible: the draft
/// allows 1.5, for encoders that follow at once; here a probe has to show what the next layer needs.
const BELIEVABLE: f64 = 1.2;
/// A queue needs time to empty after a decrease, before the next.
const LEAST_PAUSE: Duration = Duration::from_millis(200);
/// After a decrease nothing is probed for so long.
const RECOVERY: Duration = Duration::from_secs(2);
/// Bits of a packet that the additive increase goes by.
const PACKET: f64 = 9_600.0;

/// The control of one transport.
#[derive(Debug)]
pub(super) struct RateControl {
    limits: EstimateLimits,
    rate: f64,
    holds: bool,
    updated: Option<Instant>,
    decreased: Option<Instant>,
    /// The arriving rate at decreases: its mean and variance, the latter relative to the mean.
    capacity: Option<(f64, f64)>,
}

impl RateControl {
    pub(super) fn new(limits: EstimateLimits) -> Self {
        Self { limits, rate: limits.start as f64, holds: false, updated: None, decreased: None, capacity: None }
    }

    /// Bits a second.
    pub(super) fn rate(&self) -> u64 {
        self.rate as u64
    }

    /// Whether a decrease was so lately that the queue may not be empty yet.
    pub(super) fn is_recovering(&self, now: Instant) -> bool {
        self.decreased.is_some_and(|decreased| now.saturating_duration_since(decreased) < RECOVERY)
    }

    /// Whether delay has ever spoken against more.
    pub(super) fn has_decreased(&self) -> bool {
        self.decreased.is_some()
    }

    /// It was shown that the link carries this.
    pub(super) fn raise(&mut self, rate: u64) {
        self.rate = self.rate.max(rate as f64).min(self.limits.most as f64);
        if self.capacity.is_some_and(|(mean, _)| self.rate > mean * 1.2) {
            self.capacity = None;
        }
    }

    pub(super) fn update(&mut self, now: Instant, usage: Usage, acknowledged: Option<u64>, round_trip: Duration) {
        let passed = self.updated.map_or(Duration::ZERO, |updated| now.saturating_duration_since(updated)).min(Duration::from_secs(1));
        self.updated = Some(now);
        match usage {
            Usage::Over => self.decrease(now, acknowledged, round_trip),
            Usage::Under => self.holds = true,
            // The first normal report after another state is waited out: the queue may still be emptying.
            Usage::Normal if self.holds => self.holds = false,
            Usage::Normal => self.increase(passed.as_secs_f64(), acknowledged, round_trip),
        }
        self.rate = self.rate.clamp(self.limits.least as f64, self.limits.most as f64);
    }

    fn decrease(&mut self, now: Instant, acknowledged: Option<u64>, round_trip: Duration) {
        self.holds = true;
        let pause = LEAST_PAUSE.max(round_trip);
        if self.decreased.is_some_and(|decreased| now.saturating_duration_since(decreased) < pause) {
            return;
        }
        self.decreased = Some(now);
        let arriving = acknowledged.map_or(self.rate, |rate| rate as f64);
        self.rate = self.rate.min(arriving * DECREASE);
        self.capacity = match self.capacity {
            Some((mean, variance)) if (arriving - mean).abs() < 3.0 * (variance * mean).sqrt() => {
                let error = (mean - arriving).powi(2) / mean.max(1.0);
                Some((mean * 0.95 + arriving * 0.05, (variance * 0.95 + error * 0.05).clamp(400.0, 2_500.0)))
            }
            _ => Some((arriving, 400.0)),
        };
    }

    fn increase(&mut self, passed: f64, acknowledged: Option<u64>, round_trip: Duration) {
        let arriving = acknowledged.map_or(self.rate, |rate| rate as f64);
        if self.capacity.is_some_and(|(mean, variance)| arriving > mean + 3.0 * (variance * mean).sqrt()) {
            self.capacity = None;
        }
        let grown = if self.capacity.is_some() {
            let response = (round_trip.as_secs_f64() + 0.1).max(0.1);
            self.rate + (PACKET / response).max(4_000.0) * passed
        } else {
            self.rate * INCREASE.powf(passed)
        };
        let believable = arriving * BELIEVABLE + 10_000.0;
        self.rate = grown.min(believable).max(self.rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    fn control() -> (RateControl, Instant) {
        (RateControl::new(EstimateLimits { start: 1_000_000, ..EstimateLimits::default() }), Instant::now())
    }

    #[test]
    fn it_grows_by_8_percent_a_second_but_not_beyond_what_is_used() {
        let (mut control, start) = control();
        (0..=10).for_each(|tick| control.update(start + TICK * tick, Usage::Normal, Some(1_000_000), TICK));
        assert!(control.rate().abs_diff(1_080_000) < 2_000, "{}", control.rate());
        (0..1_000).for_each(|tick| control.update(start + TICK * tick, Usage::Normal, Some(1_000_000), TICK));
        assert!(control.rate() <= 1_210_000, "{}", control.rate());
    }

    #[test]
    fn it_falls_below_what_arrives_and_then_grows_slowly() {
        let (mut control, start) = control();
        control.update(start, Usage::Over, Some(300_000), TICK);
        assert_eq!(control.rate(), 255_000);
        control.update(start + TICK, Usage::Over, Some(200_000), TICK);
        assert_eq!(control.rate(), 255_000, "once a round trip");
        assert!(control.is_recovering(start + TICK));
        (2..12).for_each(|tick| control.update(start + TICK * tick, Usage::Normal, Some(255_000), TICK));
        assert!((285_000..310_000).contains(&control.rate()), "{}", control.rate());
        control.raise(2_000_000);
        assert_eq!(control.rate(), 2_000_000);
    }

    #[test]
    fn it_holds_while_queues_empty() {
        let (mut control, start) = control();
        (0..50).for_each(|tick| control.update(start + TICK * tick, Usage::Under, Some(1_000_000), TICK));
        assert_eq!(control.rate(), 1_000_000);
    }
}
