//! Which media node serves a room: leases, held by one node at a time and known by their epoch.
//!
//! * A lease lasts a short time by the store's clock and is renewed by its holder. When it has run out, whoever wants the room
//!   served gives it to another node. Until somebody does, the holder can still renew it: a store that was away for a while need
//!   not end all calls.
//! * Each holder in succession has a later [`RoomEpoch`]. Epochs are compared for equality wherever the holder acts, so that one
//!   that slept through its replacement is refused; they grow also where the store lost its data, because they start at its clock
//!   in milliseconds, and above what the claimant has seen.
//! * A node's leases are listed from its own index, which is written before each lease.

use std::time::Duration;

use async_trait::async_trait;

use super::Result;
use crate::ids::{NodeId, RoomEpoch, RoomId};

/// A media node's hold on a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who serves the room.
    pub node: NodeId,
    /// Which of the room's holders in succession it is.
    pub epoch: RoomEpoch,
    /// Until it runs out, by the store's clock when it answered. Zero: it has run out, but nobody has taken over.
    pub left: Duration,
}

/// What became of something that only a room's present holder may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHolder {
    /// Done; this is the lease from now on.
    Done(Lease),
    /// It is not the holder, or its epoch has passed. Nothing was changed; this is the present lease, if there is any.
    Refused(Option<Lease>),
}

/// Leases of rooms.
#[async_trait]
pub trait Leases: Send + Sync {
    /// The leases of these rooms, in this order; `None`: nobody has ever held the room, or it was released.
    async fn room_leases(&self, rooms: &[RoomId]) -> Result<Vec<Option<Lease>>>;

    /// Keeps the room's holder while its lease has not run out. Else gives the room to the first of `candidates`, with a later
    /// epoch; to the second, if there is one and the first is the very node that let the lease run out. `None`: it is free and
    /// there are no candidates.
    ///
    /// `known` is the latest epoch that the claimant has seen. A lease of an earlier one comes from data that went back, and
    /// counts as run out.
    async fn claim_room(&self, room: RoomId, candidates: &[NodeId], known: RoomEpoch, ttl: Duration) -> Result<Option<Lease>>;

    /// Lets these leases of `node` last for another `ttl`, each if it is the room's latest. Answers in this order.
    async fn renew_rooms(&self, node: NodeId, held: &[(RoomId, RoomEpoch)], ttl: Duration) -> Result<Vec<ByHolder>>;

    /// Gives the room from its holder to another node, with a later epoch.
    async fn hand_over_room(&self, room: RoomId, from: NodeId, epoch: RoomEpoch, to: NodeId, ttl: Duration) -> Result<ByHolder>;

    /// Gives the room up: nobody serves it. `false`: the lease was not this one, and nothing was changed.
    async fn release_room(&self, room: RoomId, node: NodeId, epoch: RoomEpoch) -> Result<bool>;

    /// The rooms whose latest lease this node has, also those whose lease has run out, in no promised order.
    async fn rooms_of(&self, node: NodeId) -> Result<Vec<(RoomId, Lease)>>;
}
