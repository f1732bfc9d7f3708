//! Who gets which encoding of which track: what a subscriber's link carries is shared out, audio first, then a little video of
//! everybody, then better video, in the order of what is wanted most.

use std::time::{Duration, Instant};

use super::track::Target;

/// Going up must leave so much over, so that a small dip does not lead back down (percent of the new choice).
const MARGIN: u64 = 110;
/// What is sent already may take a little more than there is: a keyframe makes every encoding look larger for a second, and if it
/// really is too much, the estimate falls.
const STAYING: u64 = 85;
/// The margin for some time after going down: then only what is clearly possible is tried.
const MARGIN_AFTER_DOWN: u64 = 150;
/// That time; twice as long each time that the better did not last.
const HOLD: Duration = Duration::from_secs(3);
const LONGEST_HOLD: Duration = Duration::from_secs(48);
/// Going down within this time of going up means that it was too much.
const LASTING: Duration = Duration::from_secs(10);
/// What is sent now is stopped at once, without waiting for a keyframe of less, if it takes more than this (percent of what it may).
const UNBEARABLE: u64 = 150;

/// A quality in which a track can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to send for it.
    pub target: Target,
    /// Bits a second.
    pub rate: u64,
    /// Lines of the picture, if known.
    pub height: Option<u16>,
}

/// What a subscriber wants of a track, and what there is.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Audio is always sent, and whole.
    pub audio: bool,
    /// Higher is served first: a screen before a speaker before the others.
    pub priority: u8,
    /// Lines that the subscriber shows; 0 if it shows nothing.
    pub wanted_height: u16,
    /// What comes in from the publisher, lowest rate first.
    pub steps: Vec<Step>,
}

/// What a subscription gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What to send, or nothing.
    pub target: Option<Target>,
    /// What is sent now takes so much more than it may that it has to stop before the new target begins.
    pub interrupt: bool,
}

/// What was chosen before for one subscription.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chosen {
    rate: u64,
    target: Option<Target>,
    went_down: Option<Instant>,
    went_up: Option<Instant>,
    hold: Option<Duration>,
}

/// All choices for one subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// For each demand, in their order.
    pub choices: Vec<Choice>,
    /// Bits a second that would be needed for the next better choice; `None` if everybody has what they want.
    pub wanted_rate: Option<u64>,
}

/// Shares `rate` out. `chosen` is what is remembered for each demand from one time to the next.
#[must_use]
pub fn allocate(now: Instant, rate: u64, demands: &[Demand], chosen: &mut [Chosen]) -> Allocation {
    let mut left = rate;
    let mut picked: Vec<Option<usize>> = vec![None; demands.len()];
    for (demand, pick) in demands.iter().zip(&mut picked).filter(|(demand, _)| demand.audio) {
        *pick = demand.steps.len().checked_sub(1);
        left = left.saturating_sub(pick.map_or(0, |index| demand.steps[index].rate));
    }
    let mut order: Vec<usize> = (0..demands.len()).filter(|index| !demands[*index].audio && demands[*index].wanted_height > 0).collect();
    order.sort_by_key(|index| std::cmp::Reverse((demands[*index].priority, demands[*index].wanted_height)));
    let mut wanted_rate = None;
    // Everybody's first step comes before anybody's second.
    let most = demands.iter().map(|demand| demand.steps.len()).max().unwrap_or(0);
    for step in 0..most {
        for &index in &order {
            let (demand, before) = (&demands[index], chosen.get(index).copied().unwrap_or_default());
            if step >= demand.useful_steps() || picked[index] != step.checked_sub(1) {
                continue;
            }
            let has = picked[index].map_or(0, |index| demand.steps[index].rate);
            let cost = demand.steps[step].rate.saturating_sub(has);
            let needed = before.needed(now, &demand.steps[step]).saturating_sub(has);
            if needed <= left {
                picked[index] = Some(step);
                left -= cost.min(left);
            } else if wanted_rate.is_none() {
                wanted_rate = Some(rate - left + needed);
            }
        }
    }
    let choices = demands.iter().zip(picked).enumerate().map(|(index, (demand, pick))| {
        let step = pick.map(|pick| &demand.steps[pick]);
        // A track whose packets have not come yet costs nothing: it is waited for.
        let waits = demand.steps.is_empty() && (demand.audio || demand.wanted_height > 0);
        let target = step.map(|step| step.target).or(waits.then(|| Target::whole(0)));
        chosen.get_mut(index).map_or(Choice { target, interrupt: false }, |chosen| chosen.update(now, target, demand, step))
    });
    Allocation { choices: choices.collect(), wanted_rate }
}

