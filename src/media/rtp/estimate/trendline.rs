//! Whether queues fill: the trend of the one-way delay (draft-ietf-rmcat-gcc-02, section 5; a line through the last delays in the
//! place of its Kalman filter, as browsers do today) against an adaptive threshold (section 5.4).

use std::collections::VecDeque;
use std::time::Instant;

/// Packets sent within this time belong together (section 5.1), in µs.
const BURST: i64 = 5_000;
/// Groups that the line goes through.
const WINDOW: usize = 20;
const SMOOTHING: f64 = 0.9;
const GAIN: f64 = 4.0;
/// A trend counts for so many groups at most.
const MOST_GROUPS: u32 = 60;
/// Times in ms.
const FIRST_THRESHOLD: f64 = 12.5;
const OVERUSE_TIME: f64 = 10.0;
/// A queue shorter than this is left by a keyframe and empties by itself: a node sends what it gets, without pacing.
const SHORT_QUEUE: f64 = 60.0;
/// The lowest delay is forgotten at this speed, in ms a second, for clocks that go differently.
const FORGETTING: f64 = 2.0;
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;
/// Jumps beyond the threshold by more than this are of other causes than congestion and do not change it.
const OUTLIER: f64 = 15.0;

/// What the delay says of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Usage {
    /// Delay does not change.
    #[default]
    Normal,
    /// A queue fills.
    Over,
    /// A queue empties.
    Under,
}

/// Packets that were sent together.
#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: i64,
    last_sent: i64,
    last_arrived: i64,
}

/// The detector of one transport.
#[derive(Debug, Default)]
pub(super) struct DelayDetector {
    origin: Option<Instant>,
    before: Option<Group>,
    current: Option<Group>,
    trend: Trend,
}

impl DelayDetector {
    /// A packet arrived, by the receiver's clock in µs.
    pub(super) fn add(&mut self, sent: Instant, arrived: i64) {
        let origin = *self.origin.get_or_insert(sent);
        let sent = sent.saturating_duration_since(origin).as_micros() as i64;
        let Some(group) = &mut self.current else {
            self.current = Some(Group { first_sent: sent, last_sent: sent, last_arrived: arrived });
            return;
        };
        if sent < group.first_sent {
            return;
        }
        if sent - group.first_sent <= BURST {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrived = group.last_arrived.max(arrived);
            return;
        }
        let complete = *group;
        self.current = Some(Group { first_sent: sent, last_sent: sent, last_arrived: arrived });
        if let Some(before) = self.before.replace(complete) {
            let between_arrivals = (complete.last_arrived - before.last_arrived) as f64 / 1_000.0;
            let between_sendings = (complete.last_sent - before.last_sent) as f64 / 1_000.0;
            self.trend.update(between_arrivals - between_sendings, between_sendings, complete.last_arrived as f64 / 1_000.0);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        self.trend.usage
    }
}

#[derive(Debug)]
struct Trend {
    groups: u32,
    accumulated: f64,
    smoothed: f64,
    /// Arrival and smoothed delay.
    points: VecDeque<(f64, f64)>,
    threshold: f64,
    updated: Option<f64>,
    before: f64,
    over_for: Option<f64>,
    /// The delay of an empty queue, on the scale of the accumulated delay.
    lowest: f64,
    usage: Usage,
}

impl Default for Trend {
    fn default() -> Self {
        Self {
            groups: 0,
            accumulated: 0.0,
            smoothed: 0.0,
            points: VecDeque::new(),
            threshold: FIRST_THRESHOLD,
            updated: None,
            before: 0.0,
            over_for: None,
            lowest: 0.0,
            usage: Usage::Normal,
        }
    }
}

impl Trend {
    /// The delay has changed by `change` between two groups that were sent `between` apart; all in ms.
    fn update(&mut self, change: f64, between: f64, arrived: f64) {
        self.groups = (self.groups + 1).min(1_000);
        self.accumulated += change;
        self.lowest = (self.lowest + FORGETTING * between / 1_000.0).min(self.accumulated);
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.accumulated;
        self.points.push_back((arrived, self.smoothed));
        if self.points.len() > WINDOW {
            self.points.pop_front();
        }
        let slope = if self.points.len() == WINDOW { slope(&self.points) } else { None };
        let trend = slope.unwrap_or(0.0) * f64::from(self.groups.min(MOST_GROUPS)) * GAIN;
        if trend > self.threshold {
            let over_for = self.over_for.map_or(between / 2.0, |over_for| over_for + between);
            self.over_for = Some(over_for);
            if over_for > OVERUSE_TIME && trend >= self.before && self.accumulated - self.lowest > SHORT_QUEUE {
                self.usage = Usage::Over;
            }
        } else {
            self.over_for = None;
            self.usage = if trend < -self.threshold { Usage::Under } else { Usage::Normal };
        }
        self.before = trend;
        self.adapt(trend.abs(), arrived);
    }

    fn adapt(&mut self, trend: f64, arrived: f64) {
        let passed = self.updated.map_or(0.0, |updated| (arrived - updated).clamp(0.0, 100.0));
        self.updated = Some(arrived);
        if trend < self.threshold + OUTLIER {
            let speed = if trend < self.threshold { THRESHOLD_DOWN } else { THRESHOLD_UP };
            self.threshold = (self.threshold + speed * (trend - self.threshold) * passed).clamp(6.0, 600.0);
        }
    }
}

/// The slope of the line through points by least squares.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let below: f64 = points.iter().map(|point| (point.0 - x) * (point.0 - x)).sum();
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Sends a packet every 10 ms with the delay that `delay` says in µs, and returns what was found on the way.
    fn run(count: u32, mut delay: impl FnMut(i64) -> i64) -> Vec<Usage> {
        let (mut detector, start) = (DelayDetector::default(), Instant::now());
        let mut found = vec![Usage::Normal];
        for packet in 0..count {
            let sent = Duration::from_millis(10) * packet;
            detector.add(start + sent, sent.as_micros() as i64 + delay(i64::from(packet)));
            if found.last() != Some(&detector.usage()) {
                found.push(detector.usage());
            }
        }
        found
    }

    #[test]
    fn a_constant_delay_is_normal_and_so_is_jitter() {
        assert_eq!(run(500, |_| 30_000), [Usage::Normal]);
        assert_eq!(run(2_000, |packet| 30_000 + (packet * 7_919) % 5_000), [Usage::Normal]);
    }

    #[test]
    fn a_short_queue_is_let_be() {
        assert!(!run(300, |packet| if packet < 100 { 0 } else { (packet - 100).min(15) * 2_000 }).contains(&Usage::Over));
    }

    #[test]
    fn a_growing_queue_is_found_and_so_is_its_end() {
        let queue = |packet: i64| match packet {
            0..100 => 0,
            100..150 => (packet - 100) * 2_000,
            150..200 => (200 - packet) * 2_000,
            _ => 0,
        };
        assert_eq!(run(400, queue), [Usage::Normal, Usage::Over, Usage::Normal, Usage::Under, Usage::Normal]);
    }
}
