//! Exactly once and in order: what one receiver knows of the messages that it got.

use super::marker::Mark;
use super::seen::Seen;

/// Which of the run's messages belong to a receiver's channel, and who sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Message `number` goes to channel `number % channels`.
    pub channels: u64,
    /// The receiver's own.
    pub channel: u64,
    /// Within a channel its messages take turns among this many senders.
    pub senders: u64,
}

/// What went wrong, summed over receivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Faults {
    /// Messages that a receiver already had.
    pub duplicated: u64,
    /// Messages that came after a later one of the same sender.
    pub out_of_order: u64,
    /// Messages of a channel that the receiver has not joined.
    pub misrouted: u64,
    /// Numbers that the channel's `Seq` jumped over.
    pub seq_skipped: u64,
    /// Messages whose `Seq` was not above the one before.
    pub seq_backwards: u64,
    /// Messages without `Seq`.
    pub seq_absent: u64,
}

impl Faults {
    /// Nothing at all went wrong.
    pub fn none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds another sum to this one.
    pub fn add(&mut self, other: &Self) {
        self.duplicated += other.duplicated;
        self.out_of_order += other.out_of_order;
        self.misrouted += other.misrouted;
        self.seq_skipped += other.seq_skipped;
        self.seq_backwards += other.seq_backwards;
        self.seq_absent += other.seq_absent;
    }
}

/// One receiver's memory: a bit for each message of its channel.
#[derive(Debug)]
pub struct Checker {
    route: Route,
    seen: Seen,
    /// For each sender, one more than the place of the latest message.
    latest: Vec<u64>,
    last_seq: u64,
}

impl Checker {
    /// A receiver that has got nothing yet.
    pub fn new(route: Route) -> Self {
        Self { route, seen: Seen::default(), latest: Vec::new(), last_seq: 0 }
    }

    /// A message arrived. True if it is one of the run's, for this receiver, and the first of its kind.
    pub fn message(&mut self, seq: Option<u64>, mark: Option<Mark>, faults: &mut Faults) -> bool {
        self.check_seq(seq, faults);
        mark.is_some_and(|mark| self.check_mark(mark.number, faults))
    }

    fn check_seq(&mut self, seq: Option<u64>, faults: &mut Faults) {
        let Some(seq) = seq else {
            faults.seq_absent += 1;
            return;
        };
        // The number before the first message is not known: the channel may be old.
        if self.last_seq != 0 && seq > self.last_seq + 1 {
            faults.seq_skipped += seq - self.last_seq - 1;
        }
        if seq <= self.last_seq {
            faults.seq_backwards += 1;
        }
        self.last_seq = self.last_seq.max(seq);
    }

    fn check_mark(&mut self, number: u64, faults: &mut Faults) -> bool {
        if number % self.route.channels != self.route.channel {
            faults.misrouted += 1;
            return false;
        }
        let place = number / self.route.channels;
        if !self.seen.insert(place) {
            faults.duplicated += 1;
            return false;
        }
        if self.latest.is_empty() {
            self.latest.resize(self.route.senders as usize, 0);
        }
        let latest = &mut self.latest[(place % self.route.senders) as usize];
        if place < *latest {
            faults.out_of_order += 1;
        }
        *latest = (*latest).max(place + 1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_CHANNEL: Route = Route { channels: 1, channel: 0, senders: 1 };

    /// Feeds (Seq, number) pairs and tells how many were good, and what was not.
    fn check(route: Route, arrivals: &[(u64, u64)]) -> (u64, Faults) {
        let (mut checker, mut faults) = (Checker::new(route), Faults::default());
        let mut good = 0;
        for (seq, number) in arrivals {
            good += u64::from(checker.message(Some(*seq), Some(Mark { number: *number, due: 0 }), &mut faults));
        }
        (good, faults)
    }

    #[test]
    fn an_old_channel_without_faults_is_clean() {
        assert_eq!(check(ONE_CHANNEL, &[(100, 0), (101, 1), (102, 2)]), (3, Faults::default()));
    }

    #[test]
    fn a_duplicate_is_found() {
        let (good, faults) = check(ONE_CHANNEL, &[(1, 0), (2, 1), (2, 1), (3, 2)]);
        assert_eq!((good, faults), (3, Faults { duplicated: 1, seq_backwards: 1, ..Faults::default() }));
    }

    #[test]
    fn a_duplicate_under_a_new_seq_is_found() {
        let (good, faults) = check(ONE_CHANNEL, &[(1, 0), (2, 1), (3, 1)]);
        assert_eq!((good, faults), (2, Faults { duplicated: 1, ..Faults::default() }));
    }

    #[test]
    fn a_gap_is_found() {
        let (good, faults) = check(ONE_CHANNEL, &[(1, 0), (4, 3)]);
        assert_eq!((good, faults), (2, Faults { seq_skipped: 2, ..Faults::default() }));
    }

    #[test]
    fn a_swap_is_found() {
        let (good, faults) = check(ONE_CHANNEL, &[(1, 0), (3, 2), (2, 1), (4, 3)]);
        assert_eq!((good, faults), (4, Faults { out_of_order: 1, seq_skipped: 1, seq_backwards: 1, ..Faults::default() }));
    }

    #[test]
    fn senders_may_overtake_each_other_but_not_themselves() {
        let two = Route { senders: 2, ..ONE_CHANNEL };
        assert_eq!(check(two, &[(1, 1), (2, 0), (3, 3), (4, 2)]), (4, Faults::default()));
        let (_, faults) = check(two, &[(1, 0), (2, 4), (3, 2)]);
        assert_eq!(faults, Faults { out_of_order: 1, ..Faults::default() });
    }

    #[test]
    fn a_message_for_somebody_else_is_found() {
        let pair = Route { channels: 3, channel: 1, senders: 1 };
        let (good, faults) = check(pair, &[(1, 1), (2, 2), (3, 4)]);
        assert_eq!((good, faults), (2, Faults { misrouted: 1, ..Faults::default() }));
    }

    #[test]
    fn a_message_without_seq_or_mark_is_no_delivery() {
        let (mut checker, mut faults) = (Checker::new(ONE_CHANNEL), Faults::default());
        assert!(!checker.message(None, None, &mut faults));
        assert_eq!(faults, Faults { seq_absent: 1, ..Faults::default() });
    }
}
