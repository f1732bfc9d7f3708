//! The nodes of the cluster: who is alive, what each holds, and each one's inbox.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Result;
use crate::ids::{ChannelId, MeshId, Micros, NodeId, SessionId, UserId};

/// What a node tells of itself with each heartbeat. It only ever gains fields that may be missing, so that nodes of two versions
/// read each other's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// `chat`, `media` or `all`.
    pub role: String,
    /// The Rialto version it runs.
    pub version: String,
    /// Open sessions.
    pub sessions: u64,
    /// It is about to stop: no new work for it.
    pub draining: bool,
    /// If it forwards the media of rooms: how it is reached for that, and how busy it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaInfo>,
    /// If it serves rooms by signaling only, where there is no media node: how busy it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signaling: Option<MediaLoad>,
}

/// What a media node tells of itself besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// Where clients send their media: the addresses in its offers, of every shard.
    #[serde(default)]
    pub addresses: Vec<SocketAddr>,
    /// How busy it is.
    #[serde(default)]
    pub load: MediaLoad,
}

/// How busy a media node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaLoad {
    /// Rooms it serves.
    pub rooms: u64,
    /// Participants in all of them.
    pub participants: u64,
    /// Media it sends, in bits per second.
    pub egress: u64,
}

/// A node in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its identity.
    pub id: NodeId,
    /// Since its last heartbeat, by the store's clock.
    pub silent_for: Duration,
    /// What it told last, if that has not expired.
    pub info: Option<NodeInfo>,
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Entered into the registry: the node is new, or the store lost its data.
    Entered,
    /// As before.
    Alive,
    /// The others have declared this node dead and removed what it held.
    Reaped,
}

/// Something that a node holds on behalf of a session and that must go when the node dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holding {
    /// The presence of a user's session.
    Presence(UserId, SessionId),
    /// A session's membership in a channel.
    Member(ChannelId, SessionId),
    /// A session's place in a mesh.
    Peer(MeshId, SessionId),
}

/// Heartbeats, holdings, the reaper's lease.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Says that this node is alive.
    async fn beat(&self, node: NodeId, info: &NodeInfo) -> Result<Beat>;

    /// Takes a node out at once: it stopped in good order and holds nothing.
    async fn retire(&self, node: NodeId) -> Result<()>;

    /// All nodes, dead ones included until they are reaped, and the store's clock.
    async fn nodes(&self) -> Result<(Vec<Node>, Micros)>;

    /// Takes or keeps the reaper's lease for `ttl`; `false`: another node has it.
    async fn lease_reaper(&self, node: NodeId, ttl: Duration) -> Result<bool>;

    /// Declares a node dead if it has been silent for `silent_for`: from now on its [`Registry::beat`] answers [`Beat::Reaped`].
    /// `false`: it is alive after all. Calling it again for a node declared dead before is `true`.
    async fn declare_dead(&self, node: NodeId, silent_for: Duration) -> Result<bool>;

    /// At most `limit` of what a node holds.
    async fn holdings(&self, node: NodeId, limit: usize) -> Result<Vec<Holding>>;

    /// Strikes holdings off the list. Departing and leaving do so themselves; this is for what was found to be gone already.
    async fn release(&self, node: NodeId, holdings: &[Holding]) -> Result<()>;

    /// Removes a reaped node from the registry, with its inbox.
    async fn bury(&self, node: NodeId) -> Result<()>;
}

/// What an inbox takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Letters.
    pub letters: usize,
    /// Bytes of them all, as far as the store can tell before it appends.
    pub bytes: usize,
}

/// What became of letters to another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// All are in its inbox.
    Done,
    /// There is no such node. Nothing was appended.
    NoSuchNode,
    /// Its inbox is full. Nothing was appended.
    Full,
}

/// A letter as read from an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Grows within one inbox.
    pub cursor: String,
    /// An encoded [`super::record::Envelope`].
    pub body: Bytes,
}

/// One stream of letters for each node: reliable and ordered, where topics are neither.
#[async_trait]
pub trait Inboxes: Send + Sync {
    /// Appends all or nothing. An error leaves it open which: the reader drops what it has seen by the sender's counter.
    async fn deliver(&self, to: NodeId, letters: &[Bytes], capacity: Capacity) -> Result<Delivered>;

    /// Waits up to `wait` for letters behind `cursor` (empty: from the beginning) and takes at most `limit`.
    async fn collect(&self, node: NodeId, cursor: &str, limit: usize, wait: Duration) -> Result<Vec<Letter>>;

    /// Removes what was handed over, up to and with `cursor`.
    async fn trim_inbox(&self, node: NodeId, cursor: &str) -> Result<()>;
}
