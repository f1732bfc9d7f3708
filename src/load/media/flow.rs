//! Exactly once and in order: what one receiver knows of the packets of one track.

use super::packet::Mark;

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
    seen: Vec<u64>,
    /// Number and sequence number of the latest packet.
    latest: Option<(u64, u16)>,
}

impl Flow {
    /// A packet came. True if it is the first of its kind.
    pub fn packet(&mut self, mark: &Mark, sequence_number: u16, faults: &mut Faults) -> bool {
        let first = *self.first.get_or_insert(mark.number);
        let Some(place) = mark.number.checked_sub(first) else {
            faults.out_of_order += 1;
            return false;
        };
        let (word, bit) = ((place / 64) as usize, 1_u64 << (place % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        if self.seen[word] & bit != 0 {
            faults.duplicated += 1;
            return false;
        }
        self.seen[word] |= bit;
        match self.latest {
            Some((number, _)) if mark.number < number => faults.out_of_order += 1,
            Some((number, before)) => {
                // What the server never got has no number; what it paused has none either.
                let missing = mark.number - number - 1;
                let skipped = u64::from(sequence_number.wrapping_sub(before).wrapping_sub(1));
                faults.misnumbered += u64::from(skipped > missing);
                self.latest = Some((mark.number, sequence_number));
            }
            None => self.latest = Some((mark.number, sequence_number)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::load::media::packet::Medium;

    fn after(packets: &[(u64, u16)]) -> (usize, Faults) {
        let (mut flow, mut faults) = (Flow::default(), Faults::default());
        let mut taken = 0;
        for (number, sequence_number) in packets {
            let mark = Mark { run: 1, publisher: 1, medium: Medium::Audio, number: *number, due: 0 };
            taken += usize::from(flow.packet(&mark, *sequence_number, &mut faults));
        }
        (taken, faults)
    }

    #[test]
    fn what_comes_once_and_in_order_is_right() {
        assert_eq!(after(&[(70, 65_534), (71, 65_535), (72, 0)]), (3, Faults::default()));
        // Lost on the way to the server, or paused there; lost on the way here.
        assert_eq!(after(&[(70, 5), (75, 6), (80, 11)]), (3, Faults::default()));
    }

    #[test]
    fn everything_else_is_not() {
        assert_eq!(after(&[(1, 1), (1, 1)]), (1, Faults { duplicated: 1, ..Faults::default() }));
        assert_eq!(after(&[(1, 1), (3, 3), (2, 2)]), (3, Faults { out_of_order: 1, ..Faults::default() }));
        assert_eq!(after(&[(9, 1), (3, 3)]), (1, Faults { out_of_order: 1, ..Faults::default() }));
        assert_eq!(after(&[(1, 1), (2, 9)]), (2, Faults { misnumbered: 1, ..Faults::default() }));
    }
}
