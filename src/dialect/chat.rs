//! The chat protocol: sign in, channels, direct channels, and Rialto's additions to it. `docs/protocols` describes the wire.

pub mod client;
pub mod conversation;
pub mod encoder;
pub mod error;
pub mod out;
pub mod wire;

mod account;
mod channel;
mod sign;
mod users;
mod watch;

use std::sync::Arc;

use crate::cluster::{Hub, Janitor};
use crate::domain::moderation::Moderation;
use crate::domain::people::People;
use crate::domain::{Accounts, Channels, Rules};
use crate::metrics::Metrics;
use crate::session::{Conversation, Dialect, Session};
use crate::store::Store;
use crate::store::record::{self, NewsRecord};
use crate::store::topics::{News, Topic};

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
    /// Kicks and bans.
    pub moderation: Moderation,
    /// Limits and rights.
    pub rules: Arc<Rules>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Services {
    /// Tells every node. What cannot be told is lost: it is news, not state.
    async fn tell_everybody(&self, news: &NewsRecord) {
        if let Err(error) = self.store.publish(&News { topic: Topic::All, body: record::encode(news) }).await {
            tracing::debug!(%error, "news for everybody was not told");
        }
    }
}

/// The chat dialect of a node.
pub struct Chat {
    services: Arc<Services>,
}

impl Chat {
    /// Over the node's services.
    #[must_use]
    pub fn new(services: Arc<Services>) -> Arc<Self> {
        Arc::new(Self { services })
    }
}

impl Dialect for Chat {
    fn begin(self: Arc<Self>, session: Arc<Session>) -> Box<dyn Conversation> {
        Box::new(conversation::Talk::new(session, self.services.clone()))
    }
}
