//! Leases of rooms. They end with the process, and with it all that could hold one.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

use super::EmbeddedStore;
use super::clock::until;
use crate::ids::{Micros, NodeId, RoomEpoch, RoomId};
use crate::store::Result;
use crate::store::leases::{ByHolder, Lease, Leases};

/// A lease that ran out so long ago is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// So many leases are kept without looking for those that can be forgotten.
const FEW: usize = 1_024;

/// Each room's latest lease.
#[derive(Default)]
pub(super) struct Rooms {
    held: HashMap<RoomId, Held>,
    /// The latest epoch of all rooms: none is given twice, also where a lease was forgotten.
    latest: RoomEpoch,
    /// With so many leases, old ones are forgotten.
    tidy_at: usize,
}

#[derive(Clone, Copy)]
struct Held {
    node: NodeId,
    epoch: RoomEpoch,
    expires: Micros,
}

impl Held {
    fn lease(&self, now: Micros) -> Lease {
        Lease { node: self.node, epoch: self.epoch, left: until(self.expires, now) }
    }
}

impl Rooms {
    fn lease(&self, room: RoomId, now: Micros) -> Option<Lease> {
        self.held.get(&room).map(|held| held.lease(now))
    }

    /// The lease, if `node` and `epoch` are its.
    fn held_by(&mut self, room: RoomId, node: NodeId, epoch: RoomEpoch) -> Option<&mut Held> {
        self.held.get_mut(&room).filter(|held| held.node == node && held.epoch == epoch)
    }

    fn grant(&mut self, room: RoomId, node: NodeId, known: RoomEpoch, now: Micros, ttl: Duration) -> Lease {
        if self.held.len() >= self.tidy_at.max(FEW) {
            self.held.retain(|_, held| held.expires.plus(FORGOTTEN) > now);
            self.tidy_at = 2 * self.held.len();
        }
        self.latest = RoomEpoch((self.latest.max(known).0 + 1).max(now.millis()));
        let held = Held { node, epoch: self.latest, expires: now.plus(ttl) };
        self.held.insert(room, held);
        held.lease(now)
    }
}

#[async_trait]
impl Leases for EmbeddedStore {
    async fn room_leases(&self, rooms: &[RoomId]) -> Result<Vec<Option<Lease>>> {
        let state = self.memory.lock();
        let now = self.clock.now();
        Ok(rooms.iter().map(|room| state.rooms.lease(*room, now)).collect())
    }

    async fn claim_room(&self, room: RoomId, candidates: &[NodeId], known: RoomEpoch, ttl: Duration) -> Result<Option<Lease>> {
        let rooms = &mut self.memory.lock().rooms;
        let now = self.clock.now();
        let present = rooms.lease(room, now);
        let chosen = match (present, candidates) {
            (Some(lease), _) if !lease.left.is_zero() && lease.epoch >= known => return Ok(Some(lease)),
            (_, []) => return Ok(None),
            (Some(lease), [first, second, ..]) if *first == lease.node => *second,
            (_, [first, ..]) => *first,
        };
        Ok(Some(rooms.grant(room, chosen, known, now, ttl)))
    }

    async fn renew_rooms(&self, node: NodeId, held: &[(RoomId, RoomEpoch)], ttl: Duration) -> Result<Vec<ByHolder>> {
        let rooms = &mut self.memory.lock().rooms;
        let now = self.clock.now();
        let renewed = held.iter().map(|(room, epoch)| match rooms.held_by(*room, node, *epoch) {
            Some(held) => {
                held.expires = now.plus(ttl);
                ByHolder::Done(held.lease(now))
            }
            None => ByHolder::Refused(rooms.lease(*room, now)),
        });
        Ok(renewed.collect())
    }

    async fn hand_over_room(&self, room: RoomId, from: NodeId, epoch: RoomEpoch, to: NodeId, ttl: Duration) -> Result<ByHolder> {
        let rooms = &mut self.memory.lock().rooms;
        let now = self.clock.now();
        if rooms.held_by(room, from, epoch).is_none() {
            return Ok(ByHolder::Refused(rooms.lease(room, now)));
        }
        Ok(ByHolder::Done(rooms.grant(room, to, epoch, now, ttl)))
    }

    async fn release_room(&self, room: RoomId, node: NodeId, epoch: RoomEpoch) -> Result<bool> {
        let rooms = &mut self.memory.lock().rooms;
        let is_held = rooms.held_by(room, node, epoch).is_some();
        if is_held {
            rooms.held.remove(&room);
        }
        Ok(is_held)
    }

    async fn rooms_of(&self, node: NodeId) -> Result<Vec<(RoomId, Lease)>> {
        let state = self.memory.lock();
        let now = self.clock.now();
        let held = state.rooms.held.iter().filter(|(_, held)| held.node == node);
        Ok(held.map(|(room, held)| (*room, held.lease(now))).collect())
    }
}
