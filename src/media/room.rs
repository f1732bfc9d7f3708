//! Rooms: who is in them, what they publish, and who gets what of it.

use std::net::SocketAddr;

use crate::ids::{RoomId, SessionRef};
use crate::store::record::Person;
use crate::store::record::calls::{Ask, Tell};

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
    /// The most that is sent to one participant, in bits a second.
    pub max_bitrate: u64,
}
