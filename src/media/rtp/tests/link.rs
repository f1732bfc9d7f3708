//! A way through the network: a bottleneck with a queue, then delay, jitter, loss and reordering.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// xorshift64*: the same sequence on every machine and in every version.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// 0 up to 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[derive(Clone, Copy)]
pub struct LinkSettings {
    /// Bits a second; `None` for a way without a bottleneck.
    pub rate: Option<u64>,
    /// Most bytes that wait before the bottleneck.
    pub queue: usize,
    pub delay: Duration,
    /// Up to so much more, keeping the order.
    pub jitter: Duration,
    /// Share of packets lost.
    pub loss: f64,
    /// Share of packets that are overtaken by others, and by how much.
    pub reordered: f64,
    pub reordered_by: Duration,
}

impl LinkSettings {
    pub fn good() -> Self {
        let ms = Duration::from_millis;
        Self { rate: None, queue: usize::MAX, delay: ms(25), jitter: ms(0), loss: 0.0, reordered: 0.0, reordered_by: ms(0) }
    }

    /// 5 % loss, 10 ms jitter and some reordering, one way of a round trip of 50 ms.
    pub fn bad() -> Self {
        let ms = Duration::from_millis;
        Self { jitter: ms(10), loss: 0.05, reordered: 0.01, reordered_by: ms(6), ..Self::good() }
    }
}

pub struct Link<T> {
    pub settings: LinkSettings,
    random: Random,
    free: Option<Instant>,
    latest: Option<Instant>,
    under_way: BTreeMap<(Instant, u64), T>,
    pub sent: u64,
    pub lost: u64,
    pub overflowed: u64,
}

impl<T> Link<T> {
    pub fn new(settings: LinkSettings, seed: u64) -> Self {
        let random = Random::new(seed);
        Self { settings, random, free: None, latest: None, under_way: BTreeMap::new(), sent: 0, lost: 0, overflowed: 0 }
    }

    pub fn send(&mut self, now: Instant, size: usize, what: T) {
        self.sent += 1;
        let settings = self.settings;
        let mut leaves = self.free.map_or(now, |free| free.max(now));
        if let Some(rate) = settings.rate {
            let queued = (leaves - now).as_secs_f64() * rate as f64 / 8.0;
            if queued + size as f64 > settings.queue as f64 {
                self.overflowed += 1;
                return;
            }
            leaves += Duration::from_secs_f64(size as f64 * 8.0 / rate as f64);
            self.free = Some(leaves);
        }
        if self.random.share() < settings.loss {
            self.lost += 1;
            return;
        }
        let mut arrives = leaves + settings.delay + settings.jitter.mul_f64(self.random.share());
        if self.random.share() < settings.reordered {
            arrives += settings.reordered_by;
        } else {
            arrives = self.latest.map_or(arrives, |latest| latest.max(arrives));
            self.latest = Some(arrives);
        }
        self.under_way.insert((arrives, self.sent), what);
    }

    /// What has arrived, with the time of its arrival.
    pub fn receive(&mut self, now: Instant) -> Vec<(Instant, T)> {
        let later = self.under_way.split_off(&(now, u64::MAX));
        let arrived = std::mem::replace(&mut self.under_way, later);
        arrived.into_iter().map(|((at, _), what)| (at, what)).collect()
    }
}
