//! What a user has open and has read: the index of direct channels, read marks, blocks.

use async_trait::async_trait;

use super::{Result, topics::News};
use crate::ids::{ChannelId, Micros, Seq, UserId};

/// A direct channel in its owner's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direct {
    /// The user at the other end; the owner for a notebook.
    pub peer: UserId,
    /// When it was last written to, by the store's clock.
    pub last: Micros,
}

/// Per user.
#[async_trait]
pub trait Directs: Send + Sync {
    /// Puts the channel with `peer` at the top of `owner`'s list. `true`, and `announce` published, if it is new in the list.
    /// Called for both ends *before* a message is logged, so that no message is in a channel that its recipient cannot find.
    async fn touch_direct(&self, owner: UserId, peer: UserId, announce: &News) -> Result<bool>;

    /// The newest `limit` of a user's direct channels, last written first.
    async fn directs(&self, owner: UserId, limit: usize) -> Result<Vec<Direct>>;

    /// Moves a read mark forward; `false`: it already was there or beyond.
    async fn mark_read(&self, owner: UserId, channel: ChannelId, seq: Seq) -> Result<bool>;

    /// Read marks of channels, in this order; 0 where there is none.
    async fn read_marks(&self, owner: UserId, channels: &[ChannelId]) -> Result<Vec<Seq>>;

    /// Sets or lifts a block of `other` by `owner`.
    async fn set_block(&self, owner: UserId, other: UserId, on: bool) -> Result<()>;

    /// Whether `owner` blocks `other`.
    async fn blocks(&self, owner: UserId, other: UserId) -> Result<bool>;

    /// Everybody that `owner` blocks.
    async fn blocked(&self, owner: UserId) -> Result<Vec<UserId>>;
}
