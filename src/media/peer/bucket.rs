//! A rate limit.

use std::time::{Duration, Instant};

/// So many a second, counted by the second.
pub(super) struct Bucket {
    each_second: u32,
    left: u32,
    refilled: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(now: Instant, each_second: u32) -> Self {
        Self { each_second, left: each_second, refilled: now }
    }

    /// Takes one, if there is one left.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.refilled) >= Duration::from_secs(1) {
            (self.left, self.refilled) = (self.each_second, now);
        }
        let taken = self.left > 0;
        self.left = self.left.saturating_sub(1);
        taken
    }
}
