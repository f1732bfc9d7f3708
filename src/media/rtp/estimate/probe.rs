//! Finding capacity that media does not use: for some milliseconds packets are sent at a higher rate, and the speed of
//! their arrival tells whether the link carries it.

use std::time::{Duration, Instant};

use crate::media::rtp::twcc::PacketResult;

/// How long a probe takes.
const LENGTH: Duration = Duration::from_millis(40);
/// Fewer packets tell nothing.
const LEAST_PACKETS: usize = 5;
const LEAST_BYTES: usize = 4_000;
/// Feedback is waited for so long after a probe.
const PATIENCE: Duration = Duration::from_millis(600);
/// Time between probes; doubled after each that found nothing.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1_000);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A probe goes so far beyond the estimate at most: a burst beyond the link's capacity delays what others send.
const MOST_FACTOR: u64 = 3;
/// What is believed of a measured rate.
const BELIEF: f64 = 0.95;

#[derive(Clone, Copy, Debug)]
struct Probe {
    number: u32,
    began: Instant,
    rate: u64,
    wanted: usize,
    sent: usize,
    ended: bool,
    /// The estimate when it began.
    before: u64,
}

/// What arrived of a probe.
#[derive(Clone, Copy, Debug)]
struct Measured {
    packets: usize,
    bytes: usize,
    first_sent: (Instant, usize),
    last_sent: (Instant, usize),
    first_arrived: (i64, usize),
    last_arrived: i64,
}

/// Makes probes one after another.
#[derive(Debug, Default)]
pub(super) struct Prober {
    probe: Option<Probe>,
    measured: Option<Measured>,
    number: u32,
    next: Option<Instant>,
    pause: Option<Duration>,
}

impl Prober {
    /// It would be good to know whether the link carries this rate; `estimate` is what is known.
    pub(super) fn want(&mut self, now: Instant, rate: u64, estimate: u64) {
        if self.probe.is_some() || self.next.is_some_and(|next| now < next) {
            return;
        }
        // A little more, as not all of what is measured is believed.
        let rate = (rate + rate / 5).min(estimate * MOST_FACTOR);
        let wanted = ((rate as f64 / 8.0 * LENGTH.as_secs_f64()) as usize).max(LEAST_BYTES);
        self.number = self.number.wrapping_add(1);
        self.probe = Some(Probe { number: self.number, began: now, rate, wanted, sent: 0, ended: false, before: estimate });
        self.measured = None;
    }

    pub(super) fn current(&self) -> Option<u32> {
        self.probe.filter(|probe| !probe.ended).map(|probe| probe.number)
    }

    /// Bytes that are due now.
    pub(super) fn poll(&mut self, now: Instant) -> usize {
        let Some(probe) = &mut self.probe else { return 0 };
        let passed = now.saturating_duration_since(probe.began);
        if passed > PATIENCE {
            self.end(now, None);
            return 0;
        }
        if probe.ended {
            return 0;
        }
        probe.ended = probe.sent >= probe.wanted || passed > 4 * LENGTH;
        let due = (probe.rate as f64 / 8.0 * passed.as_secs_f64()) as usize;
        if probe.ended { 0 } else { due.min(probe.wanted).saturating_sub(probe.sent) }
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        if let Some(probe) = &mut self.probe {
            probe.sent += bytes;
        }
    }

    /// Returns the rate that the probe has shown to be possible, once it is known.
    pub(super) fn feedback(&mut self, now: Instant, results: &[PacketResult]) -> Option<u64> {
        let probe = self.probe?;
        for result in results.iter().filter(|result| result.probe == Some(probe.number)) {
            self.arrived(result);
        }
        let measured = self.measured?;
        if !probe.ended || measured.bytes * 10 < probe.sent * 8 || measured.packets < LEAST_PACKETS {
            return None;
        }
        let rate = measured.rate(probe.rate);
        self.end(now, rate.filter(|rate| *rate > probe.before));
        rate
    }

    fn arrived(&mut self, result: &PacketResult) {
        let Some(arrived) = result.arrived else { return };
        let measured = self.measured.get_or_insert(Measured {
            packets: 0,
            bytes: 0,
            first_sent: (result.sent, result.size),
            last_sent: (result.sent, result.size),
            first_arrived: (arrived, result.size),
            last_arrived: arrived,
        });
        measured.packets += 1;
        measured.bytes += result.size;
        if result.sent >= measured.last_sent.0 {
            measured.last_sent = (result.sent, result.size);
        }
        if arrived < measured.first_arrived.0 {
            measured.first_arrived = (arrived, result.size);
        }
        measured.last_arrived = measured.last_arrived.max(arrived);
    }

    fn end(&mut self, now: Instant, found: Option<u64>) {
        self.probe = None;
        let pause = match (found, self.pause) {
            (Some(_), _) | (None, None) => SHORTEST_PAUSE,
            (None, Some(before)) => (before * 2).min(LONGEST_PAUSE),
        };
        self.pause = Some(pause);
        self.next = Some(now + if found.is_some() { pause / 4 } else { pause });
    }
}

impl Measured {
    /// Bits a second: the slower of sending and arriving, and no more than was tried. `None` if it was too short to tell.
    fn rate(&self, tried: u64) -> Option<u64> {
        let sending = self.last_sent.0.saturating_duration_since(self.first_sent.0).as_secs_f64();
        let arriving = (self.last_arrived - self.first_arrived.0) as f64 / 1e6;
        if sending < 0.005 || arriving < 0.005 {
            return None;
        }
        let sent = (self.bytes - self.last_sent.1) as f64 * 8.0 / sending;
        let arrived = (self.bytes - self.first_arrived.1) as f64 * 8.0 / arriving;
        Some((sent.min(arrived).min(tried as f64) * BELIEF) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Probes for `wanted` over a link of `capacity` and returns what is believed after.
    fn probe(wanted: u64, capacity: u64) -> Option<u64> {
        let (mut prober, start) = (Prober::default(), Instant::now());
        prober.want(start, wanted, 500_000);
        let (mut results, mut free) = (Vec::new(), 0.0f64);
        for ms in 0..200 {
            let mut due = prober.poll(start + ms * MS);
            while due > 0 {
                let sent = start + ms * MS;
                free = free.max(f64::from(ms) * 1_000.0) + 1_000.0 * 8e6 / capacity as f64;
                results.push(PacketResult { sent, arrived: Some(free as i64), size: 1_000, probe: prober.current() });
                prober.sent(1_000);
                due = due.saturating_sub(1_000);
            }
        }
        prober.feedback(start + 200 * MS, &results)
    }

    #[test]
    fn free_capacity_is_found() {
        let found = probe(1_000_000, 50_000_000);
        assert!(found.is_some_and(|found| found > 950_000), "{found:?}");
    }

    #[test]
    fn a_full_link_is_found_too() {
        let found = probe(1_200_000, 600_000);
        assert!(found.is_some_and(|found| (500_000..650_000).contains(&found)), "{found:?}");
    }

    #[test]
    fn a_probe_that_nobody_answers_is_given_up() {
        let (mut prober, start) = (Prober::default(), Instant::now());
        let mut begun = 0;
        for ms in 0..20_000 {
            let before = prober.number;
            prober.want(start + ms * MS, 1_000_000, 500_000);
            begun += prober.number - before;
            prober.poll(start + ms * MS);
        }
        assert!((3..8).contains(&begun), "{begun}");
    }
}
