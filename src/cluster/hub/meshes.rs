//! Who on this node follows the news of which mesh.

use std::sync::Arc;

use bytes::Bytes;

use super::{Hub, Listener, decode_news};
use crate::ids::{MeshId, SessionId};
use crate::store::Result;
use crate::store::record::meshes::MeshNews;
use crate::store::topics::Topic;

impl Hub {
    /// Subscribes a session to the news of a mesh. When it returns, everything published from now on is heard.
    pub async fn follow_mesh(&self, mesh: MeshId, listener: Arc<dyn Listener>) -> Result<()> {
        self.meshes.add(mesh, listener);
        self.bus.subscribe(Topic::Mesh(mesh)).await
    }

    /// Ends [`Hub::follow_mesh`], also of one that failed.
    pub fn unfollow_mesh(&self, mesh: MeshId, session: SessionId) {
        self.meshes.remove(mesh, session, || self.bus.unsubscribe(Topic::Mesh(mesh)));
    }

    pub(super) fn mesh_news(&self, mesh: MeshId, body: &Bytes) {
        let Some(news) = decode_news::<MeshNews>(body) else { return };
        self.meshes.of(mesh).iter().for_each(|listener| listener.mesh_news(&news));
    }
}
