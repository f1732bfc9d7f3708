//! Who is in which call, for those who only look: kept by the room's media node, and gone soon after that node.
//!
//! It is told to everybody as news as well ([`super::Topics`]); this is for who comes later, or has missed them.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::Result;
use crate::ids::RoomId;

/// One summary a room.
#[async_trait]
pub trait CallSummaries: Send + Sync {
    /// Keeps this as the room's summary, an encoded [`super::record::NewsRecord::Call`], for `ttl`.
    async fn tell_call(&self, room: RoomId, summary: &Bytes, ttl: Duration) -> Result<()>;

    /// Forgets the room's summary: nobody is in the call any more.
    async fn end_call(&self, room: RoomId) -> Result<()>;

    /// The summaries of these rooms, in this order; `None`: there is no call.
    async fn calls(&self, rooms: &[RoomId]) -> Result<Vec<Option<Bytes>>>;
}
