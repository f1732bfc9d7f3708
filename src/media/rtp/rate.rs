//! How much comes, measured over the last second as it is on the wire.

use std::time::{Duration, Instant};

/// Temporal layers that are measured apart; higher ones count as the last.
pub const TEMPORAL_LAYERS: usize = 3;

/// What a packet has on the wire besides RTP: an authentication tag, and headers of UDP and IP.
const OVERHEAD: usize = 16 + 28;

const SLOTS: usize = 10;
const SLOT: Duration = Duration::from_millis(100);
const SETTLED: Duration = Duration::from_millis(700);

/// Bits a second by temporal layer.
#[derive(Clone, Debug)]
pub struct RateMeter {
    began: Instant,
    slots: [[u32; TEMPORAL_LAYERS]; SLOTS],
    /// The slot of the time that was last told, counted from `began`.
    current: u64,
}

impl RateMeter {
    /// Nothing yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { began: now, slots: [[0; TEMPORAL_LAYERS]; SLOTS], current: 0 }
    }

    /// A packet of so many bytes of RTP, of a temporal layer.
    pub fn add(&mut self, now: Instant, bytes: usize, temporal_layer: u8) {
        let slot = self.slot(now);
        if slot > self.current + SLOTS as u64 {
            // A new beginning: the silence before it does not count.
            *self = Self::new(now);
        }
        let slot = self.slot(now);
        for passed in (self.current + 1..=slot).take(SLOTS) {
            self.slots[(passed % SLOTS as u64) as usize] = Default::default();
        }
        self.current = self.current.max(slot);
        let layer = usize::from(temporal_layer).min(TEMPORAL_LAYERS - 1);
        self.slots[(self.current % SLOTS as u64) as usize][layer] += (bytes + OVERHEAD) as u32;
    }

    /// Bits a second of the temporal layers up to this one, over the last second or what there is of it.
    #[must_use]
    pub fn rate(&self, now: Instant, temporal_layer: u8) -> u64 {
        let slot = self.slot(now);
        let from = slot.saturating_sub(SLOTS as u64 - 1);
        let layers = usize::from(temporal_layer).min(TEMPORAL_LAYERS - 1) + 1;
        let bytes = |slot: u64| self.slots[(slot % SLOTS as u64) as usize][..layers].iter().map(|bytes| u64::from(*bytes)).sum::<u64>();
        let sum: u64 = (from..=self.current.min(slot)).map(bytes).sum();
        let measured = now.saturating_duration_since(self.began + SLOT * from as u32).max(2 * SLOT);
        (sum as f64 * 8.0 / measured.as_secs_f64()) as u64
    }

    /// Whether it has been measured for long enough to be relied on.
    #[must_use]
    pub fn is_settled(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.began) >= SETTLED
    }

    fn slot(&self, now: Instant) -> u64 {
        (now.saturating_duration_since(self.began).as_millis() / SLOT.as_millis()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_second_counts() {
        let start = Instant::now();
        let mut meter = RateMeter::new(start);
        for ms in 0..3_000u64 {
            meter.add(start + Duration::from_millis(ms), if ms < 1_500 { 106 } else { 6 }, (ms % 4) as u8);
        }
        let at = |ms, layer| meter.rate(start + Duration::from_millis(ms), layer);
        assert!(at(2_999, 2).abs_diff(400_000) < 8_000, "{}", at(2_999, 2));
        assert!(at(2_999, 0).abs_diff(100_000) < 4_000, "a quarter is of the lowest layer");
        assert!(at(3_500, 2) < 220_000);
        assert_eq!((at(4_000, 2), at(60_000, 2)), (0, 0));
    }

    #[test]
    fn a_stream_that_has_just_begun_is_not_underestimated() {
        let start = Instant::now();
        let mut meter = RateMeter::new(start);
        for ms in 0..300u64 {
            meter.add(start + Duration::from_millis(ms), 56, 0);
        }
        let at = |ms| start + Duration::from_millis(ms);
        assert!(meter.rate(at(300), 0).abs_diff(800_000) < 10_000);
        assert!(!meter.is_settled(at(300)) && meter.is_settled(at(1_000)));
        (5_000..5_300).for_each(|ms| meter.add(at(ms), 56, 0));
        assert!(meter.rate(at(5_300), 0).abs_diff(800_000) < 10_000, "after a silence");
        assert!(!meter.is_settled(at(5_300)));
    }
}
