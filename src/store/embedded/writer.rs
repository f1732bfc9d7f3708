//! The one thread that writes the file.
//!
//! Group commit: while a commit waits for the disk, operations queue up; then all of them go into the next transaction together
//! and share one fsync. Alone, an operation waits for nobody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use redb::{Database, WriteTransaction};
use tokio::sync::oneshot;

use super::{clock::Clock, file::OpenError, topics::Switchboard};
use crate::ids::Micros;
use crate::store::topics::{Batch, Heard};
use crate::store::{Result, StoreError};

/// Operations in one transaction: more would only make the first one wait.
const MAX_GROUP: usize = 512;

/// What an operation works on.
pub(super) struct Work<'a> {
    /// The transaction, shared with the operations before and after it.
    pub(super) transaction: &'a WriteTransaction,
    /// The store's clock.
    pub(super) now: Micros,
    published: &'a mut Batch,
}

impl Work<'_> {
    /// Publishes this once the transaction is committed.
    pub(super) fn publish(&mut self, heard: Heard) {
        self.published.push(heard);
    }
}

/// Tells whoever asked for an operation what became of it.
type Reply = Box<dyn FnOnce()>;
/// An operation; an error spoils the transaction it is in.
type Job = Box<dyn FnOnce(&mut Work<'_>) -> Result<Reply> + Send>;

/// Handle of the thread. Dropping it waits for the last commit.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>, switchboard: Arc<Switchboard>, clock: Arc<Clock>) -> std::result::Result<Self, OpenError> {
        let (jobs, queue) = mpsc::channel();
        let desk = Desk { database, switchboard, clock };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || desk.run(&queue)).map_err(OpenError::Thread)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Carries out an operation in a transaction and answers after its commit.
    ///
    /// An operation that answers [`StoreError::Corrupt`] must not have written anything: the transaction goes on without it.
    pub(super) async fn write<T: Send + 'static>(&self, operation: impl FnOnce(&mut Work<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |work| match operation(work) {
            Err(StoreError::Unavailable(why)) => Err(StoreError::Unavailable(why)),
            outcome => Ok(Box::new(move || {
                // Whoever asked may have gone; the operation stands all the same.
                let _ = sender.send(outcome);
            })),
        });
        let gone = || StoreError::Unavailable("the file could not be written".to_owned());
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread ended in a panic");
        }
    }
}

/// What the thread has at hand.
struct Desk {
    database: Arc<Database>,
    switchboard: Arc<Switchboard>,
    clock: Arc<Clock>,
}

impl Desk {
    fn run(&self, queue: &mpsc::Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let group: Vec<Job> = std::iter::once(first).chain(queue.try_iter().take(MAX_GROUP - 1)).collect();
            // Where it fails the replies are dropped unsent, and whoever asked sees that.
            match catch_unwind(AssertUnwindSafe(|| self.commit(group))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "a commit of the embedded store failed"),
                Err(_) => tracing::error!("an operation of the embedded store panicked; its transaction was undone"),
            }
        }
    }

    fn commit(&self, group: Vec<Job>) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let mut published = Batch::new();
        let mut replies = Vec::with_capacity(group.len());
        for job in group {
            let mut work = Work { transaction: &transaction, now: self.clock.now(), published: &mut published };
            replies.push(job(&mut work)?);
        }
        transaction.commit()?;
        self.switchboard.publish(&published);
        replies.into_iter().for_each(|reply| reply());
        Ok(())
    }
}
