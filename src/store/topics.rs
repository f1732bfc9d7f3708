//! Publish and subscribe: quick, and allowed to lose things. Whatever must not be lost is in a log or an inbox as well.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::{Result, channels::Entry};
use crate::ids::{ChannelId, Epoch, MeshId, NodeId, UserId};

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Everything of a channel.
    Channel(ChannelId),
    /// What concerns one user's sessions on all nodes.
    User(UserId),
    /// Who comes and goes in a mesh.
    Mesh(MeshId),
    /// Every node.
    All,
    /// A node's messages to itself, by which it notices that it hears nothing any more. On a Redis Cluster there is one
    /// number for each shard.
    Probe(NodeId, u16),
}

/// Something published that stands in no log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// To whom.
    pub topic: Topic,
    /// An encoded [`super::record::NewsRecord`]; in a mesh a [`super::record::meshes::MeshNews`].
    pub body: Bytes,
}

/// Something heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// On which topic.
    pub topic: Topic,
    /// What.
    pub payload: Payload,
}

/// What comes over a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A channel's log grew.
    Entry(Entry),
    /// A channel lost data and has a new epoch.
    Reset(Epoch),
    /// Anything that is in no log: see [`News::body`].
    News(Bytes),
    /// The node's own probe came back.
    Probe,
}

/// What arrived together, in order: it leaves together as well.
pub type Batch = Vec<Heard>;

/// The two halves of a node's one subscriber connection.
pub struct Subscriber {
    /// Changes what is subscribed to.
    pub control: Box<dyn Subscriptions>,
    /// Ends when the connection is lost. Whoever reads it must not wait for anything slow.
    pub batches: BoxStream<'static, Batch>,
    /// How many probes cover every shard: subscribe to and publish `Topic::Probe(node, 0..probes)`.
    pub probes: u16,
}

/// Publishing, and the one subscriber connection of a node.
#[async_trait]
pub trait Topics: Send + Sync {
    /// Publishes news; nobody need be listening.
    async fn publish(&self, news: &News) -> Result<()>;

    /// Publishes a probe of this node.
    async fn probe(&self, node: NodeId, number: u16) -> Result<()>;

    /// Opens a subscriber connection, subscribed to nothing yet.
    async fn listen(&self) -> Result<Subscriber>;
}

/// Changes the subscriptions of one connection. When `subscribe` has answered, everything published afterwards is heard.
#[async_trait]
pub trait Subscriptions: Send {
    /// Subscribes to all of these.
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<()>;

    /// Unsubscribes from all of these.
    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<()>;
}
