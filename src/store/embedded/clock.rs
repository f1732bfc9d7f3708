//! The store's clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ids::Micros;

/// The machine's clock, except that within one run it never goes back.
#[derive(Default)]
pub(super) struct Clock {
    latest: AtomicU64,
}

impl Clock {
    pub(super) fn now(&self) -> Micros {
        // A machine whose clock stands before 1970 gets the beginning of time.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Micros::default().plus(since).0;
        Micros(self.latest.fetch_max(now, Ordering::Relaxed).max(now))
    }

    /// Lets time pass at once. The clock then stands until the machine's has caught up.
    #[cfg(test)]
    pub(super) fn skip(&self, time: Duration) {
        self.latest.store(self.now().plus(time).0, Ordering::Relaxed);
    }
}

/// From `now` until `then`; zero if that is past.
pub(super) fn until(then: Micros, now: Micros) -> Duration {
    Duration::from_micros(then.0.saturating_sub(now.0))
}
