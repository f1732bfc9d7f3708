//! How much is taken from a participant. What is beyond is dropped before it is acknowledged: to the sender's congestion control it is lost, so
//! a browser sends less, and whoever goes on reaches nobody with it.

use std::time::{Duration, Instant};

/// The pictures that a participant sends are at most so many times what one is sent: a camera in three sizes and a screen are more than anybody
/// gets of them. Sound has an allowance of its own, so that pictures never take it away.
const LAYERS: u64 = 4;
/// Sound, which is forwarded whole to everybody: two tracks of Opus at its most, 510 kbit/s each (RFC 6716, section 2.1.1), and headers.
const SOUND: u64 = 1_200_000;
/// More than that may come for a while, as long as it is no more than what else comes in this time.
const BURST: Duration = Duration::from_secs(3);

/// What may still come over a connection.
#[derive(Debug)]
pub(super) struct Intake {
    pictures: Allowance,
    sound: Allowance,
}

impl Intake {
    /// Where one participant is sent at most `max_bitrate` bits a second.
    pub(super) fn new(now: Instant, max_bitrate: u64) -> Self {
        Self { pictures: Allowance::new(now, max_bitrate.saturating_mul(LAYERS)), sound: Allowance::new(now, SOUND) }
    }

    /// Whether a packet of so many bytes is taken.
    pub(super) fn takes(&mut self, now: Instant, bytes: usize, is_sound: bool) -> bool {
        let allowance = if is_sound { &mut self.sound } else { &mut self.pictures };
        allowance.take(now, bytes as u64 * 8)
    }
}

/// Bits, which come back with time.
#[derive(Debug)]
struct Allowance {
    /// A second.
    rate: u64,
    left: u64,
    filled: Instant,
}

impl Allowance {
    fn new(now: Instant, rate: u64) -> Self {
        Self { rate, left: rate.saturating_mul(BURST.as_secs()), filled: now }
    }

    fn take(&mut self, now: Instant, bits: u64) -> bool {
        let passed = now.saturating_duration_since(self.filled).min(BURST);
        let back = (u128::from(self.rate) * passed.as_micros() / 1_000_000) as u64;
        if back > 0 {
            self.left = self.left.saturating_add(back).min(self.rate.saturating_mul(BURST.as_secs()));
            self.filled = now;
        }
        let takes = bits <= self.left;
        if takes {
            self.left -= bits;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits that are taken in each second of so much.
    fn taken(intake: &mut Intake, start: Instant, seconds: std::ops::Range<u64>, rate: u64, is_sound: bool) -> Vec<u64> {
        let takes = |intake: &mut Intake, ms| intake.takes(start + Duration::from_millis(ms), rate as usize / 8_000, is_sound);
        seconds.map(|second| (0..1_000).filter(|ms| takes(intake, second * 1_000 + ms)).count() as u64 * rate / 1_000).collect()
    }

    #[test]
    fn what_is_far_too_much_for_seconds_is_dropped_and_nothing_else() {
        let (start, limit) = (Instant::now(), 4_000_000);
        let mut intake = Intake::new(start, 1_000_000);
        assert_eq!(taken(&mut intake, start, 0..20, limit, false), [limit; 20], "as much as may be");
        let flood = taken(&mut intake, start, 20..40, 2 * limit, false);
        assert_eq!(flood[..2], [2 * limit; 2], "for a while");
        assert!(flood[5..].iter().all(|taken| taken.abs_diff(limit) < limit / 50), "{flood:?}");
        assert_eq!(taken(&mut intake, start, 40..50, limit / 2, false), [limit / 2; 10], "at once, when it is less");
    }

    #[test]
    fn however_many_pictures_come_sound_is_taken() {
        let start = Instant::now();
        let mut intake = Intake::new(start, 300_000);
        let (mut seen, mut heard) = (0, 0);
        for ms in 0..20_000 {
            let now = start + Duration::from_millis(ms);
            seen += u64::from(intake.takes(now, 1_000, false));
            heard += u64::from(ms % 20 == 0 && intake.takes(now, 200, true));
        }
        assert!(seen < 5_000, "{seen} packets of pictures were taken");
        assert_eq!(heard, 1_000);
    }

    #[test]
    fn of_sound_less_is_taken_and_pictures_do_not_suffer() {
        let start = Instant::now();
        let mut intake = Intake::new(start, 1_000_000);
        let flood = taken(&mut intake, start, 0..20, 2 * SOUND, true);
        assert!(flood[5..].iter().all(|taken| taken.abs_diff(SOUND) < SOUND / 50), "{flood:?}");
        assert_eq!(taken(&mut intake, start, 20..25, 2_000_000, false), [2_000_000; 5]);
    }
}
