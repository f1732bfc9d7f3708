//! Rate limit of one connection.

use std::time::Duration;

use tokio::time::Instant;

use super::limits::Rate;

/// A token bucket, kept as the instant at which it will be full again.
pub(super) struct Bucket {
    rate: Option<Rate>,
    full_at: Instant,
}

impl Bucket {
    /// A full bucket; `None` never refuses.
    pub(super) fn new(rate: Option<Rate>, now: Instant) -> Self {
        Self { rate, full_at: now }
    }

    /// Takes one token, or says when there will be one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let token = Duration::from_secs(1) / rate.per_second.max(1);
        let full_at = self.full_at.max(now) + token;
        let missing = full_at - now;
        let capacity = token * rate.burst.max(1);
        if missing > capacity {
            return Err(missing - capacity);
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_trickle() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(Rate { burst: 3, per_second: 10 }), start);
        assert!((0..3).all(|_| bucket.take(start).is_ok()));
        assert_eq!(bucket.take(start), Err(Duration::from_millis(100)));
        assert_eq!(bucket.take(start + Duration::from_millis(40)), Err(Duration::from_millis(60)));
        assert_eq!(bucket.take(start + Duration::from_millis(100)), Ok(()));
        assert!(bucket.take(start + Duration::from_millis(100)).is_err());
        let later = start + Duration::from_secs(60);
        assert_eq!((0..10).filter(|_| bucket.take(later).is_ok()).count(), 3);
    }

    #[test]
    fn without_a_rate_nothing_is_refused() {
        let now = Instant::now();
        let mut bucket = Bucket::new(None, now);
        assert!((0..10_000).all(|_| bucket.take(now).is_ok()));
    }
}
