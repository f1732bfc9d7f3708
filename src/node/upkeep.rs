//! What a node does all the time besides serving.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::cluster::crowd::GATHER;
use crate::cluster::{Bus, Hub};
use crate::http::Readiness;
use crate::store::Store;

/// How often it is looked at whether the node is ready.
const READINESS_EVERY: Duration = Duration::from_secs(1);
/// A store that takes longer is not there.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// The signals that stop a node.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves with the next one.
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Sends the sign-ins that were gathered.
pub(super) async fn flush_crowd(hub: Arc<Hub>) {
    let mut tick = interval(GATHER);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        hub.crowd().flush();
    }
}

/// Keeps `/readyz` true.
pub(super) async fn watch_readiness(store: Arc<dyn Store>, bus: Bus, readiness: Arc<Readiness>) {
    let mut tick = interval(READINESS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        readiness.set_store(matches!(timeout(PING_TIMEOUT, store.ping()).await, Ok(Ok(()))));
        readiness.set_bus(bus.is_hearing());
    }
}
