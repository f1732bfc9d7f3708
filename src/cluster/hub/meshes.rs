//! Who on this node follows the news of which mesh.

use std::sync::Arc;

use bytes::Bytes;

use super::{Hub, Listener, decode_news, lock};
use crate::ids::{MeshId, SessionId};
use crate::store::Result;
use crate::store::record::meshes::MeshNews;
use crate::store::topics::Topic;

impl Hub {
    /// Subscribes a session to the news of a mesh. When it returns, everything published from now on is heard.
    pub async fn follow_mesh(&self, mesh: MeshId, listener: Arc<dyn Listener>) -> Result<()> {
        lock(&self.meshes).entry(mesh).or_default().insert(listener.session(), listener);
        self.bus.subscribe(Topic::Mesh(mesh)).await
    }

    /// Ends [`Hub::follow_mesh`], also of one that failed.
    pub fn unfollow_mesh(&self, mesh: MeshId, session: SessionId) {
        let mut meshes = lock(&self.meshes);
        let Some(sessions) = meshes.get_mut(&mesh) else { return };
        if sessions.remove(&session).is_some() {
            self.bus.unsubscribe(Topic::Mesh(mesh));
        }
        if sessions.is_empty() {
            meshes.remove(&mesh);
        }
    }

    pub(super) fn mesh_followers(&self) -> Vec<Arc<dyn Listener>> {
        lock(&self.meshes).values().flat_map(|sessions| sessions.values().cloned()).collect()
    }

    pub(super) fn mesh_news(&self, mesh: MeshId, body: &Bytes) {
        let Some(news) = decode_news::<MeshNews>(body) else { return };
        let listeners: Vec<_> = lock(&self.meshes).get(&mesh).into_iter().flat_map(|sessions| sessions.values().cloned()).collect();
        listeners.iter().for_each(|listener| listener.mesh_news(&news));
    }
}
