//! What participants ask, and who of them is gone.

use std::time::Instant;

use super::{MAX_WAITING, State, Step, Tenure, Waiting};
use crate::ids::{NodeId, SessionId, SessionRef};
use crate::media::room::RoomCommand;
use crate::store::record::calls::{Ask, Refusal, Tell};

impl State {
    /// A participant asks for something.
    pub(in crate::media::agent) fn ask(&mut self, now: Instant, of: Tenure, from: SessionRef, ask: Ask) {
        if let Some(held) = self.held(of) {
            if now >= held.until {
                return self.wait(of, Waiting::Ask(from, ask));
            }
            let (shard, joins, leaves) = (held.shard, matches!(ask, Ask::Join(_)), matches!(ask, Ask::Leave));
            let number = self.command(shard, of.epoch, RoomCommand::Ask { room: of.room, from, ask });
            if let Some(held) = self.held(of) {
                if joins {
                    held.joined.insert(from.session, (from.node, number));
                    held.last = (number, now);
                } else if leaves {
                    held.joined.remove(&from.session);
                }
            }
            return;
        }
        if let (Ask::Leave, Some((epoch, shard))) = (&ask, self.leaving.get(&of.room))
            && *epoch == of.epoch
        {
            self.command(*shard, of.epoch, RoomCommand::Ask { room: of.room, from, ask });
            return;
        }
        if let Some(waiting) = self.opening.get_mut(&of) {
            match waiting.len() < MAX_WAITING {
                true => waiting.push((from, ask)),
                false => self.tell(of, from, Tell::Refused { why: Refusal::Busy }),
            }
        } else if matches!(ask, Ask::Leave) {
            // It is not in the room, as it wants.
        } else if let Some(waiting) = self.ending.get_mut(&of) {
            waiting.push(from);
        } else if matches!(ask, Ask::Join(_)) {
            self.opening.insert(of, vec![(from, ask)]);
            self.steps.push(Step::Verify(of));
        } else {
            self.tell(of, from, Tell::Moved);
        }
    }

    /// A participant is not where it was.
    pub(in crate::media::agent) fn gone(&mut self, of: Tenure, session: SessionId) {
        let Some(held) = self.held(of) else { return };
        let Some((node, _)) = held.joined.remove(&session) else { return };
        let shard = held.shard;
        self.command(shard, of.epoch, RoomCommand::Gone { room: of.room, from: SessionRef { node, session } });
    }

    /// All participants of a node are gone with it.
    pub(in crate::media::agent) fn node_gone(&mut self, node: NodeId) {
        let mut gone = Vec::new();
        for (room, held) in &self.held {
            let of = Tenure { room: *room, epoch: held.epoch };
            gone.extend(held.joined.iter().filter(|(_, (on, _))| *on == node).map(|(session, _)| (of, *session)));
        }
        for (of, session) in gone {
            self.gone(of, session);
        }
    }
}
