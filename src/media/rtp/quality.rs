//! How good a participant's connection is, in three words, from loss, round trip and jitter.

use std::time::{Duration, Instant};

/// A better word is believed when it has held for so long; a worse one at once.
const BELIEVED: Duration = Duration::from_secs(4);

/// What an app shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Sound or picture suffer.
    Poor,
    /// Somebody who listens closely notices.
    Fair,
    /// Nothing to notice.
    Good,
}

/// What was measured of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Share of packets lost, 0–1, of the worse direction, before repair.
    pub loss: f64,
    /// There and back.
    pub round_trip: Duration,
    /// Interarrival jitter (RFC 3550, section 6.4.1).
    pub jitter: Duration,
}

impl Measured {
    /// The word for these figures alone.
    #[must_use]
    pub fn quality(&self) -> Quality {
        let ms = Duration::from_millis;
        let within = |loss: f64, round_trip, jitter| self.loss <= loss && self.round_trip <= round_trip && self.jitter <= jitter;
        if within(0.03, ms(250), ms(40)) {
            Quality::Good
        } else if within(0.10, ms(500), ms(100)) {
            Quality::Fair
        } else {
            Quality::Poor
        }
    }
}

/// The word shown for one connection, which does not flicker.
#[derive(Debug)]
pub struct ConnectionQuality {
    shown: Quality,
    /// Since when it could be better, and how much so at least.
    better: Option<(Quality, Instant)>,
}

impl Default for ConnectionQuality {
    fn default() -> Self {
        Self { shown: Quality::Good, better: None }
    }
}

impl ConnectionQuality {
    /// New figures, every second or so; returns the word if it changed.
    pub fn measured(&mut self, now: Instant, measured: &Measured) -> Option<Quality> {
        let quality = measured.quality();
        if quality <= self.shown {
            self.better = None;
            let changed = quality < self.shown;
            self.shown = quality;
            return changed.then_some(quality);
        }
        let (least, since) = self.better.unwrap_or((quality, now));
        self.better = Some((least.min(quality), since));
        if now.saturating_duration_since(since) < BELIEVED {
            return None;
        }
        self.better = None;
        self.shown = least.min(quality);
        Some(self.shown)
    }

    /// The word shown.
    #[must_use]
    pub fn shown(&self) -> Quality {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(loss: f64) -> Measured {
        Measured { loss, round_trip: Duration::from_millis(40), jitter: Duration::from_millis(5) }
    }

    #[test]
    fn each_figure_counts() {
        let ms = Duration::from_millis;
        assert_eq!([0.0, 0.05, 0.2].map(|share| loss(share).quality()), [Quality::Good, Quality::Fair, Quality::Poor]);
        assert_eq!(Measured { round_trip: ms(400), ..loss(0.0) }.quality(), Quality::Fair);
        assert_eq!(Measured { round_trip: ms(900), ..loss(0.0) }.quality(), Quality::Poor);
        assert_eq!(Measured { jitter: ms(60), ..loss(0.0) }.quality(), Quality::Fair);
        assert_eq!(Measured { jitter: ms(200), ..loss(0.0) }.quality(), Quality::Poor);
    }

    #[test]
    fn worse_is_shown_at_once_and_better_when_it_lasts() {
        let (mut quality, start) = (ConnectionQuality::default(), Instant::now());
        let mut shown = Vec::new();
        for (second, share) in [0.0, 0.05, 0.2, 0.05, 0.2, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0].into_iter().enumerate() {
            shown.extend(quality.measured(start + Duration::from_secs(second as u64), &loss(share)).map(|quality| (second, quality)));
        }
        assert_eq!(shown, [(1, Quality::Fair), (2, Quality::Poor), (9, Quality::Fair)]);
        assert_eq!(quality.measured(start + Duration::from_secs(18), &loss(0.0)), Some(Quality::Good));
        assert_eq!(quality.shown(), Quality::Good);
    }
}
