//! Who is connected where. An account is online while it has at least one live session on any node.

use std::time::Duration;

use async_trait::async_trait;

use super::{Result, topics::News};
use crate::ids::{NodeId, SessionId, SessionRef, UserId};

/// Sessions per user; what belongs to a dead node is removed by the reaper, or expires.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Notes the session. `true`, and `announce` published, if the user was offline before.
    /// The entry is first written into the node's holdings ([`super::nodes::Holding`]), so that a reaper finds it.
    async fn arrive(&self, user: UserId, at: SessionRef, ttl: Duration, announce: &News) -> Result<bool>;

    /// Removes the session. `true`, and `announce` published, if it was there and was the user's last.
    async fn depart(&self, user: UserId, at: SessionRef, announce: &News) -> Result<bool>;

    /// Lets the sessions of `node` live for another `ttl`; an entry that is gone (the store lost it) is written anew.
    async fn renew(&self, node: NodeId, sessions: &[(UserId, SessionId)], ttl: Duration) -> Result<()>;

    /// Whether each of these users is online, in this order.
    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>>;

    /// A user's live sessions.
    async fn sessions(&self, user: UserId) -> Result<Vec<SessionRef>>;

    /// At most `limit` users who are online, in no promised order.
    async fn online_users(&self, limit: usize) -> Result<Vec<UserId>>;
}
