//! All sessions of a node, and the one sweeper that keeps time for them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at};

use super::close::CloseCode;
use super::socket::Socket;
use super::{Dialect, Limits, Session, Target, task};
use crate::ids::SessionId;
use crate::metrics::{CloseLabel, Metrics};

/// What a connection that broke is counted as; never on the wire.
const ABNORMAL: u16 = 1006;

/// Every session of this node.
pub struct Sessions {
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    open: RwLock<HashMap<SessionId, Arc<Session>>>,
    draining: AtomicBool,
    /// Told when the last session has gone.
    empty: Notify,
}

impl Sessions {
    /// No sessions yet. Starts the sweeper, so it must be called within a Tokio runtime; the sweeper ends with the last `Arc`.
    #[must_use]
    pub fn new(limits: Limits, metrics: Arc<Metrics>) -> Arc<Self> {
        let sessions = Arc::new(Self {
            limits: Arc::new(limits),
            metrics,
            open: RwLock::default(),
            draining: AtomicBool::new(false),
            empty: Notify::new(),
        });
        tokio::spawn(sweep(Arc::downgrade(&sessions), Arc::clone(&sessions.limits)));
        sessions
    }

    /// Runs a connection whose handshake is done, until it is over and its conversation has been told so. `leftover` is what
    /// was read behind the handshake, `target` what it asked for, `client` the client's address.
    pub async fn serve(&self, socket: Box<dyn Socket>, leftover: Bytes, dialect: Arc<dyn Dialect>, target: Target, client: IpAddr) {
        let session = Arc::new(Session::new(client, socket, Arc::clone(&self.limits), Arc::clone(&self.metrics)));
        self.open.write().unwrap_or_else(PoisonError::into_inner).insert(session.id(), Arc::clone(&session));
        self.metrics.sessions_open.inc();
        if self.is_draining() {
            session.close(CloseCode::GoingAway, &hint(Duration::from_secs(1)));
        }
        task::run(&session, dialect, target, leftover).await;
        let code = session.outbox().code().map_or(ABNORMAL, CloseCode::number);
        self.metrics.closes.get_or_create(&CloseLabel { code }).inc();
        self.metrics.sessions_open.dec();
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.remove(&session.id());
        if open.is_empty() {
            self.empty.notify_waiters();
        }
    }

    /// The session of that identifier, if it is on this node and not over.
    #[must_use]
    pub fn get(&self, id: SessionId) -> Option<Arc<Session>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `visit` with each session that is there now; sessions may come and go meanwhile.
    pub fn for_each(&self, mut visit: impl FnMut(&Arc<Session>)) {
        for session in self.snapshot() {
            visit(&session);
        }
    }

    /// Closes all sessions at once.
    pub fn close_all(&self, code: CloseCode, reason: &str) {
        self.for_each(|session| session.close(code, reason));
    }

    /// Whether [`drain`](Self::drain) has begun: no new sessions are wanted.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Closes all sessions with 1001, spread over the first three quarters of `within`, each with a reconnect hint of its own
    /// in the reason (`reconnect in 1234 ms`), so that the clients do not all come back at once. Returns when all are gone, at
    /// the latest after `within`.
    pub async fn drain(&self, within: Duration) {
        self.draining.store(true, Ordering::Relaxed);
        let start = Instant::now();
        let sessions = self.snapshot();
        let spread = within.mul_f64(0.75);
        for (index, session) in sessions.iter().enumerate() {
            sleep_until(start + spread.mul_f64(index as f64 / sessions.len() as f64)).await;
            session.close(CloseCode::GoingAway, &hint(within));
        }
        drop(sessions);
        let _ = timeout_at(start + within, self.emptied()).await;
    }

    /// Ends what is left without further words. Returns when every conversation has been told so: only then is known what sessions leave
    /// behind.
    pub async fn end(&self) {
        self.for_each(|session| session.abandon());
        self.emptied().await;
    }

    async fn emptied(&self) {
        loop {
            let mut told = std::pin::pin!(self.empty.notified());
            told.as_mut().enable();
            if self.is_empty() {
                return;
            }
            told.await;
        }
    }

    fn snapshot(&self) -> Vec<Arc<Session>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

fn hint(spread: Duration) -> String {
    let most = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
    format!("reconnect in {} ms", rand::random_range(0..=most))
}

/// Looks at every session now and then. Pings fall due at a moment of the period that is each session's own.
async fn sweep(sessions: Weak<Sessions>, limits: Arc<Limits>) {
    let start = Instant::now();
    let period = limits.ping_every.as_millis().max(1);
    let mut ticks = interval(limits.sweep_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = 0;
    loop {
        ticks.tick().await;
        let Some(sessions) = sessions.upgrade() else { return };
        let now = Instant::now();
        let after = (now - start).as_millis();
        sessions.for_each(|session| {
            let offset = session.id().0.as_u128() % period;
            let ping_due = (after + offset) / period != (before + offset) / period;
            session.sweep(now, ping_due);
        });
        before = after;
    }
}
