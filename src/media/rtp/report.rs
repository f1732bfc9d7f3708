//! Reports of reception to publishers, and what publishers' sender reports are worth to subscribers (RFC 3550, section 6.4).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rtc_rtcp::reception_report::ReceptionReport;

use super::rewrite::ticks;
use super::sequence::Arrival;

/// What the publisher last said about its clocks.
#[derive(Clone, Copy, Debug)]
pub struct SenderClock {
    /// Its wall clock, in seconds since 1900 with 32 bits of fraction.
    pub ntp: u64,
    /// The RTP timestamp of the same moment.
    pub timestamp: u32,
    /// When the report came.
    pub arrived: Instant,
}

impl SenderClock {
    /// Both clocks, as they are at `now` if they go as fast as ours.
    #[must_use]
    pub fn at(&self, now: Instant, clock_rate: u32) -> (u64, u32) {
        let passed = now.saturating_duration_since(self.arrived);
        (self.ntp.wrapping_add(to_ntp(passed)), self.timestamp.wrapping_add(ticks(passed, clock_rate)))
    }

    /// The timestamp in this stream of what has `timestamp` in `other`, a stream of the same publisher with the same clock rate.
    #[must_use]
    pub fn translate(&self, timestamp: u32, other: &Self, clock_rate: u32) -> u32 {
        let since = self.ntp.wrapping_sub(other.ntp) as i64;
        let between = (i128::from(since) * i128::from(clock_rate)) >> 32;
        self.timestamp.wrapping_sub(between as u32).wrapping_add(timestamp.wrapping_sub(other.timestamp))
    }
}

/// A duration in units of 2⁻³² s.
fn to_ntp(time: Duration) -> u64 {
    (time.as_secs() << 32) + (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000
}

/// How one SSRC of a publisher comes in (RFC 3550, appendix A).
#[derive(Debug)]
pub struct Reception {
    clock_rate: u32,
    began: Instant,
    first: Option<u64>,
    highest: u64,
    received: u64,
    before: (u64, u64),
    transit: Option<u32>,
    /// In ticks of the clock.
    jitter: f64,
    clock: Option<SenderClock>,
    fraction_lost: f64,
}

impl Reception {
    /// Nothing came yet.
    #[must_use]
    pub fn new(now: Instant, clock_rate: u32) -> Self {
        Self {
            clock_rate,
            began: now,
            first: None,
            highest: 0,
            received: 0,
            before: (0, 0),
            transit: None,
            jitter: 0.0,
            clock: None,
            fraction_lost: 0.0,
        }
    }

    /// A packet came by itself. Retransmissions do not belong here: reports tell what the network lost.
    pub fn receive(&mut self, now: Instant, arrival: Arrival, timestamp: u32) {
        match arrival {
            Arrival::Stray => return,
            Arrival::Newest { extended, .. } | Arrival::Older { extended } => {
                self.first.get_or_insert(extended);
                self.highest = self.highest.max(extended);
            }
            Arrival::Restarted { extended } => {
                (self.first, self.highest, self.received, self.before, self.transit) = (Some(extended), extended, 0, (0, 0), None);
                self.clock = None;
            }
        }
        self.received += 1;
        let transit = ticks(now.saturating_duration_since(self.began), self.clock_rate).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = f64::from((transit.wrapping_sub(before) as i32).unsigned_abs());
            self.jitter += (difference - self.jitter) / 16.0;
        }
    }

    /// The publisher sent a report.
    pub fn sender_report(&mut self, now: Instant, ntp: u64, timestamp: u32) {
        self.clock = Some(SenderClock { ntp, timestamp, arrived: now });
    }

    /// What the publisher last said about its clocks.
    #[must_use]
    pub fn clock(&self) -> Option<&SenderClock> {
        self.clock.as_ref()
    }

    /// The block for the next receiver report; `None` while nothing came. Each block's loss is that since the one before.
    pub fn report(&mut self, now: Instant, ssrc: u32) -> Option<ReceptionReport> {
        let expected = self.highest - self.first? + 1;
        let (expected_before, received_before) = std::mem::replace(&mut self.before, (expected, self.received));
        let (expected_since, received_since) = (expected - expected_before, self.received - received_before);
        let lost_since = expected_since.saturating_sub(received_since);
        let fraction = if expected_since == 0 { 0.0 } else { lost_since as f64 / expected_since as f64 };
        self.fraction_lost = fraction;
        let (last_sender_report, delay) = self.clock.map_or((0, 0), |clock| {
            let delay = to_ntp(now.saturating_duration_since(clock.arrived)) >> 16;
            ((clock.ntp >> 16) as u32, delay.min(u64::from(u32::MAX)) as u32)
        });
        Some(ReceptionReport {
            ssrc,
            fraction_lost: (fraction * 256.0).min(255.0) as u8,
            // 24 bits, signed; what came twice is not counted against what was lost.
            total_lost: expected.saturating_sub(self.received).min(0x7f_ffff) as u32,
            last_sequence_number: (self.highest - (1 << 16)) as u32,
            jitter: self.jitter as u32,
            last_sender_report,
            delay,
        })
    }

    /// The share of packets lost between the last two reports, 0–1.
    #[must_use]
    pub fn fraction_lost(&self) -> f64 {
        self.fraction_lost
    }

    /// Interarrival jitter.
    #[must_use]
    pub fn jitter(&self) -> Duration {
        Duration::from_secs_f64(self.jitter / f64::from(self.clock_rate))
    }
}

