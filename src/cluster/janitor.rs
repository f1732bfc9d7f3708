//! What a session leaves behind is taken out of the store: at once where possible, else again and again until it is gone. If
//! the node dies first, its reaper does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use tracing::error;

use crate::ids::{ChannelId, SessionRef, UserId};
use crate::store::topics::News;
use crate::store::{Store, StoreError};

/// So many at once: a load balancer may drop thousands of connections in one instant.
const CONCURRENT: usize = 64;
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(500);

/// Something to be taken out of the store.
#[derive(Debug)]
pub enum Chore {
    /// A session's membership, and the news of its leave.
    Leave(ChannelId, SessionRef, News),
    /// A session's presence, and the news that its user is offline.
    Depart(UserId, SessionRef, News),
}

/// Handle to the janitor; clones share it.
#[derive(Clone)]
pub struct Janitor {
    store: Arc<dyn Store>,
    chores: mpsc::UnboundedSender<Chore>,
    open: Arc<Open>,
}

#[derive(Default)]
struct Open {
    count: AtomicUsize,
    done: Notify,
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
                        if open.count.fetch_sub(1, Ordering::AcqRel) == 1 {
                            open.done.notify_waiters();
                        }
                    }
                })
                .await;
        });
        janitor
    }

    /// Hands over a chore.
    pub fn please(&self, chore: Chore) {
        self.open.count.fetch_add(1, Ordering::AcqRel);
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
        loop {
            let done = self.open.done.notified();
            if self.open.count.load(Ordering::Acquire) == 0 {
                return;
            }
            tokio::select! { () = done => {}, () = sleep(RETRY) => {} }
        }
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
    };
    Ok(())
}
