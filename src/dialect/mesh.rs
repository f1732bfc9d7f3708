//! The mesh protocol: each peer learns who is connected and offers to them; the server forwards offers, answers and candidates.
//! `docs/protocols` describes the wire.
//!
//! A peer is its connection: there are no accounts. A mesh is the peers of one mount who named the same room, or none.

pub mod client;
pub mod conversation;
pub mod gate;
pub mod out;
pub mod watch;
pub mod wire;

use std::sync::Arc;

use super::Services;
use crate::session::{Conversation, Dialect, Session, Target};

/// The mesh dialect of a node, at one mount.
pub struct Mesh {
    services: Arc<Services>,
    mount: String,
}

impl Mesh {
    /// Over the node's services. `mount`: the path, which keeps its meshes apart from those of others.
    #[must_use]
    pub fn new(services: Arc<Services>, mount: &str) -> Arc<Self> {
        Arc::new(Self { services, mount: mount.to_owned() })
    }
}

impl Dialect for Mesh {
    fn begin(self: Arc<Self>, session: Arc<Session>, target: Target) -> Box<dyn Conversation> {
        let wishes = conversation::Wishes::read(&self.mount, &target);
        Box::new(conversation::Talk::new(session, self.services.clone(), wishes))
    }
}
