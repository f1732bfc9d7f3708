//! Which media node a room should go to: rendezvous hashing (highest random weight, Thaler and Ravishankar 1998) with bounded load
//! (after Mirrokni, Thorup and Zadimoghaddam 2018). All nodes that see the same choose the same, without asking each other; who sees
//! a moment's difference is put right by the lease ([`crate::store::Leases`]), which keeps the first choice that arrives.
//!
//! * A room has a weight on each node, the first 64 bits of SHA-256 over the node's and the room's 16 bytes, and goes to where it
//!   is highest. So when a node leaves, only its own rooms move, and they spread evenly; a node that joins takes its share of each.
//!   SHA-256 because every version on every machine must compute the same for ever: it is specified outside of any library (FIPS
//!   180-4), needs no key to agree on, and is in this binary anyway. Some hundred nanoseconds a node do not matter once a call.
//! * A node is passed over if it has more than [`HEADROOM`] times the mean of all nodes, of rooms, of participants or of what it
//!   sends. Rooms differ a thousandfold in what they cost, which hashing alone cannot know.
//! * A node that is draining takes no rooms, and its load does not count.

use std::cmp::Reverse;

use sha2::{Digest, Sha256};

use crate::ids::{NodeId, RoomId};
use crate::store::nodes::MediaLoad;

/// How much more than the mean a node may have: a quarter more. Less would send rooms past their first choice all the time, more
/// would make the busiest node busier.
pub const HEADROOM: f64 = 1.25;

/// A living node that serves rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaNode {
    /// Which.
    pub id: NodeId,
    /// How busy it is.
    pub load: MediaLoad,
    /// It takes no new rooms.
    pub draining: bool,
}

/// The nodes that may take this room, best first: those with room for it, by weight; then those that have too much already.
/// The order of `nodes` is irrelevant. Empty if all are draining, or there are none.
#[must_use]
pub fn choices(room: RoomId, nodes: &[MediaNode]) -> Vec<NodeId> {
    let takers: Vec<&MediaNode> = nodes.iter().filter(|node| !node.draining).collect();
    let bounds = Bounds::of(&takers);
    let mut ranked: Vec<_> =
        takers.into_iter().map(|node| (bounds.pass_over(&node.load), Reverse(weight(room, node.id)), node.id)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, _, id)| id).collect()
}

/// What a node may have at most and still take a room. One more room is counted in: it is about to come. At least one node is
/// within the bound of rooms, since not all can have more than the mean.
struct Bounds {
    rooms: f64,
    participants: f64,
    egress: f64,
}

impl Bounds {
    #[allow(clippy::cast_precision_loss, reason = "loads are far below 2^52")]
    fn of(nodes: &[&MediaNode]) -> Self {
        let bound = |one_more: u64, load: fn(&MediaLoad) -> u64| {
            let total: u64 = nodes.iter().map(|node| load(&node.load)).fold(one_more, u64::saturating_add);
            HEADROOM * total as f64 / nodes.len() as f64
        };
        // Rounded up, for a node without rooms is never over it.
        Self {
            rooms: bound(1, |load| load.rooms).ceil(),
            participants: bound(0, |load| load.participants),
            egress: bound(0, |load| load.egress),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "loads are far below 2^52")]
    fn pass_over(&self, load: &MediaLoad) -> bool {
        load.rooms as f64 + 1.0 > self.rooms || load.participants as f64 > self.participants || load.egress as f64 > self.egress
    }
}

/// The weight of a room on a node.
fn weight(room: RoomId, node: NodeId) -> u64 {
    let digest = Sha256::new().chain_update(node.0.as_bytes()).chain_update(room.0.as_bytes()).finalize();
    digest.iter().take(8).fold(0, |weight, byte| weight << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
