//! In which epoch each room of a lane is, so that whatever comes out of one carries the epoch in which it was said, and not the one of a
//! moment later.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::state::{Output, Stamped};
use crate::ids::{RoomEpoch, RoomId};
use crate::media::room::{RoomCommand, RoomOutput};

/// Stands between a lane and its rooms.
pub(super) struct Stamps {
    /// The lane.
    number: usize,
    /// What comes out of the rooms.
    inner: mpsc::UnboundedReceiver<RoomOutput>,
    /// The epoch of each room that is open, and the last command it has done.
    epochs: HashMap<RoomId, (RoomEpoch, u64)>,
    outputs: mpsc::UnboundedSender<(usize, Output)>,
}

impl Stamps {
    /// No room is open; what the rooms put out comes by `inner`.
    pub(super) fn new(number: usize, inner: mpsc::UnboundedReceiver<RoomOutput>, outputs: mpsc::UnboundedSender<(usize, Output)>) -> Self {
        Self { number, inner, epochs: HashMap::new(), outputs }
    }

    /// Has the rooms do a command, unless it is of an epoch that has passed.
    pub(super) fn command(&mut self, Stamped { epoch, number, command }: Stamped, mut done: impl FnMut(RoomCommand)) {
        let (room, closes) = match &command {
            RoomCommand::Ask { room, .. } | RoomCommand::Gone { room, .. } => (*room, false),
            RoomCommand::Close { room } => (*room, true),
        };
        match self.epochs.get_mut(&room) {
            Some((present, last)) if *present == epoch => *last = number,
            // Of a room that was closed since.
            Some((present, _)) if *present > epoch => return,
            before => {
                if before.is_some() {
                    done(RoomCommand::Close { room });
                    self.hand_on();
                }
                if closes {
                    self.epochs.remove(&room);
                    return;
                }
                self.epochs.insert(room, (epoch, number));
            }
        }
        done(command);
        self.hand_on();
        if closes {
            self.epochs.remove(&room);
        }
    }

    /// Hands on what came out of the rooms.
    pub(super) fn hand_on(&mut self) {
        while let Ok(output) = self.inner.try_recv() {
            let (epoch, number) = match &output {
                RoomOutput::Tell { room, .. } => self.epochs.get(room).copied(),
                RoomOutput::People { room, people } if people.is_empty() => self.epochs.remove(room),
                RoomOutput::People { room, .. } => self.epochs.get(room).copied(),
                RoomOutput::Load { .. } => None,
            }
            .unwrap_or_default();
            // Nobody listens any more when the node is about to end.
            let _ = self.outputs.send((self.number, Output { epoch, number, output }));
        }
    }
}
