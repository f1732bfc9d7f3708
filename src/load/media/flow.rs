//! Exactly once and in order: what one receiver knows of the packets of one track.

use super::packet::Mark;
use crate::load::seen::Seen;

/// What went wrong, summed over receivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Faults {
    /// Packets that a receiver already had.
    pub duplicated: u64,
    /// Packets that came after a later one of the same track.
    pub out_of_order: u64,
    /// Packets of somebody in another room, of another track than the line was said to carry, or of no track at all.
    pub misrouted: u64,
    /// Packets with another payload than was sent.
    pub damaged: u64,
    /// RTP sequence numbers that do not go on where the track does.
    pub misnumbered: u64,
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
        self.damaged += other.damaged;
        self.misnumbered += other.misnumbered;
    }
}

/// One receiver's memory of a track: a bit for each packet since the first one.
#[derive(Debug, Default)]
pub struct Flow {
    first: Option<u64>,
    seen: Seen,
    /// Number and sequence number of the latest packet.
    latest: Option<(u64, u16)>,
}

impl Flow {
    /// A packet came. If it is the first of its kind: how many sequence numbers are missing before it, which is how many packets were lost
    /// on the way here. What the server was not sent or has left out has none.
    pub fn packet(&mut self, mark: &Mark, sequence_number: u16, faults: &mut Faults) -> Option<u64> {
        let first = *self.first.get_or_insert(mark.number);
        let Some(place) = mark.number.checked_sub(first) else {
            faults.out_of_order += 1;
            return None;
        };
        if !self.seen.insert(place) {
            faults.duplicated += 1;
            return None;
        }
        let mut lost = 0;
        match self.latest {
            Some((number, _)) if mark.number < number => {
                faults.out_of_order += 1;
                return Some(0);
            }
            Some((number, before)) => {
                lost = u64::from(sequence_number.wrapping_sub(before).wrapping_sub(1));
                if lost > mark.number - number - 1 {
                    (faults.misnumbered, lost) = (faults.misnumbered + 1, 0);
                }
            }
            None => {}
        }
        self.latest = Some((mark.number, sequence_number));
        Some(lost)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::load::media::packet::Medium;

    /// How many were taken, how many lost, and what was wrong.
    fn after(packets: &[(u64, u16)]) -> (usize, u64, Faults) {
        let (mut flow, mut faults) = (Flow::default(), Faults::default());
        let (mut taken, mut lost) = (0, 0);
        for (number, sequence_number) in packets {
            let mark = Mark { run: 1, publisher: 1, medium: Medium::Audio, number: *number, due: 0 };
            let outcome = flow.packet(&mark, *sequence_number, &mut faults);
            (taken, lost) = (taken + usize::from(outcome.is_some()), lost + outcome.unwrap_or_default());
        }
        (taken, lost, faults)
    }

    #[test]
    fn what_comes_once_and_in_order_is_right() {
        assert_eq!(after(&[(70, 65_534), (71, 65_535), (72, 0)]), (3, 0, Faults::default()));
        // Lost on the way to the server, or left out there; lost on the way here.
        assert_eq!(after(&[(70, 5), (75, 6), (80, 11)]), (3, 4, Faults::default()));
    }

    #[test]
    fn everything_else_is_not() {
        assert_eq!(after(&[(1, 1), (1, 1)]), (1, 0, Faults { duplicated: 1, ..Faults::default() }));
        assert_eq!(after(&[(1, 1), (3, 3), (2, 2)]), (3, 1, Faults { out_of_order: 1, ..Faults::default() }));
        assert_eq!(after(&[(9, 1), (3, 3)]), (1, 0, Faults { out_of_order: 1, ..Faults::default() }));
        assert_eq!(after(&[(1, 1), (2, 9)]), (2, 0, Faults { misnumbered: 1, ..Faults::default() }));
    }
}
