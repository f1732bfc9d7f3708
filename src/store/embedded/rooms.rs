//! Rooms: one row each, with its end. A room whose end has passed is none, swept away or not.

use std::time::Duration;

use async_trait::async_trait;
use redb::ReadableTable;

use super::file::{self, Source};
use super::{EmbeddedStore, log};
use crate::ids::{ChannelId, Micros, RoomId};
use crate::store::Result;
use crate::store::rooms::Rooms;

#[async_trait]
impl Rooms for EmbeddedStore {
    async fn make_room(&self, room: RoomId, idle: Duration) -> Result<bool> {
        self.write(move |work| {
            let was_there = is_there(work.transaction, room, work.now)?;
            work.transaction.open_table(file::ROOMS)?.insert(room.0.as_u128(), work.now.plus(idle).0)?;
            Ok(!was_there)
        })
        .await
    }

    async fn use_room(&self, room: RoomId, idle: Duration) -> Result<bool> {
        let now = self.clock.now();
        // Whoever guesses rooms does not get to write.
        if !self.read(move |source| is_there(source, room, now)).await? {
            return Ok(false);
        }
        self.write(move |work| {
            let is_there = is_there(work.transaction, room, work.now)?;
            if is_there {
                work.transaction.open_table(file::ROOMS)?.insert(room.0.as_u128(), work.now.plus(idle).0)?;
            }
            Ok(is_there)
        })
        .await
    }

    async fn keep_rooms(&self, rooms: &[RoomId], idle: Duration) -> Result<()> {
        let rooms = rooms.to_vec();
        self.write(move |work| {
            let mut table = work.transaction.open_table(file::ROOMS)?;
            for room in rooms {
                table.insert(room.0.as_u128(), work.now.plus(idle).0)?;
            }
            Ok(())
        })
        .await
    }

    async fn sweep_rooms(&self, limit: usize) -> Result<usize> {
        let now = self.clock.now();
        // Usually there is nothing to do, which costs no commit.
        let due = self.read(move |source| due(source, now, limit)).await?;
        if due.is_empty() {
            return Ok(0);
        }
        self.write(move |work| {
            for room in &due {
                // It may have been made anew in between.
                if !is_there(work.transaction, *room, work.now)? {
                    work.transaction.open_table(file::ROOMS)?.remove(room.0.as_u128())?;
                    log::remove(work.transaction, ChannelId(room.0))?;
                }
            }
            Ok(due.len())
        })
        .await
    }
}

fn is_there(source: &impl Source, room: RoomId, now: Micros) -> Result<bool> {
    Ok(source.table(file::ROOMS)?.get(room.0.as_u128())?.is_some_and(|ends| ends.value() > now.0))
}

fn due(source: &impl Source, now: Micros, limit: usize) -> Result<Vec<RoomId>> {
    let mut due = Vec::new();
    for row in source.table(file::ROOMS)?.iter()? {
        let (room, ends) = row?;
        if ends.value() <= now.0 {
            due.push(RoomId(uuid::Uuid::from_u128(room.value())));
            if due.len() == limit {
                break;
            }
        }
    }
    Ok(due)
}
