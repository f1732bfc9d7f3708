//! Counters of events in a window of time.

use std::collections::HashMap;
use std::time::Duration;

use super::clock::until;
use crate::ids::Micros;
use crate::store::Count;

/// Below this many counters nobody looks for those whose window has ended.
const SWEEP_AT_LEAST: usize = 1024;

#[derive(Default)]
pub(super) struct Counters {
    windows: HashMap<String, Window>,
    sweep_at: usize,
}

struct Window {
    events: u64,
    ends: Micros,
}

impl Counters {
    pub(super) fn count(&mut self, key: &str, window: Duration, now: Micros) -> Count {
        self.sweep(now);
        let fresh = Window { events: 0, ends: now.plus(window) };
        let entry = self.windows.entry(key.to_owned()).or_insert(Window { ends: now, ..fresh });
        if entry.ends <= now {
            *entry = fresh;
        }
        entry.events += 1;
        Count { events: entry.events, resets_in: until(entry.ends, now) }
    }

    pub(super) fn counted(&self, key: &str, now: Micros) -> Count {
        match self.windows.get(key) {
            Some(window) if window.ends > now => Count { events: window.events, resets_in: until(window.ends, now) },
            _ => Count::default(),
        }
    }

    pub(super) fn forget(&mut self, key: &str) {
        self.windows.remove(key);
    }

    /// Whenever the number of counters has doubled, those that have ended go.
    fn sweep(&mut self, now: Micros) {
        if self.windows.len() >= self.sweep_at.max(SWEEP_AT_LEAST) {
            self.windows.retain(|_, window| window.ends > now);
            self.sweep_at = self.windows.len() * 2;
        }
    }
}
