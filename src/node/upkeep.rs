//! What a node does all the time besides serving.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::warn;

use crate::cluster::crowd::GATHER;
use crate::cluster::{Bus, Hub};
use crate::http::Readiness;
use crate::store::Store;

/// How often it is looked at whether the node is ready.
const READINESS_EVERY: Duration = Duration::from_secs(1);
/// Between two attempts to tell the store something.
const RETRY: Duration = Duration::from_millis(250);
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

/// When the store may have lost data, compares every live channel with it before anything is written again.
pub(super) async fn verify_generations(store: Arc<dyn Store>, hub: Arc<Hub>, bus: Bus) {
    loop {
        let generation = store.generation_changed().await;
        // What a server that is not in charge any more still says would come after the comparison.
        if let Err(error) = bus.renew().await {
            warn!(%error, "what this node knows cannot be verified yet");
            sleep(RETRY).await;
            continue;
        }
        hub.verify_all().await;
        if let Err(error) = store.generation_verified(&generation).await {
            warn!(%error, "what this node knows is verified, but the others could not be told yet");
            sleep(RETRY).await;
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
