//! What clients speak: wire types and a handler for each protocol. They translate and decide nothing.

pub mod asyncapi;
pub mod chat;
mod fields;
pub mod lobby;
pub mod mesh;
pub mod rooms;
pub mod rtc;
pub mod stage;

use std::sync::Arc;

use crate::cluster::calls::Calls;
use crate::cluster::{Hub, Janitor, Relay};
use crate::domain::ice::IceServers;
use crate::domain::moderation::Moderation;
use crate::domain::people::People;
use crate::domain::{Accounts, Channels, Lobbies, Meshes, NamedRooms, Rooms, Rules};
use crate::metrics::Metrics;
use crate::store::record::{self, NewsRecord};
use crate::store::topics::{News, Topic};
use crate::store::{Store, StoreError};

/// Everything that the handlers use; one for all connections of a node.
pub struct Services {
    /// The store, for what needs no rule.
    pub store: Arc<dyn Store>,
    /// Local distribution.
    pub hub: Arc<Hub>,
    /// What sessions leave behind.
    pub janitor: Janitor,
    /// Accounts.
    pub accounts: Accounts,
    /// Channels.
    pub channels: Channels,
    /// Lists of users.
    pub people: People,
    /// Who is in which call.
    pub calls: Arc<Calls>,
    /// STUN and TURN servers.
    pub ice: IceServers,
    /// Rooms with numbers.
    pub rooms: Arc<Rooms>,
    /// Rooms with names.
    pub named_rooms: Arc<NamedRooms>,
    /// Rooms with codes.
    pub lobbies: Arc<Lobbies>,
    /// Peers who find each other.
    pub meshes: Meshes,
    /// Letters to sessions anywhere.
    pub relay: Arc<Relay>,
    /// Kicks and bans.
    pub moderation: Moderation,
    /// Limits and rights.
    pub rules: Arc<Rules>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Services {
    /// Tells every node. What cannot be told is lost: it is news, not state.
    pub(crate) async fn tell_everybody(&self, news: &NewsRecord) {
        if let Err(error) = self.store.publish(&News { topic: Topic::All, body: record::encode(news) }).await {
            tracing::debug!(%error, "news for everybody was not told");
        }
    }
}

/// Tells the operator why the store failed a client, who is told to try again and nothing else.
fn note(error: &StoreError) {
    match error {
        StoreError::Unavailable(why) => tracing::debug!(why, "a message failed for want of the store"),
        StoreError::Corrupt(why) => tracing::error!(why, "a message met an unreadable record"),
    }
}
