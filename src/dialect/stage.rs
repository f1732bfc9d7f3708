//! The stage protocol: rooms with a number, work orders, events and questions; video through the SFU. `docs/protocols` describes
//! the wire.
//!
//! A room is a channel: what is said in it is that channel's log, who is in it are its members, and the hub brings both to every
//! session. A user with several sessions in a room counts once.

pub mod client;
pub mod conversation;
pub mod encoder;
pub mod error;
pub mod out;
pub mod wire;

mod call;
mod gate;
mod media;
mod say;
mod sign;

use std::sync::Arc;

use super::Services;
use crate::session::{Conversation, Dialect, Session, Target};

/// The stage dialect of a node.
pub struct Stage {
    services: Arc<Services>,
}

impl Stage {
    /// Over the node's services.
    #[must_use]
    pub fn new(services: Arc<Services>) -> Arc<Self> {
        Arc::new(Self { services })
    }
}

impl Dialect for Stage {
    fn begin(self: Arc<Self>, session: Arc<Session>, target: Target) -> Box<dyn Conversation> {
        Box::new(conversation::Talk::new(session, self.services.clone(), target))
    }
}
