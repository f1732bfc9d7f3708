//! Who is in which mesh.

use std::collections::HashMap;

use async_trait::async_trait;

use super::EmbeddedStore;
use crate::ids::{MeshId, NodeId, SessionId, SessionRef};
use crate::store::meshes::Entered;
use crate::store::nodes::Holding;
use crate::store::topics::News;
use crate::store::{self, Result};

/// The peers of each mesh, in the order in which they came.
#[derive(Default)]
pub(super) struct Meshes {
    by_mesh: HashMap<MeshId, Vec<SessionRef>>,
}

impl Meshes {
    fn all(&self, mesh: MeshId) -> &[SessionRef] {
        self.by_mesh.get(&mesh).map_or(&[], Vec::as_slice)
    }

    /// How many came before this peer; `None`: it is not there.
    fn place(&self, mesh: MeshId, session: SessionId) -> Option<usize> {
        self.all(mesh).iter().position(|peer| peer.session == session)
    }

    fn add(&mut self, mesh: MeshId, at: SessionRef) {
        self.by_mesh.entry(mesh).or_default().push(at);
    }

    fn remove(&mut self, mesh: MeshId, session: SessionId) -> bool {
        let Some(place) = self.place(mesh, session) else { return false };
        if let Some(peers) = self.by_mesh.get_mut(&mesh) {
            peers.remove(place);
            if peers.is_empty() {
                self.by_mesh.remove(&mesh);
            }
        }
        true
    }
}

#[async_trait]
impl store::Meshes for EmbeddedStore {
    async fn enter_mesh(&self, mesh: MeshId, at: SessionRef, most: usize, announce: &News) -> Result<Entered> {
        let mut state = self.memory.lock();
        let place = state.meshes.place(mesh, at.session);
        let before = place.unwrap_or_else(|| state.meshes.all(mesh).len());
        if place.is_none() {
            if before >= most {
                return Ok(Entered::Full);
            }
            state.nodes.hold(at.node, Holding::Peer(mesh, at.session));
            state.meshes.add(mesh, at);
            self.switchboard.publish_news(announce);
        }
        Ok(Entered::Among(state.meshes.all(mesh)[..before].to_vec()))
    }

    async fn leave_mesh(&self, mesh: MeshId, at: SessionRef, announce: &News) -> Result<bool> {
        let mut state = self.memory.lock();
        let was_in = state.meshes.remove(mesh, at.session);
        if was_in {
            self.switchboard.publish_news(announce);
        }
        state.nodes.release(at.node, &[Holding::Peer(mesh, at.session)]);
        Ok(was_in)
    }

    async fn peers(&self, mesh: MeshId) -> Result<Vec<SessionRef>> {
        Ok(self.memory.lock().meshes.all(mesh).to_vec())
    }

    async fn peer(&self, mesh: MeshId, session: SessionId) -> Result<Option<SessionRef>> {
        let state = self.memory.lock();
        Ok(state.meshes.place(mesh, session).map(|place| state.meshes.all(mesh)[place]))
    }

    async fn keep_peers(&self, node: NodeId, peers: &[(MeshId, SessionId)]) -> Result<()> {
        let mut state = self.memory.lock();
        for &(mesh, session) in peers {
            state.nodes.hold(node, Holding::Peer(mesh, session));
            if state.meshes.place(mesh, session).is_none() {
                state.meshes.add(mesh, SessionRef { node, session });
            }
        }
        Ok(())
    }
}
