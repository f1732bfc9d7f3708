//! Whether a subscriber's request for a packet is answered: a cap per packet and a rate for all, so that nobody can make a node
//! send much by asking, and a link that is full is not filled further by repair.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Packets whose answers are remembered.
const REMEMBERED: usize = 512;
/// Assumed while no report has told it.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(40);

/// Bounds of the answers to one subscription.
#[derive(Clone, Copy, Debug)]
pub struct ResponderLimits {
    /// A packet is sent again so often at most.
    pub tries: u8,
    /// Bits a second that retransmissions may take.
    pub rate: u64,
    /// Bytes that may go at once.
    pub burst: u64,
    /// A packet is not sent again before this time has passed; the round trip if that is longer.
    pub spacing: Duration,
}

impl Default for ResponderLimits {
    fn default() -> Self {
        Self { tries: 4, rate: 500_000, burst: 48 * 1024, spacing: Duration::from_millis(10) }
    }
}

/// Decides for one subscription.
#[derive(Debug)]
pub struct NackResponder {
    limits: ResponderLimits,
    answers: BTreeMap<u64, (u8, Instant)>,
    /// Bytes that may go now, as of `filled`.
    tokens: f64,
    filled: Option<Instant>,
    /// What is known of the way to the subscriber and back.
    round_trip: Duration,
}

impl NackResponder {
    /// Nothing asked yet.
    #[must_use]
    pub fn new(limits: ResponderLimits) -> Self {
        Self { limits, answers: BTreeMap::new(), tokens: limits.burst as f64, filled: None, round_trip: FIRST_ROUND_TRIP }
    }

    /// The round trip to the subscriber: requests that come faster are about the same loss.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// Bits a second that retransmissions may take from now on.
    pub fn set_rate(&mut self, rate: u64) {
        self.limits.rate = rate;
    }

    /// A packet was sent for the first time, but late: a request for it that comes now was made before it arrived.
    pub fn sent_late(&mut self, now: Instant, extended: u64) {
        self.remember(extended, (0, now));
    }

    /// Whether to send this packet (`extended` as the subscriber counts) of so many bytes again now; if so, it counts as sent.
    pub fn answer(&mut self, now: Instant, extended: u64, size: usize) -> bool {
        let before = self.answers.get(&extended).copied();
        // Nine tenths, as a request may have travelled faster than the ones the round trip was measured with.
        let spacing = self.limits.spacing.max(self.round_trip * 9 / 10);
        if before.is_some_and(|(times, last)| times >= self.limits.tries || now.saturating_duration_since(last) < spacing) {
            return false;
        }
        let passed = self.filled.map_or(Duration::ZERO, |filled| now.saturating_duration_since(filled));
        self.filled = Some(now);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.limits.rate as f64 / 8.0).min(self.limits.burst as f64);
        if self.tokens < size as f64 {
            return false;
        }
        self.tokens -= size as f64;
        self.remember(extended, (before.map_or(0, |(times, _)| times) + 1, now));
        true
    }

    fn remember(&mut self, extended: u64, answer: (u8, Instant)) {
        self.answers.insert(extended, answer);
        if self.answers.len() > REMEMBERED {
            self.answers.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn one_answer_a_round_trip_and_few_in_all() {
        let (mut responder, start) = (NackResponder::new(ResponderLimits::default()), Instant::now());
        assert!(responder.answer(start, 5, 1_000));
        assert!(!responder.answer(start + 5 * MS, 5, 1_000), "asked twice for one loss");
        assert!(responder.answer(start + 5 * MS, 6, 1_000));
        responder.set_round_trip(100 * MS);
        assert!(!responder.answer(start + 50 * MS, 5, 1_000));
        let sent = (1..100).filter(|round| responder.answer(start + *round * 100 * MS, 5, 1_000)).count();
        assert_eq!(sent, 3);
    }

    #[test]
    fn what_has_just_been_sent_for_the_first_time_is_not_sent_again() {
        let (mut responder, start) = (NackResponder::new(ResponderLimits::default()), Instant::now());
        responder.set_round_trip(100 * MS);
        responder.sent_late(start, 5);
        assert!(!responder.answer(start + 50 * MS, 5, 1_000));
        assert!(responder.answer(start + 100 * MS, 5, 1_000));
    }

    #[test]
    fn all_answers_together_keep_to_the_rate() {
        let (mut responder, start) =
            (NackResponder::new(ResponderLimits { rate: 80_000, burst: 5_000, ..Default::default() }), Instant::now());
        let sent = (0..10_000u32).filter(|ms| responder.answer(start + *ms * MS, u64::from(*ms), 1_000)).count();
        assert!((100..=105).contains(&sent), "10 s at 10 kB a second and 5 kB at once, not {sent} packets of 1 kB");
        responder.set_rate(0);
        assert!(!responder.answer(start, 90_000, 1_000));
        assert!(responder.answers.len() <= REMEMBERED);
    }
}
