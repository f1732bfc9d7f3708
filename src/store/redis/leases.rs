//! Leases of rooms. Each room's lease is in a slot of its own; each node's index is in another.

use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, Value};

use super::script::Script;
use super::{RedisStore, keys, millis, script, wire};
use crate::ids::{NodeId, RoomEpoch, RoomId};
use crate::store::Result;
use crate::store::leases::{ByHolder, Lease, Leases};

/// How many rooms go into one pipeline.
const CHUNK: usize = 500;
/// A node that has not renewed a lease for so long is not its holder: the room leaves its index.
const UNRENEWED: Duration = Duration::from_secs(60);

#[async_trait]
impl Leases for RedisStore {
    async fn room_leases(&self, rooms: &[RoomId]) -> Result<Vec<Option<Lease>>> {
        let mut leases = Vec::with_capacity(rooms.len());
        for chunk in rooms.chunks(CHUNK) {
            let calls = chunk.iter().map(|room| script::ROOM_LEASE.on(&[keys::lease(*room)])).collect();
            for answer in self.shared.run_all(calls).await? {
                leases.push(lease(answer)?);
            }
        }
        Ok(leases)
    }

    async fn claim_room(&self, room: RoomId, candidates: &[NodeId], known: RoomEpoch, ttl: Duration) -> Result<Option<Lease>> {
        let candidates = &candidates[..candidates.len().min(2)];
        for candidate in candidates {
            self.shared.run::<()>(note_rooms(*candidate, std::iter::once(room))).await?;
        }
        let mut call = script::CLAIM_ROOM.on(&[keys::lease(room)]);
        call.arg(known.0).arg(millis(ttl));
        for candidate in candidates {
            call.arg(candidate.to_string());
        }
        lease(self.shared.run(call).await?)
    }

    async fn renew_rooms(&self, node: NodeId, held: &[(RoomId, RoomEpoch)], ttl: Duration) -> Result<Vec<ByHolder>> {
        let mut answers = Vec::with_capacity(held.len());
        for chunk in held.chunks(CHUNK) {
            self.shared.vital_one::<()>(note_rooms(node, chunk.iter().map(|(room, _)| *room))).await?;
            let calls = chunk.iter().map(|(room, epoch)| {
                let mut call = by_holder(&script::RENEW_ROOM, *room, node, *epoch);
                call.arg(millis(ttl));
                call
            });
            for answer in self.shared.vital(calls.collect()).await? {
                answers.push(outcome(answer)?);
            }
        }
        Ok(answers)
    }

    async fn hand_over_room(&self, room: RoomId, from: NodeId, epoch: RoomEpoch, to: NodeId, ttl: Duration) -> Result<ByHolder> {
        self.shared.run::<()>(note_rooms(to, std::iter::once(room))).await?;
        let mut call = by_holder(&script::HAND_OVER_ROOM, room, from, epoch);
        call.arg(millis(ttl)).arg(to.to_string());
        outcome(self.shared.run(call).await?)
    }

    async fn release_room(&self, room: RoomId, node: NodeId, epoch: RoomEpoch) -> Result<bool> {
        self.shared.run(by_holder(&script::RELEASE_ROOM, room, node, epoch)).await
    }

    async fn rooms_of(&self, node: NodeId) -> Result<Vec<(RoomId, Lease)>> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(keys::rooms(node)).arg(0).arg(-1);
        let noted: Vec<String> = self.shared.query(range).await?;
        let noted: Vec<RoomId> = noted.iter().map(|room| wire::parse(room)).collect::<Result<_>>()?;
        let leases = self.room_leases(&noted).await?;
        let held = noted.into_iter().zip(leases).filter_map(|(room, lease)| Some((room, lease?)));
        Ok(held.filter(|(_, lease)| lease.node == node).collect())
    }
}

/// Writes rooms into a node's index, before anything is held, so that nothing is held that is not listed.
fn note_rooms(node: NodeId, rooms: impl Iterator<Item = RoomId>) -> Cmd {
    let mut call = script::NOTE_ROOMS.on(&[keys::rooms(node)]);
    call.arg(millis(UNRENEWED));
    for room in rooms {
        call.arg(room.to_string());
    }
    call
}

/// A call of a script that only the holder may make.
fn by_holder(script: &Script, room: RoomId, node: NodeId, epoch: RoomEpoch) -> Cmd {
    let mut call = script.on(&[keys::lease(room)]);
    call.arg(node.to_string()).arg(epoch.0);
    call
}

/// Reads what `answer` in `lua/room_prelude.lua` makes.
fn lease(answer: Value) -> Result<Option<Lease>> {
    if matches!(&answer, Value::Array(parts) if parts.is_empty()) {
        return Ok(None);
    }
    let (node, epoch, left): (String, u64, u64) = wire::read(answer)?;
    Ok(Some(Lease { node: wire::parse(&node)?, epoch: RoomEpoch(epoch), left: Duration::from_millis(left) }))
}

fn outcome(answer: Value) -> Result<ByHolder> {
    let (done, present): (bool, Value) = wire::read(answer)?;
    match (done, lease(present)?) {
        (true, Some(lease)) => Ok(ByHolder::Done(lease)),
        (true, None) => Err(wire::strange()),
        (false, present) => Ok(ByHolder::Refused(present)),
    }
}
