//! How much arrives (draft-ietf-rmcat-gcc-02, section 5.5: R_hat).

use std::collections::VecDeque;

/// Time over which is measured, in µs.
const WINDOW: i64 = 500_000;
/// Less than this tells nothing, in µs.
const ENOUGH: i64 = 150_000;
/// What counts as the last moments, in µs, and how many packets must be in them.
const RECENT: i64 = 100_000;
const FEW_PACKETS: usize = 5;
const MOST_PACKETS: usize = 4_000;

/// Bits a second that arrived in the last half second, by the receiver's clock.
#[derive(Debug, Default)]
pub(super) struct AcknowledgedRate {
    arrivals: VecDeque<(i64, usize)>,
    bytes: usize,
}

impl AcknowledgedRate {
    pub(super) fn add(&mut self, arrived: i64, size: usize) {
        // Arrivals that are told late do not count backwards.
        let arrived = self.arrivals.back().map_or(arrived, |(latest, _)| arrived.max(*latest));
        self.arrivals.push_back((arrived, size));
        self.bytes += size;
        while let Some((_, size)) = self.arrivals.front().filter(|(at, _)| arrived - at > WINDOW || self.arrivals.len() > MOST_PACKETS) {
            self.bytes -= size;
            self.arrivals.pop_front();
        }
    }

    /// The rate of the last moments. While a queue fills it is what the link carries, whatever came before.
    pub(super) fn recent(&self) -> Option<u64> {
        let (last, _) = self.arrivals.back()?;
        let recent = self.arrivals.iter().rev().take_while(|(at, _)| last - at <= RECENT);
        let (packets, bytes, first) =
            recent.fold((0, 0, (*last, 0)), |(packets, bytes, _), arrival| (packets + 1, bytes + arrival.1, *arrival));
        let passed = last - first.0;
        if packets < FEW_PACKETS || passed < RECENT / 2 {
            self.rate()
        } else {
            Some(((bytes - first.1) as u64) * 8_000_000 / passed as u64)
        }
    }

    pub(super) fn rate(&self) -> Option<u64> {
        let ((first, size), (last, _)) = (self.arrivals.front()?, self.arrivals.back()?);
        let passed = last - first;
        // The first packet's own time lies before the interval.
        (passed >= ENOUGH).then(|| ((self.bytes - size) as u64) * 8_000_000 / passed as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_half_second() {
        let mut rate = AcknowledgedRate::default();
        rate.add(0, 1_000);
        assert_eq!(rate.rate(), None);
        (1..100).for_each(|packet| rate.add(packet * 10_000, 1_250));
        assert_eq!(rate.rate(), Some(1_000_000));
        (0..60).for_each(|packet| rate.add(1_000_000 + packet * 10_000, 125));
        assert_eq!((rate.rate(), rate.recent()), (Some(100_000), Some(100_000)));
        (1..=20).for_each(|packet| rate.add(1_590_000 + packet * 10_000, 1_250));
        assert_eq!(rate.recent(), Some(1_000_000));
    }
}
