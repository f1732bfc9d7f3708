//! Lobby rooms: kept whole, changed by compare-and-swap; an index of when something is due; what an address may have at once.
//!
//! * A room has a revision that grows with each change and is never given twice, also if its code is used again.
//! * The index may be wrong about when, never about which: whoever finds a room there asks the room itself.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::Result;
use crate::ids::{LobbyClientId, LobbyCode, Micros};

/// A room as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLobby {
    /// Which change made it so.
    pub revision: u64,
    /// An encoded [`super::record::lobby::LobbyRecord`].
    pub record: Bytes,
}

/// What becomes of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LobbyChange {
    /// It is this now.
    Record(Bytes),
    /// It is this now, with this snapshot.
    Snapshot(Bytes, Bytes),
    /// It is gone, its snapshot too.
    Gone,
}

/// What one address may have at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Rooms.
    pub rooms: u64,
    /// Bytes of snapshots, of all rooms together.
    pub bytes: u64,
}

/// Lobby rooms.
#[async_trait]
pub trait Lobbies: Send + Sync {
    /// A room, if there is one, and the store's clock.
    async fn lobby(&self, code: LobbyCode) -> Result<(Option<KeptLobby>, Micros)>;

    /// Changes a room of which `revision` is the present one; 0: there must be none. Answers the new revision; `None`: it was not so any
    /// more, and nothing changed.
    async fn change_lobby(&self, code: LobbyCode, revision: u64, change: LobbyChange) -> Result<Option<u64>>;

    /// Writes a room back that the store has lost, as somebody knows it, unless there is a later state of it or it has ended. `false`:
    /// nothing was written, as ever in a store that loses nothing.
    async fn restore_lobby(&self, code: LobbyCode, known: &KeptLobby) -> Result<bool>;

    /// The snapshot of a room.
    async fn lobby_snapshot(&self, code: LobbyCode) -> Result<Option<Bytes>>;

    /// Notes that a room is to be looked at in `within`, or sooner if it stands so already (`sooner`), and whether it is listed for all.
    async fn list_lobby(&self, code: LobbyCode, within: Duration, sooner: bool, public: bool) -> Result<()>;

    /// Strikes a room off all lists.
    async fn unlist_lobby(&self, code: LobbyCode) -> Result<()>;

    /// Takes at most `limit` rooms that are to be looked at. They are to be looked at again after `again` unless they are listed otherwise:
    /// whoever took them may die.
    async fn due_lobbies(&self, limit: usize, again: Duration) -> Result<Vec<LobbyCode>>;

    /// All rooms there are, and perhaps some that were.
    async fn all_lobbies(&self) -> Result<Vec<LobbyCode>>;

    /// At most `limit` rooms that are listed for all.
    async fn public_lobbies(&self, limit: usize) -> Result<Vec<LobbyCode>>;

    /// What was noted of a client last; an encoded [`super::record::lobby::LobbyClientRecord`].
    async fn lobby_client(&self, client: LobbyClientId) -> Result<Option<Bytes>>;

    /// Notes something of a client for `ttl`; answers what was noted before.
    async fn note_lobby_client(&self, client: LobbyClientId, record: &Bytes, ttl: Duration) -> Result<Option<Bytes>>;

    /// Forgets a client, if `record` is what is noted of it.
    async fn forget_lobby_client(&self, client: LobbyClientId, record: &Bytes) -> Result<()>;

    /// Books a room with so many bytes of snapshot to an account, in the place of what it was booked with. `false`: more than the account is
    /// allowed, and nothing changed. What was not booked again for `ttl` is forgotten.
    async fn book_lobby(&self, account: &str, code: LobbyCode, bytes: u64, allowed: Allowance, ttl: Duration) -> Result<bool>;

    /// A room is on this account no more.
    async fn unbook_lobby(&self, account: &str, code: LobbyCode) -> Result<()>;
}
