//! Who is connected.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

use super::EmbeddedStore;
use crate::ids::{Micros, NodeId, SessionId, SessionRef, UserId};
use crate::store::nodes::Holding;
use crate::store::topics::News;
use crate::store::{Presence, Result};

/// Each user's sessions and when they expire.
#[derive(Default)]
pub(super) struct Sessions {
    by_user: HashMap<UserId, HashMap<SessionRef, Micros>>,
}

impl Sessions {
    /// Notes a session; `true`: the user was offline before.
    fn arrive(&mut self, user: UserId, at: SessionRef, expires: Micros, now: Micros) -> bool {
        let sessions = self.by_user.entry(user).or_default();
        sessions.retain(|_, expires| *expires > now);
        let first = sessions.is_empty();
        sessions.insert(at, expires);
        first
    }

    /// Removes a session; `true`: it was there and the user is offline now.
    fn depart(&mut self, user: UserId, at: SessionRef, now: Micros) -> bool {
        let Some(sessions) = self.by_user.get_mut(&user) else { return false };
        if sessions.remove(&at).is_none() {
            return false;
        }
        // What has expired goes with it: its own departure must not be announced a second time.
        sessions.retain(|_, expires| *expires > now);
        let last = sessions.is_empty();
        if last {
            self.by_user.remove(&user);
        }
        last
    }

    fn live(&self, user: UserId, now: Micros) -> impl Iterator<Item = SessionRef> {
        self.by_user.get(&user).into_iter().flatten().filter(move |(_, expires)| **expires > now).map(|(at, _)| *at)
    }
}

#[async_trait]
impl Presence for EmbeddedStore {
    async fn arrive(&self, user: UserId, at: SessionRef, ttl: Duration, announce: &News) -> Result<bool> {
        let now = self.clock.now();
        let mut state = self.memory.lock();
        state.nodes.hold(at.node, Holding::Presence(user, at.session));
        let first = state.sessions.arrive(user, at, now.plus(ttl), now);
        if first {
            self.switchboard.publish_news(announce);
        }
        Ok(first)
    }

    async fn depart(&self, user: UserId, at: SessionRef, announce: &News) -> Result<bool> {
        let mut state = self.memory.lock();
        let last = state.sessions.depart(user, at, self.clock.now());
        if last {
            self.switchboard.publish_news(announce);
        }
        state.nodes.release(at.node, &[Holding::Presence(user, at.session)]);
        Ok(last)
    }

    async fn renew(&self, node: NodeId, sessions: &[(UserId, SessionId)], ttl: Duration) -> Result<()> {
        let expires = self.clock.now().plus(ttl);
        let mut state = self.memory.lock();
        for &(user, session) in sessions {
            state.nodes.hold(node, Holding::Presence(user, session));
            state.sessions.by_user.entry(user).or_default().insert(SessionRef { node, session }, expires);
        }
        Ok(())
    }

    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>> {
        let now = self.clock.now();
        let state = self.memory.lock();
        Ok(users.iter().map(|user| state.sessions.live(*user, now).next().is_some()).collect())
    }

    async fn sessions(&self, user: UserId) -> Result<Vec<SessionRef>> {
        Ok(self.memory.lock().sessions.live(user, self.clock.now()).collect())
    }

    async fn online_users(&self, limit: usize) -> Result<Vec<UserId>> {
        let now = self.clock.now();
        let state = self.memory.lock();
        let online = state.sessions.by_user.iter().filter(|(_, sessions)| sessions.values().any(|expires| *expires > now));
        Ok(online.map(|(user, _)| *user).take(limit).collect())
    }
}
