//! Rooms. Each has a key that ends by itself; one index lists all, so that what ended rooms left in other slots is found.
//!
//! A room is listed before it is made. The index may say too early an end, never too late a one for good: the sweep asks each
//! room's own key.

use std::time::Duration;

use async_trait::async_trait;
use redis::Cmd;

use super::{RedisStore, Shared, keys, millis, script, wire};
use crate::ids::{ChannelId, RoomId};
use crate::store::Result;
use crate::store::rooms::Rooms;

/// How many rooms go into one pipeline.
const CHUNK: usize = 500;

impl Shared {
    /// Lists rooms as ending after `idle`.
    async fn list_rooms(&self, rooms: &[RoomId], idle: Duration) -> Result<()> {
        let mut call = script::LIST_ROOMS.on(&[keys::ROOMS]);
        call.arg(millis(idle));
        for room in rooms {
            call.arg(room.to_string());
        }
        self.run(call).await
    }

    /// Removes what a room that has ended left. It is struck off the list last.
    async fn remove_room(&self, room: RoomId) -> Result<()> {
        let mut delete = redis::cmd("DEL");
        delete.arg(&keys::channel(ChannelId(room.0)));
        self.query::<()>(delete).await?;
        let mut strike = redis::cmd("ZREM");
        strike.arg(keys::ROOMS).arg(room.to_string());
        self.query(strike).await
    }
}

#[async_trait]
impl Rooms for RedisStore {
    async fn make_room(&self, room: RoomId, idle: Duration) -> Result<bool> {
        self.shared.list_rooms(&[room], idle).await?;
        self.shared.run(keep(room, idle)).await
    }

    async fn use_room(&self, room: RoomId, idle: Duration) -> Result<bool> {
        let mut stay = redis::cmd("PEXPIRE");
        stay.arg(keys::room(room)).arg(millis(idle));
        self.shared.query(stay).await
    }

    async fn keep_rooms(&self, rooms: &[RoomId], idle: Duration) -> Result<()> {
        for chunk in rooms.chunks(CHUNK) {
            self.shared.list_rooms(chunk, idle).await?;
            self.shared.run_all(chunk.iter().map(|room| keep(*room, idle)).collect()).await?;
        }
        Ok(())
    }

    async fn sweep_rooms(&self, limit: usize) -> Result<usize> {
        let mut call = script::DUE_ROOMS.on(&[keys::ROOMS]);
        call.arg(limit);
        let due: Vec<String> = self.shared.run(call).await?;
        let due: Vec<RoomId> = due.iter().map(|room| wire::parse(room)).collect::<Result<_>>()?;
        let lives = due.iter().map(|room| {
            let mut life = redis::cmd("PTTL");
            life.arg(keys::room(*room));
            life
        });
        for (room, life) in due.iter().zip(self.shared.run_all(lives.collect()).await?) {
            match u64::try_from(wire::read::<i64>(life)?) {
                Ok(left) => self.shared.list_rooms(&[*room], Duration::from_millis(left)).await?,
                Err(_) => self.shared.remove_room(*room).await?,
            }
        }
        Ok(due.len())
    }
}

fn keep(room: RoomId, idle: Duration) -> Cmd {
    let mut call = script::KEEP_ROOM.on(&[keys::room(room)]);
    call.arg(millis(idle)).arg(crate::store::record::VERSION);
    call
}
