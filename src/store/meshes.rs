//! Meshes: peers who find each other, each told once who came before it.
//!
//! * A newcomer learns who is there and is added in one step, so that of any two peers exactly one has the other in its list, whichever
//!   nodes they are on. The store orders them.
//! * A mesh is there for as long as somebody is in it.

use async_trait::async_trait;

use super::{Result, topics::News};
use crate::ids::{MeshId, NodeId, SessionId, SessionRef};

/// What became of somebody who wants to be in a mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is in the mesh; these came before it and are still there, in the order in which they came.
    Among(Vec<SessionRef>),
    /// As many as may be are there already.
    Full,
}

/// Who is in which mesh.
#[async_trait]
pub trait Meshes: Send + Sync {
    /// Adds a peer behind all that are there, publishes `announce`, and answers who they are, unless there are `most` of them. Doing it
    /// again changes nothing and answers those of them who are still there. The place is first written into the node's holdings, so that
    /// a reaper finds it.
    async fn enter_mesh(&self, mesh: MeshId, at: SessionRef, most: usize, announce: &News) -> Result<Entered>;

    /// Removes a peer; `true`, and `announce` published, if it was there.
    async fn leave_mesh(&self, mesh: MeshId, at: SessionRef, announce: &News) -> Result<bool>;

    /// Everybody in a mesh, in the order in which they came.
    async fn peers(&self, mesh: MeshId) -> Result<Vec<SessionRef>>;

    /// Where this peer of a mesh is; `None`: it is not in that mesh.
    async fn peer(&self, mesh: MeshId, session: SessionId) -> Result<Option<SessionRef>>;

    /// Says that these sessions of a node are in these meshes: a place that is gone (the store lost it) is written anew, behind all
    /// others. Nobody is told: nobody was told that they had gone.
    async fn keep_peers(&self, node: NodeId, peers: &[(MeshId, SessionId)]) -> Result<()>;
}
