//! Sequence numbers and timestamps without their wrap-around (RFC 3550, sections 5.1 and A.1).

/// A jump ahead by more packets than this is not loss but another stream, or an attack (RFC 3550, A.1: MAX_DROPOUT).
pub const MAX_DROPOUT: u64 = 3_000;
/// A packet that is older by more than this is not late but of another stream. More than RFC 3550's 100, for retransmissions.
pub const MAX_MISORDER: u64 = 2_000;

/// Extends numbers of `BITS` bits: each is taken to be the one nearest to the highest seen.
///
/// The first one is put a cycle above zero, so that what was sent before it has a number too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwrapper<const BITS: u32> {
    highest: Option<u64>,
}

/// Extends the sequence numbers of RTP and of transport-wide congestion control.
pub type SequenceUnwrapper = Unwrapper<16>;
/// Extends RTP timestamps.
pub type TimestampUnwrapper = Unwrapper<32>;

impl<const BITS: u32> Unwrapper<BITS> {
    const CYCLE: u64 = 1 << BITS;

    /// The extended number of a received one, which is remembered if it is the highest.
    pub fn extend(&mut self, number: impl Into<u64>) -> u64 {
        let extended = self.nearest(number);
        self.highest = self.highest.max(Some(extended));
        extended
    }

    /// The extended number of one that is only spoken of, as in a NACK.
    #[must_use]
    pub fn nearest(&self, number: impl Into<u64>) -> u64 {
        let number = number.into() % Self::CYCLE;
        let Some(highest) = self.highest else { return Self::CYCLE + number };
        let ahead = number.wrapping_sub(highest) % Self::CYCLE;
        if ahead < Self::CYCLE / 2 { highest + ahead } else { highest + ahead - Self::CYCLE }
    }

    /// The highest extended number so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

/// What a received sequence number says about its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The newest packet, and how many are missing between it and the newest before.
    Newest {
        /// Its extended number.
        extended: u64,
        /// Packets that were sent before it and have not come.
        missing: u64,
    },
    /// A late packet, a repetition or a retransmission.
    Older {
        /// Its extended number.
        extended: u64,
    },
    /// The stream began anew; no earlier number has a meaning any more.
    Restarted {
        /// Its extended number, above all before.
        extended: u64,
    },
    /// A number far away that no second packet has confirmed: not to be used.
    Stray,
}

/// Follows the sequence numbers of one SSRC, also through a restart of its sender: two consecutive numbers far from
/// the others are a restart, a single one is not.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceTracker {
    unwrapper: SequenceUnwrapper,
    expected_of_restart: Option<u16>,
}

impl SequenceTracker {
    /// A packet has come.
    pub fn receive(&mut self, number: u16) -> Arrival {
        let Some(highest) = self.unwrapper.highest else {
            return Arrival::Newest { extended: self.unwrapper.extend(number), missing: 0 };
        };
        let extended = self.unwrapper.nearest(number);
        if extended > highest + MAX_DROPOUT || extended + MAX_MISORDER < highest {
            let restarted = self.expected_of_restart == Some(number);
            self.expected_of_restart = Some(number.wrapping_add(1));
            return if restarted { Arrival::Restarted { extended: self.restart(number) } } else { Arrival::Stray };
        }
        self.expected_of_restart = None;
        if extended <= highest {
            return Arrival::Older { extended };
        }
        self.unwrapper.extend(number);
        Arrival::Newest { extended, missing: extended - highest - 1 }
    }

    /// The sender is known to begin anew with this number, as when its SSRC changed. Extended numbers go on above all before.
    pub fn restart(&mut self, number: u16) -> u64 {
        let cycles = self.unwrapper.highest.map_or(1, |highest| (highest >> 16) + 2);
        let extended = (cycles << 16) + u64::from(number);
        *self = Self { unwrapper: Unwrapper { highest: Some(extended) }, expected_of_restart: None };
        extended
    }

    /// The extended number of one that is only spoken of.
    #[must_use]
    pub fn nearest(&self, number: u16) -> u64 {
        self.unwrapper.nearest(number)
    }

    /// The highest extended number so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.unwrapper.highest
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever walk the true numbers take within half a cycle, they come out as they went in.
        #[test]
        fn extended_numbers_are_the_true_ones(start in 0u64..1 << 16, steps in prop::collection::vec(-2_000i64..20_000, 1..200)) {
            let mut unwrapper = SequenceUnwrapper::default();
            let (mut highest, offset) = (start, unwrapper.extend(start as u16) - start);
            for step in steps {
                let number = highest.saturating_add_signed(step);
                prop_assert_eq!(unwrapper.extend(number as u16).wrapping_sub(offset), number);
                highest = highest.max(number);
            }
        }
    }

    #[test]
    fn timestamps_wrap_at_32_bits() {
        let mut unwrapper = TimestampUnwrapper::default();
        let before = unwrapper.extend(u32::MAX - 1);
        assert_eq!(unwrapper.extend(3_000u32) - before, 3_002);
        assert_eq!(unwrapper.nearest(u32::MAX), before + 1);
        assert_eq!(unwrapper.highest(), Some(before + 3_002));
    }

    #[test]
    fn packets_before_the_first_have_numbers() {
        let mut tracker = SequenceTracker::default();
        let Arrival::Newest { extended, missing: 0 } = tracker.receive(0) else { panic!() };
        assert_eq!(tracker.receive(u16::MAX), Arrival::Older { extended: extended - 1 });
        assert_eq!(tracker.receive(3), Arrival::Newest { extended: extended + 3, missing: 2 });
    }

    #[test]
    fn a_stray_number_changes_nothing_and_two_are_a_restart() {
        let mut tracker = SequenceTracker::default();
        tracker.receive(100);
        assert_eq!(tracker.receive(40_000), Arrival::Stray);
        assert!(matches!(tracker.receive(101), Arrival::Newest { missing: 0, .. }));
        assert_eq!(tracker.receive(40_001), Arrival::Stray);
        let before = tracker.highest().unwrap();
        let Arrival::Restarted { extended } = tracker.receive(40_002) else { panic!() };
        assert!(extended > before + MAX_DROPOUT && extended as u16 == 40_002);
        assert_eq!(tracker.receive(40_003), Arrival::Newest { extended: extended + 1, missing: 0 });
        assert_eq!(tracker.nearest(40_001), extended - 1);
    }
}
