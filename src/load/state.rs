//! What the threads of one run share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, watch};

use super::args::ChatArgs;
use super::socket::{Socket, Target};

/// How many failures are kept in words.
const WORDS_KEPT: usize = 5;

/// One run of `rialto load chat`.
#[derive(Debug)]
pub struct Run {
    /// As given.
    pub args: ChatArgs,
    /// Marks the messages of this run.
    pub id: u32,
    /// The nodes.
    pub targets: Vec<Target>,
    /// Messages below this number are warm-up.
    pub first_timed: u64,
    /// True as soon as connections may join: everybody has signed in, so that everybody's user is known.
    pub may_join: watch::Sender<bool>,
    /// Connections being set up.
    pub window: Semaphore,
    /// The user of each connection.
    pub users: Vec<OnceLock<String>>,
    /// The socket of each connection.
    pub sockets: Vec<OnceLock<Arc<Socket>>>,
    /// Counters that move while it runs.
    pub progress: Progress,
    begun: Instant,
    failures: Mutex<Vec<String>>,
    refusals: Mutex<BTreeMap<i64, u64>>,
    interrupted: AtomicBool,
}

/// Counters, all of them only growing. They are read for waiting and for the report, never to order other memory.
#[derive(Debug, Default)]
pub struct Progress {
    /// Connections that have a user.
    pub signed_in: AtomicU64,
    /// Connections that have joined.
    pub ready: AtomicU64,
    /// Connections that never got so far.
    pub failed: AtomicU64,
    /// Connections that were ready and then ended.
    pub dropped: AtomicU64,
    /// First deliveries of a message to a receiver, warm-up included.
    pub delivered: AtomicU64,
    /// The same without warm-up.
    pub timed: AtomicU64,
    /// When the latest delivery came, in microseconds since the run began.
    pub last_delivery: AtomicU64,
}

impl Run {
    /// Nothing has happened yet.
    pub fn new(args: ChatArgs, targets: Vec<Target>) -> Self {
        let connections = args.connections as usize;
        Self {
            id: rand::random(),
            targets,
            first_timed: args.messages_in(args.warmup),
            may_join: watch::Sender::new(false),
            window: Semaphore::new(args.window as usize),
            users: (0..connections).map(|_| OnceLock::new()).collect(),
            sockets: (0..connections).map(|_| OnceLock::new()).collect(),
            progress: Progress::default(),
            begun: Instant::now(),
            failures: Mutex::default(),
            refusals: Mutex::default(),
            interrupted: AtomicBool::new(false),
            args,
        }
    }

    /// Microseconds since the run began.
    pub fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
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

    /// The server answered a message with an error.
    pub fn refuse(&self, code: i64) {
        *self.refusals.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// How often the server answered with each error code.
    pub fn refusals(&self) -> BTreeMap<i64, u64> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

/// Reads a counter.
pub fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Adds to a counter.
pub fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
