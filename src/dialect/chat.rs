//! The chat protocol: sign in, channels, direct channels, and Rialto's additions to it. `docs/protocols` describes the wire.

pub mod client;
pub mod conversation;
pub mod encoder;
pub mod error;
pub mod out;
pub mod wire;

mod account;
mod calls;
mod channel;
mod sign;
mod users;
mod watch;

use std::sync::Arc;

use super::Services;
use crate::session::{Conversation, Dialect, Session, Target};

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
    fn begin(self: Arc<Self>, session: Arc<Session>, _target: Target) -> Box<dyn Conversation> {
        Box::new(conversation::Talk::new(session, self.services.clone()))
    }
}
