//! What the threads of one run share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::args::MediaArgs;
use crate::load::socket::Target;
use crate::media::peer::Identity;

/// How many failures are kept in words.
const WORDS_KEPT: usize = 5;

/// One run of `rialto load media`.
pub struct Run {
    /// As given.
    pub args: MediaArgs,
    /// Marks the packets and the rooms of this run.
    pub id: u32,
    /// The nodes.
    pub targets: Vec<Target>,
    /// The certificate of everybody.
    pub identity: Arc<Identity>,
    /// Participants joining now.
    pub window: Semaphore,
    /// What each participant is called by the server.
    pub participants: Vec<OnceLock<String>>,
    /// Counters that move while it runs.
    pub progress: Progress,
    begun: Instant,
    failures: Mutex<Vec<String>>,
    interrupted: AtomicBool,
}

/// Counters. They are read for waiting and for the report, never to order other memory.
#[derive(Debug, Default)]
pub struct Progress {
    /// Participants whose connection is there.
    pub connected: AtomicU64,
    /// Participants who never got so far.
    pub failed: AtomicU64,
    /// Participants who were connected and then were out.
    pub dropped: AtomicU64,
    /// Connections without AES-128-GCM.
    pub without_gcm: AtomicU64,
    /// Tracks that come in, counted at each receiver.
    pub flowing: AtomicU64,
    /// Packets that receivers should have got so far, measured or not, and those that they got.
    pub due: AtomicU64,
    /// See [`Progress::due`].
    pub arrived: AtomicU64,
    /// Calls that were joined and left.
    pub left: AtomicU64,
    /// Of these, how many were followed by another one that is connected.
    pub rejoined: AtomicU64,
    /// When so many were left, participants stay where they are.
    pub goal: AtomicU64,
    /// What is due from here on, in microseconds since the run began, is measured …
    pub begin: AtomicU64,
    /// … until here.
    pub end: AtomicU64,
    /// Packets of the measured part that were published.
    pub published: AtomicU64,
    /// What receivers should have got of these.
    pub expected: AtomicU64,
    /// What they got.
    pub delivered: AtomicU64,
    /// What was lost between the server and them.
    pub lost: AtomicU64,
    /// Published packets that the system did not take.
    pub unsent: AtomicU64,
    /// Keyframes asked for by the server.
    pub keyframe_requests: AtomicU64,
    /// Packets that the server asked for again. They are not sent again, and lost.
    pub asked_again: AtomicU64,
    /// Retransmissions and probes that receivers got.
    pub repairs: AtomicU64,
    /// Times that a node said a call moves.
    pub moves: AtomicU64,
}

impl Run {
    /// Nothing has happened yet, and nothing is measured.
    pub fn new(args: MediaArgs, targets: Vec<Target>, identity: Arc<Identity>) -> Self {
        let progress = Progress { begin: AtomicU64::new(u64::MAX), ..Progress::default() };
        Self {
            id: rand::random(),
            targets,
            identity,
            window: Semaphore::new(args.window as usize),
            participants: (0..args.participants()).map(|_| OnceLock::new()).collect(),
            progress,
            begun: Instant::now(),
            failures: Mutex::default(),
            interrupted: AtomicBool::new(false),
            args,
        }
    }

    /// Microseconds since the run began.
    pub fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    /// Whether what was due then is measured.
    pub fn measures(&self, due: u64) -> bool {
        (get(&self.progress.begin)..get(&self.progress.end)).contains(&due)
    }

    /// Something went wrong; the first few are kept for the report.
    pub fn fail(&self, words: String) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < WORDS_KEPT {
            failures.push(words);
        }
    }

    /// The first few failures.
    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The user wants it to end now.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Whether the user wants it to end now.
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

pub use crate::load::state::{add, get};
