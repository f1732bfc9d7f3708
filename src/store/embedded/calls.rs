//! Summaries of calls. They end with the process, as the calls do.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::EmbeddedStore;
use crate::ids::{Micros, RoomId};
use crate::store::Result;
use crate::store::calls::CallSummaries;

/// Each room's summary, and when it expires.
pub(super) type Summaries = HashMap<RoomId, (Bytes, Micros)>;

#[async_trait]
impl CallSummaries for EmbeddedStore {
    async fn tell_call(&self, room: RoomId, summary: &Bytes, ttl: Duration) -> Result<()> {
        let expires = self.clock.now().plus(ttl);
        self.memory.lock().calls.insert(room, (summary.clone(), expires));
        Ok(())
    }

    async fn end_call(&self, room: RoomId) -> Result<()> {
        self.memory.lock().calls.remove(&room);
        Ok(())
    }

    async fn calls(&self, rooms: &[RoomId]) -> Result<Vec<Option<Bytes>>> {
        let now = self.clock.now();
        let summaries = &mut self.memory.lock().calls;
        summaries.retain(|_, (_, expires)| *expires > now);
        Ok(rooms.iter().map(|room| summaries.get(room).map(|(summary, _)| summary.clone())).collect())
    }
}
