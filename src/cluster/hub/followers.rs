//! Who on this node follows what: the news of a user, or of a mesh.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use crate::cluster::listener::Listener;
use crate::cluster::lock;
use crate::ids::SessionId;

type Sessions = HashMap<SessionId, Arc<dyn Listener>>;

/// The sessions that follow each `K`.
pub(super) struct Followers<K> {
    sessions: Mutex<HashMap<K, Sessions>>,
}

impl<K> Default for Followers<K> {
    fn default() -> Self {
        Self { sessions: Mutex::default() }
    }
}

impl<K: Copy + Eq + Hash> Followers<K> {
    pub(super) fn add(&self, what: K, listener: Arc<dyn Listener>) {
        lock(&self.sessions).entry(what).or_default().insert(listener.session(), listener);
    }

    /// Does what belongs to that, if the session followed it.
    pub(super) fn remove(&self, what: K, session: SessionId, then: impl FnOnce()) {
        let mut all = lock(&self.sessions);
        let Some(sessions) = all.get_mut(&what) else { return };
        if sessions.remove(&session).is_some() {
            then();
        }
        if sessions.is_empty() {
            all.remove(&what);
        }
    }

    pub(super) fn of(&self, what: K) -> Vec<Arc<dyn Listener>> {
        lock(&self.sessions).get(&what).into_iter().flat_map(|sessions| sessions.values().cloned()).collect()
    }

    pub(super) fn all(&self) -> Vec<Arc<dyn Listener>> {
        lock(&self.sessions).values().flat_map(|sessions| sessions.values().cloned()).collect()
    }
}
