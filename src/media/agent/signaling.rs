//! The lane of rooms that are served by signaling only. What is to be done there is done at once, in the agent's own task.

use std::time::Instant;

use tokio::sync::mpsc;

use super::stamps::Stamps;
use super::state::{Output, Stamped};
use crate::ids::RoomId;
use crate::media::signaling::SignalingRooms;

/// See the module.
pub(super) struct SignalingLane {
    rooms: SignalingRooms,
    stamps: Stamps,
}

impl SignalingLane {
    /// Without rooms.
    pub(super) fn new(number: usize, max_tracks: usize, outputs: mpsc::UnboundedSender<(usize, Output)>) -> Self {
        let (sender, inner) = mpsc::unbounded_channel();
        Self { rooms: SignalingRooms::new(max_tracks, sender), stamps: Stamps::new(number, inner, outputs) }
    }

    /// Has something done.
    pub(super) fn command(&mut self, now: Instant, command: Stamped) {
        self.stamps.command(command, |command| self.rooms.command(now, command));
    }

    /// Time passes.
    pub(super) fn pass(&mut self, now: Instant) {
        self.rooms.pass(now);
        self.stamps.hand_on();
    }

    /// Whether a room is to stay here where there are media nodes.
    pub(super) fn is_chosen(&self, room: RoomId) -> bool {
        self.rooms.is_chosen(room)
    }

    /// A room moves to a media node although it was to stay here: all are told before it does.
    pub(super) fn outgrow(&mut self, room: RoomId) {
        self.rooms.outgrow(room);
        self.stamps.hand_on();
    }

    /// How many rooms there are, and how many participants in them.
    pub(super) fn load(&self) -> (u64, u64) {
        (self.rooms.count() as u64, self.rooms.participants() as u64)
    }
}
