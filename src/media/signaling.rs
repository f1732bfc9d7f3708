//! Rooms whose participants send their media to each other (mode [`Mode::P2p`]): this node only brings them together. It keeps who is there, tells
//! everybody of changes, and carries descriptions and candidates from one participant to another without reading them.
//!
//! Takes the same commands as [`Rooms`](super::room::Rooms) and gives the same outputs, so that everything around a room, its lease, its way to
//! another node and what participants keep of it, is the same for both. It needs neither a thread nor a port: no packet comes here.
//!
//! [`Mode::P2p`]: crate::store::record::calls::Mode::P2p

mod place;
mod room;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;

use self::room::Room;
use super::room::{RoomCommand, RoomOutput};
use crate::ids::{RoomId, SessionRef};
use crate::store::record::calls::{Ask, Ending, Refusal, Tell};

/// The most participants of a peer-to-peer call: each sends everything once to each of the others.
pub const MESH_CALL_LIMIT: usize = 4;

/// All such rooms of a node.
pub struct SignalingRooms {
    rooms: HashMap<RoomId, Room>,
    max_tracks: usize,
    outputs: UnboundedSender<RoomOutput>,
}

impl SignalingRooms {
    /// None yet. What comes out of them goes to `outputs`, in its order. A participant publishes `max_tracks` tracks at most.
    #[must_use]
    pub fn new(max_tracks: usize, outputs: UnboundedSender<RoomOutput>) -> Self {
        Self { rooms: HashMap::new(), max_tracks, outputs }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rooms.len()
    }

    /// How many participants are in them.
    #[must_use]
    pub fn participants(&self) -> usize {
        self.rooms.values().map(Room::present).sum()
    }

    /// Whether a room is to stay here where there are media nodes.
    #[must_use]
    pub fn is_chosen(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(Room::is_chosen)
    }

    /// A room has outgrown what was wanted and moves to a media node: all are told.
    pub fn outgrow(&mut self, room: RoomId) {
        self.within(room, |room, _| room.outgrow());
    }

    /// Does what is asked.
    pub fn command(&mut self, now: Instant, command: RoomCommand) {
        match command {
            RoomCommand::Ask { room, from, ask } => self.ask(now, room, from, ask),
            RoomCommand::Gone { room, from } => self.within(room, |room, _| room.gone(now, from)),
            RoomCommand::Close { room } => {
                for to in self.rooms.remove(&room).iter().flat_map(Room::all) {
                    self.tell(room, to, Tell::Moved);
                }
            }
        }
    }

    /// Time passes. To be called now and then.
    pub fn pass(&mut self, now: Instant) {
        let due: Vec<RoomId> = self.rooms.iter().filter(|(_, room)| room.is_due(now)).map(|(room, _)| *room).collect();
        due.into_iter().for_each(|room| self.within(room, |room, _| room.pass(now)));
    }

    fn ask(&mut self, now: Instant, room: RoomId, from: SessionRef, ask: Ask) {
        match &ask {
            Ask::Join(join) if !join.peer_to_peer => {
                self.within(room, |room, _| room.gone(now, from));
                return self.tell(room, from, Tell::Refused { why: Refusal::OnlyPeerToPeer });
            }
            Ask::Join(join) => {
                let max_tracks = self.max_tracks;
                self.rooms.entry(room).or_insert_with(|| Room::new(now, max_tracks, join));
            }
            Ask::Leave => {}
            _ if !self.rooms.contains_key(&room) => return self.tell(room, from, Tell::Ended { why: Ending::Unknown }),
            _ => {}
        }
        self.within(room, |room, tell| room.ask(now, from, ask, tell));
    }

    /// Lets a room do something, and tells what follows. What goes wrong in it ends the room, and nothing else.
    fn within(&mut self, id: RoomId, act: impl FnOnce(&mut Room, &mut dyn FnMut(SessionRef, Tell))) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let outputs = &self.outputs;
        let mut tell = |to: SessionRef, tell: Tell| output(outputs, RoomOutput::Tell { room: id, to, tell });
        let done = catch_unwind(AssertUnwindSafe(|| {
            act(room, &mut tell);
            room.settle(&mut tell)
        }));
        match done {
            Ok(_) if room.is_empty() => {}
            Ok(Some(people)) => return output(outputs, RoomOutput::People { room: id, people }),
            Ok(None) => return,
            Err(_) => {
                tracing::error!(room = %id, "a peer-to-peer call failed and was closed");
                room.all().for_each(|to| tell(to, Tell::Ended { why: Ending::Connection }));
            }
        }
        self.rooms.remove(&id);
        output(&self.outputs, RoomOutput::People { room: id, people: Vec::new() });
    }

    fn tell(&self, room: RoomId, to: SessionRef, tell: Tell) {
        output(&self.outputs, RoomOutput::Tell { room, to, tell });
    }
}

fn output(outputs: &UnboundedSender<RoomOutput>, output: RoomOutput) {
    // Nobody listens any more when the node is about to end.
    let _ = outputs.send(output);
}

#[cfg(test)]
mod tests;
