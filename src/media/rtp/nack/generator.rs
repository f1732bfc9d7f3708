//! What is missing of a publisher's stream, and when to ask for it again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::media::rtp::sequence::Arrival;

/// Most packets that are asked for at one time. Where more are missing, only a keyframe helps.
const MOST_MISSING: usize = 400;
/// A packet is asked for so often.
const TRIES: u8 = 8;
/// What is missing for longer is of no use to anybody.
const GIVE_UP_AFTER: Duration = Duration::from_millis(1_500);
/// Time between two requests while no answer has told the round trip yet.
const FIRST_INTERVAL: Duration = Duration::from_millis(120);
const SHORTEST_INTERVAL: Duration = Duration::from_millis(20);
const LONGEST_INTERVAL: Duration = Duration::from_millis(500);
/// Packets that come in another order than they were sent are waited for, so long at first and at most.
const FIRST_PATIENCE: Duration = Duration::from_millis(8);
const LONGEST_PATIENCE: Duration = Duration::from_millis(50);

/// How repair has gone since the stream began, in packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Requests, each packet counted as often as it was asked for.
    pub asked: u64,
    /// Came after they were asked for, be it on the retransmission stream or on the original one.
    pub recovered: u64,
    /// Never came.
    pub lost: u64,
}

#[derive(Debug)]
struct Missing {
    since: Instant,
    asked: u8,
    next: Instant,
    last: Instant,
}

/// Finds gaps in one SSRC and says when to ask. It must be told of recovered packets too, whatever stream brought them:
/// else it goes on asking for what is there.
#[derive(Debug, Default)]
pub struct NackGenerator {
    missing: BTreeMap<u64, Missing>,
    round_trip: RoundTrip,
    patience: Patience,
    repairs: Repairs,
}

impl NackGenerator {
    /// A packet has come, by itself or `retransmitted` (RFC 4588). `false` if so much is missing that only a keyframe helps.
    pub fn receive(&mut self, now: Instant, arrival: Arrival, retransmitted: bool) -> bool {
        match arrival {
            Arrival::Newest { extended, missing } => return self.expect(now, extended, missing),
            Arrival::Older { extended } => self.late(now, extended, retransmitted),
            Arrival::Restarted { .. } => self.clear(),
            Arrival::Stray => {}
        }
        true
    }

    /// The numbers to ask for now; to be called every few milliseconds.
    pub fn poll(&mut self, now: Instant) -> Vec<u16> {
        let (interval, mut due) = (self.round_trip.interval(), Vec::new());
        let before = self.missing.len();
        self.missing.retain(|extended, missing| {
            if missing.next > now {
                return true;
            }
            if missing.asked >= TRIES || now.saturating_duration_since(missing.since) > GIVE_UP_AFTER {
                return false;
            }
            missing.asked += 1;
            missing.last = now;
            missing.next = now + interval;
            due.push(*extended as u16);
            true
        });
        self.repairs.asked += due.len() as u64;
        self.repairs.lost += (before - self.missing.len()) as u64;
        due
    }

    /// How repair has gone so far.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.repairs
    }

    /// The round trip to the publisher as far as answers have told it.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip.smoothed
    }

    /// Forgets what is missing, as when a keyframe has made it useless.
    pub fn clear(&mut self) {
        self.repairs.lost += self.missing.len() as u64;
        self.missing.clear();
    }

    fn expect(&mut self, now: Instant, extended: u64, missing: u64) -> bool {
        if self.missing.len() as u64 + missing > MOST_MISSING as u64 {
            self.repairs.lost += missing;
            self.clear();
            return false;
        }
        let next = now + self.patience.0;
        self.missing.extend((extended - missing..extended).map(|number| (number, Missing { since: now, asked: 0, next, last: now })));
        true
    }

    fn late(&mut self, now: Instant, extended: u64, retransmitted: bool) {
        let Some(missing) = self.missing.remove(&extended) else { return };
        let since_asked = now.saturating_duration_since(missing.last);
        let answered = missing.asked > 0 && (retransmitted || since_asked >= self.round_trip.smoothed.unwrap_or(FIRST_INTERVAL) / 2);
        if missing.asked > 0 {
            self.repairs.recovered += 1;
        }
        if answered {
            self.patience.was_lost();
            // After several requests nobody knows which one was answered (Karn's algorithm).
            if missing.asked == 1 {
                self.round_trip.sample(since_asked);
            }
        } else {
            self.patience.was_reordered(now.saturating_duration_since(missing.since));
        }
    }
}

