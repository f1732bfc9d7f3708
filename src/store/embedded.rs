//! The store of a single machine: one file in `DATA_DIR`, one process.
//!
//! * What must survive is in a [redb](https://docs.rs/redb) file: accounts, access keys, channel logs, direct channels, read
//!   marks, blocks, secrets, lobby rooms. One thread writes it ([`writer`]); an operation is answered, and what it publishes is heard, only
//!   after the commit that holds it is on the disk. Reads are transactions of their own and see whole commits only.
//! * What ends with the process anyway is in memory: presence, members, meshes, holdings, leases, who is in which call, the registry, inboxes, counters
//!   ([`memory`]).
//! * Topics are queues within the process ([`topics`]).

mod accounts;
mod calls;
mod channels;
mod clock;
mod counters;
mod dedup;
mod directs;
mod file;
mod inboxes;
mod leases;
mod lobbies;
mod log;
mod members;
mod memory;
mod meshes;
mod named_rooms;
mod presence;
mod registry;
mod rooms;
mod tokens;
mod topics;
mod users;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use self::{clock::Clock, memory::Memory, topics::Switchboard, writer::Work, writer::Writer};
use super::{Count, Result, Store, StoreError};

pub use self::file::OpenError;

/// Where the file is and how much of each channel it keeps.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// The folder of the file `rialto.redb`; made if missing.
    pub dir: PathBuf,
    /// Messages kept in each channel, at least 1; older ones go when a new one comes.
    pub history_max: usize,
    /// Messages older than this go when a new one comes; `None` keeps them for ever.
    pub history_max_age: Option<Duration>,
}

/// A store in a local file.
pub struct EmbeddedStore {
    // Before `database`: its thread must have ended when the file is closed.
    writer: Writer,
    database: Arc<Database>,
    /// The epoch of every channel, unless it lost data: when the file was made, in milliseconds since the Unix epoch.
    birth: u64,
    keep: log::Keep,
    memory: Memory,
    switchboard: Arc<Switchboard>,
    clock: Arc<Clock>,
}

impl EmbeddedStore {
    /// Opens the file, or makes it. Fails if another process has it open, and on a file of an unknown format.
    pub fn open(settings: EmbeddedSettings) -> std::result::Result<Self, OpenError> {
        let clock = Arc::new(Clock::default());
        let file::Opened { database, birth } = file::open(&settings.dir, clock.now())?;
        let database = Arc::new(database);
        let switchboard = Arc::new(Switchboard::default());
        let writer = Writer::start(Arc::clone(&database), Arc::clone(&switchboard), Arc::clone(&clock))?;
        let keep = log::Keep { messages: settings.history_max.max(1) as u64, age: settings.history_max_age };
        Ok(Self { writer, database, birth, keep, memory: Memory::default(), switchboard, clock })
    }

    /// Lets time pass by the store's clock, at once: tests do not wait.
    #[cfg(test)]
    pub(crate) fn time_passes(&self, time: Duration) {
        self.clock.skip(time);
    }

    /// Carries out a change of the file, off the async threads; answers after its commit.
    async fn write<T: Send + 'static>(&self, operation: impl FnOnce(&mut Work<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.writer.write(operation).await
    }

    /// Reads the file as of the last commit, off the async threads.
    async fn read<T: Send + 'static>(&self, operation: impl FnOnce(&ReadTransaction) -> Result<T> + Send + 'static) -> Result<T> {
        let database = Arc::clone(&self.database);
        tokio::task::spawn_blocking(move || operation(&database.begin_read()?))
            .await
            .map_err(|error| StoreError::Unavailable(format!("a read did not finish: {error}")))?
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn count(&self, key: &str, window: Duration) -> Result<Count> {
        Ok(self.memory.lock().counters.count(key, window, self.clock.now()))
    }

    async fn counted(&self, key: &str) -> Result<Count> {
        Ok(self.memory.lock().counters.counted(key, self.clock.now()))
    }

    async fn uncount(&self, key: &str) -> Result<()> {
        self.memory.lock().counters.forget(key);
        Ok(())
    }

    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32]> {
        let name = name.to_owned();
        self.write(move |work| {
            let mut secrets = work.transaction.open_table(file::SECRETS)?;
            if let Some(secret) = secrets.get(name.as_str())? {
                return Ok(*secret.value());
            }
            secrets.insert(name.as_str(), &candidate)?;
            Ok(candidate)
        })
        .await
    }

    async fn ping(&self) -> Result<()> {
        // No commit: this is asked every second, and an idle node should leave the disk alone.
        self.read(|_| Ok(())).await
    }

    async fn warnings(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
