//! Peers who find each other: who is in a mesh, and what one has for another. Nobody there has an account; a peer is its connection.

use std::sync::Arc;

use crate::cluster::janitor::Chore;
use crate::cluster::{Hub, Relay};
use crate::ids::{MeshId, SessionId, SessionRef};
use crate::store::meshes::Entered;
use crate::store::record::Signal;
use crate::store::record::meshes::{self, Forward, Kind};
use crate::store::{Store, StoreError};

/// The rules of meshes.
pub struct Meshes {
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    relay: Arc<Relay>,
    most: usize,
}

impl Meshes {
    /// On one node; a mesh has `most` peers at most.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, hub: Arc<Hub>, relay: Arc<Relay>, most: usize) -> Self {
        Self { store, hub, relay, most }
    }

    /// Adds a session of this node and answers who came before it. It has to be reachable already: others may have found it before this
    /// returns. With an error nobody knows whether it is in: it leaves then, too.
    pub async fn enter(&self, mesh: MeshId, session: SessionId) -> Result<Entered, StoreError> {
        self.store.enter_mesh(mesh, self.here(session), self.most, &meshes::come(mesh, session)).await
    }

    /// Takes a session of this node out.
    #[must_use]
    pub fn leave_chore(&self, mesh: MeshId, session: SessionId) -> Chore {
        Chore::LeaveMesh(mesh, self.here(session), meshes::gone(mesh, session))
    }

    /// Everybody who is in a mesh.
    pub async fn peers(&self, mesh: MeshId) -> Result<Vec<SessionId>, StoreError> {
        Ok(self.store.peers(mesh).await?.into_iter().map(|peer| peer.session).collect())
    }

    /// Sends a JSON value from a session of this node to another peer of its mesh. `false`: there is no such peer. If it turns out to be
    /// gone, what was sent comes back as [`Signal::Undeliverable`].
    pub async fn forward(&self, mesh: MeshId, from: SessionId, to: SessionId, what: Kind, json: String) -> Result<bool, StoreError> {
        let at = match self.hub.crowd().find(to) {
            // In no mesh, or in another one, it is nobody's business here.
            Some(listener) => (listener.may_get_from() == Some(mesh)).then(|| self.here(to)),
            None => self.store.peer(mesh, to).await?,
        };
        let Some(at) = at else { return Ok(false) };
        let from = self.here(from);
        self.relay.send(at, Some(from), Signal::Forward(Box::new(Forward { mesh, from, what, json })));
        Ok(true)
    }

    /// Gives back to its sender what could not be handed to this session.
    pub fn give_back(&self, to: SessionId, forward: Forward) {
        let from = forward.from;
        self.relay.send(from, None, Signal::Undeliverable { to, signal: Box::new(Signal::Forward(Box::new(forward))) });
    }

    fn here(&self, session: SessionId) -> SessionRef {
        SessionRef { node: self.hub.node(), session }
    }
}
