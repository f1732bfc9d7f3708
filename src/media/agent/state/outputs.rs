//! What comes out of rooms.

use std::time::Instant;

use super::leases::joiners;
use super::{EMPTY, Output, State, Step, Tenure, Waiting};
use crate::media::room::{RoomCommand, RoomOutput};
use crate::store::record::calls::{Ending, Tell};

impl State {
    /// Something came out of a room. What a shard says of its load is not for here.
    pub(in crate::media::agent) fn output(&mut self, now: Instant, output: Output) {
        let (Output { epoch, number, .. }, room) = match &output.output {
            RoomOutput::Tell { room, .. } | RoomOutput::People { room, .. } => (&output, *room),
            RoomOutput::Load { .. } => return,
        };
        let (of, number) = (Tenure { room, epoch: *epoch }, *number);
        match self.held(of) {
            Some(held) if now >= held.until => return self.wait(of, Waiting::Output(output)),
            Some(_) => {}
            None => return self.of_another(of, output.output),
        }
        match output.output {
            RoomOutput::Tell { to, tell, .. } => {
                if let (Tell::Ended { .. }, Some(held)) = (&tell, self.held(of)) {
                    // Unless it has joined again since.
                    held.joined.retain(|session, (_, joined)| *session != to.session || *joined > number);
                }
                match tell {
                    Tell::Ended { why: Ending::TooManyPeers } => self.steps.push(Step::TooManyPeers(of, to)),
                    tell => self.tell(of, to, tell),
                }
            }
            RoomOutput::People { people, .. } => {
                let Some(held) = self.held(of) else { return };
                held.present = people.len();
                // Somebody may be about to come in.
                let is_over = people.is_empty() && held.last.0 <= number;
                self.steps.push(Step::People(room, people));
                if is_over {
                    self.release(of);
                }
            }
            RoomOutput::Load { .. } => {}
        }
    }

    /// Gives up rooms that nobody is in.
    pub(in crate::media::agent) fn tidy(&mut self, now: Instant) {
        // Those for whom calls of peers are not would have it opened again at once: it is kept until they have left or it goes elsewhere.
        let is_refused = |held: &super::Held| self.is_signaling(held.shard) && !held.joined.is_empty();
        let is_old = |held: &super::Held| now.saturating_duration_since(held.last.1) > EMPTY;
        let empty = |held: &super::Held| held.present == 0 && held.waiting.is_empty() && is_old(held) && !is_refused(held);
        let empty: Vec<Tenure> =
            self.held.iter().filter(|(_, held)| empty(held)).map(|(room, held)| Tenure { room: *room, epoch: held.epoch }).collect();
        for of in empty {
            self.release(of);
        }
    }

    /// Out of a room that is not held, or in another epoch: its participants only hear that.
    fn of_another(&mut self, of: Tenure, output: RoomOutput) {
        match output {
            RoomOutput::Tell { to, tell: Tell::Moved, .. } => self.tell(of, to, Tell::Moved),
            RoomOutput::People { people, .. } if people.is_empty() => {
                self.leaving.retain(|room, (epoch, _)| *room != of.room || *epoch != of.epoch);
            }
            _ => {}
        }
    }

    fn release(&mut self, of: Tenure) {
        let Some(held) = self.held.remove(&of.room) else { return };
        self.command(held.shard, of.epoch, RoomCommand::Close { room: of.room });
        self.end(of, joiners(held.waiting));
        self.steps.push(Step::Release(of));
    }
}