/// The sender reports that went to a subscriber, to tell the round trip from what it answers.
#[derive(Debug, Default)]
pub struct SentReports {
    sent: VecDeque<(u32, Instant)>,
}

impl SentReports {
    /// A report with this NTP time goes out.
    pub fn sent(&mut self, now: Instant, ntp: u64) {
        self.sent.push_back(((ntp >> 16) as u32, now));
        if self.sent.len() > 4 {
            self.sent.pop_front();
        }
    }

    /// The round trip that a subscriber's block tells; `None` if it names no recent report of ours, or makes no sense.
    #[must_use]
    pub fn round_trip(&self, now: Instant, block: &ReceptionReport) -> Option<Duration> {
        let (_, sent) = self.sent.iter().find(|(middle, _)| *middle == block.last_sender_report)?;
        let delay = Duration::from_micros((u64::from(block.delay) * 1_000_000) >> 16);
        // The delay is in steps of 15 µs, so that on a fast way it may come out a little longer than the time that has passed.
        Some(now.saturating_duration_since(*sent).saturating_sub(delay))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::media::rtp::sequence::SequenceTracker;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn loss_is_told_per_interval_and_in_all() {
        let (start, mut tracker) = (Instant::now(), SequenceTracker::default());
        let mut reception = Reception::new(start, 90_000);
        assert!(reception.report(start, 5).is_none());
        for number in (65_000..65_100u32).filter(|number| number % 4 != 1) {
            reception.receive(start, tracker.receive(number as u16), 0);
        }
        let block = reception.report(start, 5).unwrap();
        assert_eq!((block.ssrc, block.fraction_lost, block.total_lost, block.last_sequence_number), (5, 64, 25, 65_099));
        for number in 65_100..65_600u32 {
            reception.receive(start, tracker.receive(number as u16), 0);
        }
        let block = reception.report(start, 5).unwrap();
        assert_eq!((block.fraction_lost, block.total_lost, block.last_sequence_number), (0, 25, 65_599));
        assert_eq!(reception.fraction_lost(), 0.0);
    }

    #[test]
    fn jitter_is_that_of_the_standard() {
        let (start, mut tracker) = (Instant::now(), SequenceTracker::default());
        let mut reception = Reception::new(start, 48_000);
        for number in 0..2_000u32 {
            let late = if number % 2 == 0 { 0 } else { 5 };
            let now = start + MS * (20 * number + late);
            reception.receive(now, tracker.receive(number as u16), number * 960);
        }
        assert!(reception.jitter().abs_diff(5 * MS) < MS, "{:?}", reception.jitter());
    }

    #[test]
    fn a_restart_is_no_loss() {
        let (start, mut tracker) = (Instant::now(), SequenceTracker::default());
        let mut reception = Reception::new(start, 48_000);
        for number in [1, 2, 3, 30_000, 30_001, 30_002] {
            reception.receive(start, tracker.receive(number), 0);
        }
        let block = reception.report(start, 1).unwrap();
        assert_eq!((block.total_lost, block.fraction_lost, block.last_sequence_number as u16), (0, 0, 30_002));
    }

    #[test]
    fn reports_answer_each_other() {
        let start = Instant::now();
        let mut reception = Reception::new(start, 48_000);
        reception.receive(start, SequenceTracker::default().receive(1), 0);
        reception.sender_report(start, 0x1234_5678_9abc_def0, 0);
        let block = reception.report(start + 500 * MS, 1).unwrap();
        assert_eq!((block.last_sender_report, block.delay), (0x5678_9abc, 32_768));
        let mut sent = SentReports::default();
        sent.sent(start, 0x1234_5678_9abc_def0);
        assert_eq!(sent.round_trip(start + 560 * MS, &block), Some(60 * MS));
        assert_eq!(sent.round_trip(start + 400 * MS, &block), Some(Duration::ZERO));
        assert_eq!(sent.round_trip(start, &ReceptionReport::default()), None);
    }

    #[test]
    fn clocks_of_two_streams_are_compared() {
        let now = Instant::now();
        let one = SenderClock { ntp: 10 << 32, timestamp: 90_000, arrived: now };
        let other = SenderClock { ntp: 12 << 32, timestamp: 5, arrived: now };
        assert_eq!(one.translate(5, &other, 90_000), 90_000 + 180_000, "two seconds later");
        assert_eq!(other.translate(90_000, &one, 90_000), 5u32.wrapping_sub(180_000));
        assert_eq!(one.at(now + 1_500 * MS, 90_000), ((11 << 32) + (1 << 31), 225_000));
    }
}
