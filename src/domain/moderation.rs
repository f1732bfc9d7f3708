//! What moderators do, and what ends a session from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use crate::cluster::Relay;
use crate::ids::{SessionRef, TokenDigest, UserId};
use crate::store::record::{Expulsion, Signal};
use crate::store::{Result, Store};

/// Reaches sessions on any node.
pub struct Moderation {
    store: Arc<dyn Store>,
    relay: Arc<Relay>,
}

impl Moderation {
    /// Over a store and the relay.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, relay: Arc<Relay>) -> Self {
        Self { store, relay }
    }

    /// Signs out every session of `user` that came in with this key, `except` the one that asks.
    pub async fn end_sessions(&self, user: UserId, key: &TokenDigest, except: SessionRef) -> Result<()> {
        for at in self.store.sessions(user).await?.into_iter().filter(|at| *at != except) {
            self.relay.send(at, None, Signal::KeyEnded { key: key.clone() });
        }
        Ok(())
    }

    /// Closes every session of a user.
    pub async fn expel(&self, user: UserId, why: Expulsion) -> Result<()> {
        let sessions = self.store.sessions(user).await?;
        self.expel_from(sessions, user, why);
        Ok(())
    }

    /// Closes these sessions of a user.
    pub fn expel_from(&self, sessions: Vec<SessionRef>, user: UserId, why: Expulsion) {
        for at in sessions {
            self.relay.send(at, None, Signal::Expelled { user, why });
        }
    }

    /// Keeps a user out for a while and closes their sessions; zero lifts the ban. `false`: no such user.
    pub async fn ban(&self, user: UserId, duration: Duration) -> Result<bool> {
        let until = if duration.is_zero() { None } else { Some(self.store.now().await?.plus(duration)) };
        if !self.store.set_ban(user, until).await? {
            return Ok(false);
        }
        if until.is_some() {
            self.expel(user, Expulsion::Banned).await?;
        }
        Ok(true)
    }
}
