//! Rooms that somebody made and that go when nobody uses them.
//!
//! * A room is known by its identifier alone. What is said in it is the log of the channel with the same UUID.
//! * It stays for a while, by the store's clock, after it was last used. While people are in it, their node keeps it.
//! * One that is gone stays gone: whoever wants a room makes another. Its log is swept away by whichever node comes to it.

use std::time::Duration;

use async_trait::async_trait;

use super::Result;
use crate::ids::RoomId;

/// Rooms and how long they stay.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Makes a room that stays for `idle`. `false`: there is one already, and it stays for as long.
    async fn make_room(&self, room: RoomId, idle: Duration) -> Result<bool>;

    /// Uses a room: it stays for another `idle`. `false`: there is none.
    async fn use_room(&self, room: RoomId, idle: Duration) -> Result<bool>;

    /// Lets rooms that people are in stay for another `idle`. One that is not there (the store lost it) is written anew.
    async fn keep_rooms(&self, rooms: &[RoomId], idle: Duration) -> Result<()>;

    /// Removes the logs of rooms that are gone, of `limit` rooms at most. Answers of how many: as many as `limit` means that
    /// there may be more.
    async fn sweep_rooms(&self, limit: usize) -> Result<usize>;
}
