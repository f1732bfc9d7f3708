//! What is said between the peers of a mesh, and of them.

use serde::{Deserialize, Serialize};

use crate::ids::{MeshId, SessionId, SessionRef};
use crate::store::topics::{News, Topic};

/// Something for one peer from another of the same mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// Of which mesh the sender is.
    pub mesh: MeshId,
    /// Who sent it, and is told if it cannot be delivered.
    pub from: SessionRef,
    /// What it is.
    pub what: Kind,
    /// The JSON value, byte for byte as it came.
    pub json: String,
}

/// What peers tell each other to get a connection (W3C WebRTC, section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A description that wants an answer.
    Offer,
    /// The answer to one.
    Answer,
    /// An ICE candidate.
    Candidate,
}

/// News of a mesh, published on its topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[allow(missing_docs, reason = "`peer` is whom it is about")]
pub enum MeshNews {
    /// Somebody came.
    PeerConnected { peer: SessionId },
    /// Somebody is gone.
    PeerDisconnected { peer: SessionId },
}

/// The news that somebody came to a mesh.
#[must_use]
pub fn come(mesh: MeshId, peer: SessionId) -> News {
    News { topic: Topic::Mesh(mesh), body: super::encode(&MeshNews::PeerConnected { peer }) }
}

/// The news that somebody is gone from a mesh.
#[must_use]
pub fn gone(mesh: MeshId, peer: SessionId) -> News {
    News { topic: Topic::Mesh(mesh), body: super::encode(&MeshNews::PeerDisconnected { peer }) }
}