impl Demand {
    /// The steps up to the first that is as large as wanted.
    fn useful_steps(&self) -> usize {
        let enough = |step: &Step| step.height.is_some_and(|height| height >= self.wanted_height);
        let Some(first) = self.steps.iter().position(enough) else { return self.steps.len() };
        let encoding = self.steps[first].target.encoding;
        // All temporal layers of it.
        first + self.steps[first..].iter().take_while(|step| step.target.encoding == encoding).count()
    }
}

impl Chosen {
    /// The rate that must be free for a step.
    fn needed(&self, now: Instant, step: &Step) -> u64 {
        if self.target == Some(step.target) {
            return step.rate * STAYING / 100;
        }
        if step.rate <= self.rate {
            return step.rate;
        }
        let held = self.went_down.is_some_and(|at| now.saturating_duration_since(at) < self.hold.unwrap_or(HOLD));
        step.rate * if held { MARGIN_AFTER_DOWN } else { MARGIN } / 100
    }

    fn update(&mut self, now: Instant, target: Option<Target>, demand: &Demand, step: Option<&Step>) -> Choice {
        let rate = step.map_or(0, |step| step.rate);
        // What it had, at the rate that it has now.
        let had = self.target.and_then(|had| demand.steps.iter().find(|step| step.target == had)).map_or(0, |step| step.rate);
        let down = target != self.target && rate < had;
        let encoding = |target: Option<Target>| target.map(|target| target.encoding);
        let interrupt = down && encoding(target) != encoding(self.target) && had * 100 > rate * UNBEARABLE;
        if down {
            let lasted = self.went_up.is_none_or(|at| now.saturating_duration_since(at) >= LASTING);
            self.hold = Some(if lasted { HOLD } else { (self.hold.unwrap_or(HOLD) * 2).min(LONGEST_HOLD) });
            self.went_down = Some(now);
        } else if target != self.target && rate > had {
            self.went_up = Some(now);
        }
        (self.target, self.rate) = (target, rate);
        Choice { target, interrupt }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn video(priority: u8, wanted_height: u16) -> Demand {
        let step = |(encoding, rate, height)| Step { target: Target::whole(encoding), rate, height: Some(height) };
        let steps = [(0, 150_000, 180), (1, 500_000, 360), (2, 1_500_000, 720)].map(step).to_vec();
        Demand { audio: false, priority, wanted_height, steps }
    }

    fn audio() -> Demand {
        let steps = vec![Step { target: Target::whole(0), rate: 40_000, height: None }];
        Demand { audio: true, priority: 0, wanted_height: 0, steps }
    }

    struct Table {
        demands: Vec<Demand>,
        chosen: Vec<Chosen>,
        now: Instant,
    }

    impl Table {
        fn new(demands: impl Into<Vec<Demand>>) -> Self {
            let demands = demands.into();
            Self { chosen: vec![Chosen::default(); demands.len()], demands, now: Instant::now() }
        }

        fn allocate(&mut self, rate: u64) -> Allocation {
            allocate(self.now, rate, &self.demands, &mut self.chosen)
        }

        /// The chosen encodings.
        fn at(&mut self, rate: u64) -> Vec<Option<usize>> {
            self.now += Duration::from_secs(10);
            self.allocate(rate).choices.iter().map(|choice| choice.target.map(|target| target.encoding)).collect()
        }
    }

    #[test]
    fn audio_comes_first_and_video_is_paused() {
        let mut table = Table::new([video(0, 720), audio(), audio()]);
        assert_eq!(table.at(10_000), [None, Some(0), Some(0)]);
        assert_eq!(table.at(240_000), [None, Some(0), Some(0)], "with the margin it does not fit");
        assert_eq!(table.at(260_000), [Some(0), Some(0), Some(0)]);
    }

    #[test]
    fn everybody_gets_a_little_before_somebody_gets_more() {
        let mut table = Table::new([video(0, 720), video(1, 720), video(0, 360)]);
        assert_eq!(table.at(200_000), [None, Some(0), None]);
        assert_eq!(table.at(600_000), [Some(0), Some(0), Some(0)]);
        assert_eq!(table.at(950_000), [Some(0), Some(1), Some(0)]);
        assert_eq!(table.at(10_000_000), [Some(2), Some(2), Some(1)], "no more than is shown");
        table.demands[1].wanted_height = 0;
        assert_eq!(table.at(10_000_000), [Some(2), None, Some(1)], "not shown at all");
    }

    #[test]
    fn it_does_not_swing() {
        let mut table = Table::new([video(0, 720)]);
        assert_eq!(table.at(540_000), [Some(0)]);
        assert_eq!(table.at(580_000), [Some(1)]);
        assert_eq!(table.at(430_000), [Some(1)], "what it has may take all, and a little more");
        assert_eq!(table.at(420_000), [Some(0)]);
        table.now += HOLD / 2;
        let again = table.allocate(700_000);
        assert_eq!((again.choices[0].target, again.wanted_rate), (Some(Target::whole(0)), Some(750_000)));
        assert_eq!(table.allocate(800_000).choices[0].target, Some(Target::whole(1)), "clearly enough");
        assert_eq!(table.at(2_000_000), [Some(2)]);
    }

    #[test]
    fn what_did_not_last_is_tried_less_and_less_often() {
        let mut table = Table::new([video(0, 720)]);
        let start = table.now;
        let mut tried = Vec::new();
        for second in 0..120 {
            table.now = start + Duration::from_secs(second);
            // The link carries the middle encoding only, which shows whenever the highest is tried.
            if table.allocate(1_700_000).choices[0].target == Some(Target::whole(2)) {
                tried.push(second);
                table.now += Duration::from_millis(300);
                table.allocate(700_000);
            }
        }
        assert_eq!(tried, [0, 7, 20, 45, 94]);
    }

    #[test]
    fn it_says_what_the_next_step_needs() {
        let mut table = Table::new([video(0, 720), audio()]);
        let allocation = table.allocate(300_000);
        assert_eq!(allocation.wanted_rate, Some(40_000 + 500_000 * MARGIN / 100));
        assert_eq!(table.allocate(10_000_000).wanted_rate, None);
    }

    #[test]
    fn what_the_link_cannot_bear_is_interrupted() {
        let mut table = Table::new([video(0, 720)]);
        assert_eq!(table.at(2_000_000), [Some(2)]);
        let collapsed = table.allocate(250_000);
        assert_eq!(collapsed.choices, [Choice { target: Some(Target::whole(0)), interrupt: true }]);
        assert!(!table.allocate(250_000).choices[0].interrupt);
    }

    #[test]
    fn a_track_that_has_not_begun_is_waited_for() {
        let mut table = Table::new([Demand { steps: Vec::new(), ..video(0, 720) }]);
        assert_eq!(table.at(100_000), [Some(0)]);
    }

    #[test]
    fn an_encoding_that_ended_is_left() {
        let mut table = Table::new([video(0, 720)]);
        assert_eq!(table.at(5_000_000), [Some(2)]);
        table.demands[0].steps.pop();
        assert_eq!(table.at(5_000_000), [Some(1)]);
    }
}
