//! The lobby protocol: a host makes a room with a code, guests find it by that code, and both pass signals through the server until they
//! are connected to each other. `docs/protocols` describes the wire.

pub mod client;
pub mod conversation;
pub mod error;
pub mod out;
pub mod wire;

use std::sync::Arc;

use super::Services;
use crate::session::{Conversation, Dialect, Session, Target};

/// The lobby dialect of a node.
pub struct Lobby {
    services: Arc<Services>,
}

impl Lobby {
    /// Over the node's services.
    #[must_use]
    pub fn new(services: Arc<Services>) -> Arc<Self> {
        Arc::new(Self { services })
    }
}

impl Dialect for Lobby {
    fn begin(self: Arc<Self>, session: Arc<Session>, target: Target) -> Box<dyn Conversation> {
        Box::new(conversation::Talk::new(session, self.services.clone(), target))
    }
}
