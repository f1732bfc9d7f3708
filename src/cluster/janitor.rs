//! What a session leaves behind is taken out of the store: at once where possible, else again and again until it is gone. If
//! the node dies first, its reaper does it. Whoever enters something anew waits for what the same session left
//! ([`Janitor::done_with`]), or the late removal would remove the new entry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use tracing::error;

use crate::ids::{ChannelId, MeshId, SessionId, SessionRef, UserId};
use crate::store::topics::News;
use crate::store::{Store, StoreError};

/// So many at once: a load balancer may drop thousands of connections in one instant.
const CONCURRENT: usize = 64;
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(500);
/// How long a session waits for what it left.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something to be taken out of the store.
#[derive(Debug)]
pub enum Chore {
    /// A session's membership, and the news of its leave.
    Leave(ChannelId, SessionRef, News),
    /// A session's presence, and the news that its user is offline.
    Depart(UserId, SessionRef, News),
    /// A session's place in a mesh, and the news that it is gone.
    LeaveMesh(MeshId, SessionRef, News),
}

impl Chore {
    fn session(&self) -> SessionId {
        match self {
            Self::Leave(_, at, _) | Self::Depart(_, at, _) | Self::LeaveMesh(_, at, _) => at.session,
        }
    }
}

/// Handle to the janitor; clones share it.
#[derive(Clone)]
pub struct Janitor {
    store: Arc<dyn Store>,
    chores: mpsc::UnboundedSender<Chore>,
    open: Arc<Open>,
}

/// How many chores each session has open.
#[derive(Default)]
struct Open {
    sessions: Mutex<HashMap<SessionId, usize>>,
    done: Notify,
}

impl Open {
    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, usize>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, session: SessionId) {
        *self.sessions().entry(session).or_default() += 1;
    }

    fn remove(&self, session: SessionId) {
        let mut sessions = self.sessions();
        if let Some(count) = sessions.get_mut(&session) {
            *count -= 1;
            if *count == 0 {
                sessions.remove(&session);
                self.done.notify_waiters();
            }
        }
    }

    async fn until(&self, holds: impl Fn(&HashMap<SessionId, usize>) -> bool) {
        loop {
            let mut done = std::pin::pin!(self.done.notified());
            done.as_mut().enable();
            if holds(&self.sessions()) {
                return;
            }
            done.await;
        }
    }
}

impl Janitor {
    /// Starts the janitor's task.
    #[must_use]
    pub fn start(store: Arc<dyn Store>) -> Self {
        let (chores, receiver) = mpsc::unbounded_channel();
        let open = Arc::new(Open::default());
        let janitor = Self { store: store.clone(), chores, open: open.clone() };
        tokio::spawn(async move {
            let chores = futures_util::stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
            chores
                .for_each_concurrent(CONCURRENT, |chore| {
                    let (store, open) = (store.clone(), open.clone());
                    async move {
                        finish(store.as_ref(), &chore).await;
                        open.remove(chore.session());
                    }
                })
                .await;
        });
        janitor
    }

    /// Hands over a chore.
    pub fn please(&self, chore: Chore) {
        self.open.add(chore.session());
        // The task only ends with the last handle.
        let _ = self.chores.send(chore);
    }

    /// Does a chore before it returns, if that can be done at once; else it is handed over.
    pub async fn now(&self, chore: Chore) {
        match attempt(self.store.as_ref(), &chore).await {
            Ok(()) => {}
            Err(_) => self.please(chore),
        }
    }

    /// Resolves when nothing is left to do.
    pub async fn idle(&self) {
        self.open.until(HashMap::is_empty).await;
    }

    /// Resolves when nothing that this session left is in the store any more.
    ///
    /// # Errors
    /// The store has not taken it for too long.
    pub async fn done_with(&self, session: SessionId) -> Result<(), StoreError> {
        let done = self.open.until(|open| !open.contains_key(&session));
        timeout(PATIENCE, done).await.map_err(|_| StoreError::Unavailable("what the session left is still there".to_owned()))
    }
}

async fn finish(store: &dyn Store, chore: &Chore) {
    loop {
        match attempt(store, chore).await {
            Ok(()) => return,
            Err(StoreError::Corrupt(why)) => return error!(why, "a session's traces cannot be removed"),
            Err(StoreError::Unavailable(_)) => sleep(RETRY).await,
        }
    }
}

async fn attempt(store: &dyn Store, chore: &Chore) -> Result<(), StoreError> {
    match chore {
        Chore::Leave(channel, at, news) => store.leave(*channel, *at, news).await?,
        Chore::Depart(user, at, news) => store.depart(*user, *at, news).await?,
        Chore::LeaveMesh(mesh, at, news) => store.leave_mesh(*mesh, *at, news).await?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_left_something_waits_until_all_of_it_is_gone() {
        let (open, me, other) = (Open::default(), SessionId::random(), SessionId::random());
        for session in [me, me, other] {
            open.add(session);
        }
        let mut gone = pin!(open.until(|open| !open.contains_key(&me)));
        assert!(gone.as_mut().now_or_never().is_none());
        open.remove(me);
        assert!(gone.as_mut().now_or_never().is_none());
        open.remove(me);
        assert!(gone.as_mut().now_or_never().is_some());
        assert!(open.until(HashMap::is_empty).now_or_never().is_none(), "somebody else still has something");
    }
}
