//! Asking a publisher for keyframes (PLI, RFC 4585, section 6.3.1): everybody's wishes merged, rarely enough, until one came.

use std::time::{Duration, Instant};

/// A source is not asked more often than this, whoever wants a keyframe. An encoder that made one for each
/// of many viewers would send nothing else.
pub const SPACING: Duration = Duration::from_millis(500);

/// What is wanted of one SSRC.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyframeRequests {
    wanted: bool,
    last: Option<Instant>,
}

impl KeyframeRequests {
    /// Somebody cannot go on without a keyframe.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Nobody waits any more, as when those who did have left.
    pub fn forget(&mut self) {
        self.wanted = false;
    }

    /// A keyframe began to come.
    pub fn arrived(&mut self) {
        self.wanted = false;
    }

    /// Whether to send a PLI now; to be called every few milliseconds. It says so again and again until a keyframe came.
    pub fn poll(&mut self, now: Instant) -> bool {
        let due = self.wanted && self.last.is_none_or(|last| now.saturating_duration_since(last) >= SPACING);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// The milliseconds of the PLIs sent, with what happens at some of them.
    fn sent(until: u64, mut events: impl FnMut(u64, &mut KeyframeRequests)) -> Vec<u64> {
        let (mut requests, start) = (KeyframeRequests::default(), Instant::now());
        let mut poll = |ms| {
            events(ms, &mut requests);
            requests.poll(start + Duration::from_millis(ms))
        };
        (0..until).filter(|ms| poll(*ms)).collect()
    }

    #[test]
    fn it_asks_until_a_keyframe_came() {
        let asked = sent(5_000, |ms, requests| match ms {
            10 => requests.want(),
            1_300 => requests.arrived(),
            _ => {}
        });
        assert_eq!(asked, [10, 510, 1_010]);
    }

    #[test]
    fn wishes_are_merged_and_spaced() {
        let asked = sent(3_000, |ms, requests| {
            requests.want();
            if ms % 40 == 30 {
                requests.arrived();
            }
        });
        assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= 500), "{asked:?}");
        assert_eq!(asked.len(), 6);
    }

    #[test]
    fn nobody_wants_none() {
        assert!(sent(2_000, |_, requests| requests.forget()).is_empty());
    }
}
