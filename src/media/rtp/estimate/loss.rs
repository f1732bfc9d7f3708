//! The rate that loss allows (draft-ietf-rmcat-gcc-02, section 6): below 2 % it grows, above 10 % it falls by half the loss.

use std::time::{Duration, Instant};

use super::EstimateLimits;

/// Loss is looked at in steps of so many packets, or of so much time if fewer are sent.
const PACKETS: usize = 20;
const STEP: Duration = Duration::from_millis(200);
/// After a decrease the effect is waited for.
const PAUSE: Duration = Duration::from_millis(300);
const LITTLE: f64 = 0.02;
const MUCH: f64 = 0.10;
/// Growth a second while little is lost.
const INCREASE: f64 = 1.08;

/// The control of one transport.
#[derive(Debug)]
pub(super) struct LossControl {
    limits: EstimateLimits,
    rate: f64,
    lost: usize,
    told: usize,
    looked: Option<Instant>,
    decreased: Option<Instant>,
}

impl LossControl {
    pub(super) fn new(limits: EstimateLimits) -> Self {
        Self { limits, rate: limits.start as f64, lost: 0, told: 0, looked: None, decreased: None }
    }

    /// Bits a second.
    pub(super) fn rate(&self) -> u64 {
        self.rate as u64
    }

    /// So many of the packets told of were lost.
    pub(super) fn add(&mut self, now: Instant, lost: usize, told: usize) {
        self.lost += lost;
        self.told += told;
        let looked = *self.looked.get_or_insert(now);
        if self.told >= PACKETS && now.saturating_duration_since(looked) >= STEP {
            let fraction = self.lost as f64 / self.told as f64;
            (self.lost, self.told) = (0, 0);
            self.report(now, fraction);
        }
    }

    /// The share of lost packets since the last report.
    pub(super) fn report(&mut self, now: Instant, fraction: f64) {
        let passed = self.looked.replace(now).map_or(STEP, |looked| now.saturating_duration_since(looked)).min(Duration::from_secs(1));
        if fraction < LITTLE {
            self.rate *= INCREASE.powf(passed.as_secs_f64());
        } else if fraction > MUCH && self.decreased.is_none_or(|decreased| now.saturating_duration_since(decreased) >= PAUSE) {
            self.decreased = Some(now);
            self.rate *= 1.0 - fraction / 2.0;
        }
        self.rate = self.rate.clamp(self.limits.least as f64, self.limits.most as f64);
    }

    /// The rate by delay: loss does not remember a capacity far above it.
    pub(super) fn follow(&mut self, delay: u64) {
        self.rate = self.rate.min(delay as f64 * 2.0);
    }

    /// Whether loss has ever spoken against more.
    pub(super) fn has_decreased(&self) -> bool {
        self.decreased.is_some()
    }

    /// It was shown that the link carries this.
    pub(super) fn raise(&mut self, rate: u64) {
        self.rate = self.rate.max(rate as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_a_second(lost_of_20: usize) -> u64 {
        let (mut control, start) = (LossControl::new(EstimateLimits { start: 1_000_000, ..EstimateLimits::default() }), Instant::now());
        (0..=20).for_each(|step| control.add(start + Duration::from_millis(50) * step, if step % 4 == 0 { lost_of_20 } else { 0 }, 5));
        control.rate()
    }

    #[test]
    fn little_loss_lets_it_grow_and_much_makes_it_fall() {
        assert!(after_a_second(0) > 1_060_000);
        assert_eq!(after_a_second(1), 1_000_000, "5 % may be the link's own");
        assert!((300_000..650_000).contains(&after_a_second(10)), "{}", after_a_second(10));
    }

    #[test]
    fn it_stays_near_the_other_estimate() {
        let (mut control, now) = (LossControl::new(EstimateLimits::default()), Instant::now());
        control.raise(5_000_000);
        control.follow(300_000);
        assert_eq!(control.rate(), 600_000);
        control.report(now, 1.0);
        assert_eq!(control.rate(), 300_000);
    }
}
