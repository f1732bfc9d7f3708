//! How long a guest may say nothing.

use std::time::Duration;

use tokio::time::Instant;

/// The two times, counted from when the guest was last heard.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// It is asked for a sign of life.
    pub ping_after: Duration,
    /// It is taken for gone.
    pub bye_after: Duration,
}

impl Patience {
    /// Gone after three times as long as asked.
    #[must_use]
    pub fn new(ping_after: Duration) -> Self {
        Self { ping_after, bye_after: ping_after * 3 }
    }

    /// How often guests are looked at.
    #[must_use]
    pub fn look_every(&self) -> Duration {
        (self.ping_after / 4).clamp(Duration::from_millis(50), Duration::from_secs(5))
    }
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A ping.
    Ping,
    /// A goodbye.
    Bye,
}

/// When a guest was last heard.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    since: Instant,
    asked: bool,
}

impl Silence {
    /// From now on.
    #[must_use]
    pub fn begin(now: Instant) -> Self {
        Self { since: now, asked: false }
    }

    /// What is due now: a ping once in a silence, then a goodbye.
    pub fn due(&mut self, now: Instant, patience: &Patience) -> Option<Due> {
        let lasts = now.duration_since(self.since);
        if lasts >= patience.bye_after {
            return Some(Due::Bye);
        }
        let ping = lasts >= patience.ping_after && !std::mem::replace(&mut self.asked, lasts >= patience.ping_after);
        ping.then_some(Due::Ping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_guest_is_asked_once_and_then_gone() {
        let (patience, start) = (Patience::new(Duration::from_secs(30)), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut silence = Silence::begin(start);
        for (second, due) in [(29, None), (30, Some(Due::Ping)), (31, None), (89, None), (90, Some(Due::Bye)), (91, Some(Due::Bye))] {
            assert_eq!(silence.due(after(second), &patience), due, "{second}");
        }
        let mut silence = Silence::begin(after(89));
        assert_eq!(silence.due(after(100), &patience), None);
        assert_eq!(silence.due(after(120), &patience), Some(Due::Ping));
    }
}
