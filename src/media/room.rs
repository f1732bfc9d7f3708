//! Rooms: who is in them, what they publish, and who gets what of it.
//!
//! [`Rooms`] is the [`Work`](super::shard::Work) of a shard: commands and packets in, packets and [`RoomOutput`]s out.
//!
//! | module | what it is |
//! |---|---|
//! | `rooms` | all rooms of a shard; one that fails does not take others with it |
//! | `conference` | one room: who is there, what happens, what follows |
//! | `joining`, `asking` | coming, and what participants ask for |
//! | `participant` | somebody in a room, their connection and the way to them |
//! | `offers`, `roster` | what participants are told: descriptions, and who and what there is |
//! | `publishing` | tracks, as answers say |
//! | `subscribing` | lines and subscriptions: who gets which track where |
//! | `packets`, `intake` | media and RTCP that come in; the way of a packet; how much is taken |
//! | `allocation` | what of a track is sent to whom |
//! | `clocks`, `speaking` | what is done by the clock |
//!
//! The way of a packet is short: connection → participant → SSRC → track, and for each subscriber a header, its numbers, encryption and a queue.
//! Everything is found by slot, nothing by name.
//!
//! Trust: a participant is the session that the node vouches for, on the connection with the certificate that it answered. Everything it sends is
//! looked up among its own tracks and subscriptions, so that what names others' concerns nothing.

mod allocation;
mod asking;
mod clocks;
mod conference;
mod context;
mod intake;
mod joining;
mod offers;
mod packets;
mod participant;
mod publishing;
mod rooms;
mod roster;
mod speaking;
mod subscribing;

use std::net::SocketAddr;

use crate::ids::{RoomId, SessionRef};
use crate::store::record::Person;
use crate::store::record::calls::{Ask, Tell};

#[cfg(test)]
mod tests;

pub use rooms::Rooms;

/// What the rest of the node asks of the rooms of a shard.
#[derive(Debug)]
pub enum RoomCommand {
    /// Something from a participant. The first [`Ask::Join`] opens the room.
    Ask {
        /// In which room.
        room: RoomId,
        /// The participant.
        from: SessionRef,
        /// What.
        ask: Ask,
    },
    /// A participant's node or session is gone: as if it had left.
    Gone {
        /// In which room.
        room: RoomId,
        /// The participant.
        from: SessionRef,
    },
    /// The room is not this node's any more. Participants are told [`Tell::Moved`] and forgotten without a good-bye on their connections,
    /// which another node may be taking over.
    Close {
        /// Which.
        room: RoomId,
    },
}

/// What comes out of the rooms of a shard.
#[derive(Debug)]
pub enum RoomOutput {
    /// For a participant.
    Tell {
        /// In which room.
        room: RoomId,
        /// The participant.
        to: SessionRef,
        /// What.
        tell: Tell,
    },
    /// Who is in a room, whenever that changes. Nobody: the room is closed, and its lease can go.
    People {
        /// Which room.
        room: RoomId,
        /// One entry a participant, in the order in which they came.
        people: Vec<Person>,
    },
    /// How much is going on, about once a second.
    Load {
        /// Rooms on this shard.
        rooms: u64,
        /// Participants in all of them.
        participants: u64,
        /// Sent since the last time, in bytes.
        sent: u64,
    },
}

/// What a room allows, and what its participants are told.
#[derive(Clone, Debug)]
pub struct RoomSettings {
    /// Where clients reach this shard, in the order of preference.
    pub addresses: Vec<SocketAddr>,
    /// The most participants in a room.
    pub max_participants: usize,
    /// The most tracks that one participant publishes.
    pub max_tracks: usize,
    /// The most that is chosen of pictures for one participant, in bits a second; a participant may send four times as much.
    pub max_bitrate: u64,
}
