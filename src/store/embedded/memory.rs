//! What ends with the process: never written to the file, changed under one short lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    calls::Summaries, counters::Counters, inboxes::Letters, leases::Rooms, lobbies::Lists, members::Memberships, meshes::Meshes,
    presence::Sessions, registry::Nodes,
};

/// The lock and what wakes those who wait for letters.
#[derive(Default)]
pub(super) struct Memory {
    state: Mutex<State>,
    /// Notified after every delivery.
    pub(super) delivered: tokio::sync::Notify,
}

/// All of it.
#[derive(Default)]
pub(super) struct State {
    pub(super) counters: Counters,
    pub(super) sessions: Sessions,
    pub(super) members: Memberships,
    pub(super) meshes: Meshes,
    pub(super) nodes: Nodes,
    pub(super) rooms: Rooms,
    pub(super) calls: Summaries,
    pub(super) letters: Letters,
    pub(super) lobbies: Lists,
}

impl Memory {
    /// Takes the lock. Nothing may be awaited while it is held.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
