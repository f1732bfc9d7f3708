//! What must outlive a connection, behind traits that Redis ([`redis`]) and a local file ([`embedded`]) implement.
//!
//! * One contract suite (`tests/it/store_contract/`) runs against both; whatever it does not pin down is not promised.
//! * Every method is atomic: it happens whole or not at all, also when the node dies half-way.
//! * Time is the store's own clock. Nothing above compares clocks of two machines.
//! * [`StoreError::Unavailable`] means that nobody knows whether it happened: ask again with the same identifiers.
//! * The store moves bytes of [`record`]s; it never sees a socket or a wire format.

pub mod accounts;
pub mod calls;
pub mod channels;
pub mod directs;
pub mod embedded;
pub mod leases;
pub mod lobbies;
pub mod meshes;
pub mod named_rooms;
pub mod nodes;
pub mod presence;
pub mod record;
pub mod redis;
pub mod rooms;
pub mod topics;

use std::time::Duration;

use async_trait::async_trait;

pub use accounts::Accounts;
pub use calls::CallSummaries;
pub use channels::Channels;
pub use directs::Directs;
pub use leases::Leases;
pub use lobbies::Lobbies;
pub use meshes::Meshes;
pub use named_rooms::NamedRooms;
pub use nodes::{Inboxes, Registry};
pub use presence::Presence;
pub use rooms::Rooms;
pub use topics::Topics;

/// The outcome of every store operation.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Bad weather, or a bug.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or did not answer in time. Whether the change was made is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A record that this version cannot read: written by a much newer one, or damaged.
    #[error("unreadable record: {0}")]
    Corrupt(String),
}

/// Everything at once: what a node holds as `Arc<dyn Store>`.
#[async_trait]
pub trait Store:
    Accounts
    + Presence
    + Channels
    + Directs
    + Registry
    + Inboxes
    + Leases
    + CallSummaries
    + Rooms
    + Meshes
    + NamedRooms
    + Lobbies
    + Topics
    + 'static
{
    /// Counts one event under `key` and answers how many there were in the running window, this one included,
    /// and how long until the window ends. The window starts with its first event.
    async fn count(&self, key: &str, window: Duration) -> Result<Count>;

    /// The count under `key` without adding to it.
    async fn counted(&self, key: &str) -> Result<Count>;

    /// Forgets the count under `key`.
    async fn uncount(&self, key: &str) -> Result<()>;

    /// A secret shared by all nodes: the first candidate ever offered under this name.
    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32]>;

    /// Whether the store answers.
    async fn ping(&self) -> Result<()>;

    /// Waits until the store may have lost what it acknowledged (it failed over or restarted) and this node has not verified yet
    /// what it knows. Until then nothing is appended: the node calls [`Channels::verify`] for every channel of which it has
    /// seen anything, and then [`Store::generation_verified`]. Resolves at once for as long as that is due; never on a store that
    /// loses nothing. Cancelling is harmless.
    async fn generation_changed(&self) -> Generation {
        std::future::pending().await
    }

    /// Says that this node has verified all it knows against this generation. Appends go on as soon as all nodes have.
    /// Nothing happens if yet another generation is waiting by now.
    async fn generation_verified(&self, _generation: &Generation) -> Result<()> {
        Ok(())
    }

    /// Settings of the store under which data could be lost, each with its cure, for the log at start.
    async fn warnings(&self) -> Result<Vec<String>>;
}

/// One life of the store's data: another one may lack what was acknowledged before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Generation(pub String);

/// A counter's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Events in the window.
    pub events: u64,
    /// Until the window ends; zero when there is none.
    pub resets_in: Duration,
}