/// The round trip and its variation as in RFC 6298.
#[derive(Debug, Default)]
struct RoundTrip {
    smoothed: Option<Duration>,
    variation: Duration,
}

impl RoundTrip {
    fn sample(&mut self, sample: Duration) {
        match self.smoothed {
            None => (self.smoothed, self.variation) = (Some(sample), sample / 4),
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(sample)) / 4;
                self.smoothed = Some((smoothed * 7 + sample) / 8);
            }
        }
    }

    fn interval(&self) -> Duration {
        let interval = self.smoothed.map_or(FIRST_INTERVAL, |smoothed| smoothed + self.variation * 4);
        interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
    }
}

/// How long to wait for a packet that may only be late: longer after each that came by itself, shorter after each that did not.
#[derive(Debug)]
struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(FIRST_PATIENCE)
    }
}

impl Patience {
    fn was_reordered(&mut self, by: Duration) {
        let enough = by + by / 4;
        if enough > self.0 {
            self.0 = ((self.0 + enough) / 2).min(LONGEST_PATIENCE);
        }
    }

    fn was_lost(&mut self) {
        self.0 = (self.0 - self.0 / 64).max(FIRST_PATIENCE / 2);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn newest(extended: u64, missing: u64) -> Arrival {
        Arrival::Newest { extended, missing }
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_gap_is_asked_for_after_a_moment_and_then_once_a_round_trip() {
        let (mut nack, start) = (NackGenerator::default(), Instant::now());
        nack.receive(start, newest(100, 0), false);
        nack.receive(start, newest(103, 2), false);
        assert!(nack.poll(start + 5 * MS).is_empty(), "it may only be late");
        assert_eq!(nack.poll(start + 10 * MS), [101, 102]);
        assert!(nack.poll(start + 60 * MS).is_empty());
        nack.receive(start + 60 * MS, Arrival::Older { extended: 101 }, true);
        assert_eq!(nack.round_trip(), Some(50 * MS));
        assert_eq!(nack.poll(start + 130 * MS), [102]);
        nack.receive(start + 180 * MS, Arrival::Older { extended: 102 }, true);
        assert_eq!(nack.repairs(), Repairs { asked: 3, recovered: 2, lost: 0 });
        assert!(nack.poll(start + 900 * MS).is_empty(), "what a retransmission brought is not asked for again");
    }

    #[test]
    fn tries_are_bounded() {
        let (mut nack, start) = (NackGenerator::default(), Instant::now());
        nack.receive(start, newest(1, 0), false);
        nack.receive(start, newest(3, 1), false);
        let asked: usize = (0..5_000).map(|ms| nack.poll(start + ms * MS).len()).sum();
        assert_eq!(asked, usize::from(TRIES));
        assert_eq!(nack.repairs().lost, 1);
    }

    #[test]
    fn it_learns_to_wait_for_packets_that_are_only_late() {
        let (mut nack, start) = (NackGenerator::default(), Instant::now());
        let mut asked = 0;
        for number in 1..200 {
            let now = start + MS * 40 * number;
            let extended = u64::from(number) * 2;
            nack.receive(now, newest(extended, 1), false);
            asked += (0..18).map(|ms| nack.poll(now + ms * MS).len()).sum::<usize>();
            nack.receive(now + 18 * MS, Arrival::Older { extended: extended - 1 }, false);
        }
        assert!(asked < 10, "asked {asked} times for packets that were not lost");
    }

    #[test]
    fn a_hole_too_large_wants_a_keyframe() {
        let (mut nack, now) = (NackGenerator::default(), Instant::now());
        assert!(nack.receive(now, newest(1, 0), false));
        assert!(!nack.receive(now, newest(2_000, 1_998), false));
        assert!(nack.poll(now + 50 * MS).is_empty());
        assert!(nack.receive(now, newest(2_002, 1), false));
        assert!(nack.receive(now, Arrival::Restarted { extended: 70_000 }, false));
        assert!(nack.poll(now + 50 * MS).is_empty());
        assert_eq!(nack.repairs().lost, 1_999);
    }
}
