//! Summaries of calls, each a string in its room's slot.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{RedisStore, keys, millis, wire};
use crate::ids::RoomId;
use crate::store::Result;
use crate::store::calls::CallSummaries;

/// How many rooms go into one pipeline.
const CHUNK: usize = 500;

#[async_trait]
impl CallSummaries for RedisStore {
    async fn tell_call(&self, room: RoomId, summary: &Bytes, ttl: Duration) -> Result<()> {
        let mut set = redis::cmd("SET");
        set.arg(keys::call(room)).arg(&summary[..]).arg("PX").arg(millis(ttl));
        self.shared.query(set).await
    }

    async fn end_call(&self, room: RoomId) -> Result<()> {
        let mut delete = redis::cmd("DEL");
        delete.arg(keys::call(room));
        self.shared.query(delete).await
    }

    async fn calls(&self, rooms: &[RoomId]) -> Result<Vec<Option<Bytes>>> {
        let mut summaries = Vec::with_capacity(rooms.len());
        for chunk in rooms.chunks(CHUNK) {
            let gets = chunk.iter().map(|room| {
                let mut get = redis::cmd("GET");
                get.arg(keys::call(*room));
                get
            });
            for answer in self.shared.run_all(gets.collect()).await? {
                summaries.push(wire::read::<Option<Vec<u8>>>(answer)?.map(Bytes::from));
            }
        }
        Ok(summaries)
    }
}
