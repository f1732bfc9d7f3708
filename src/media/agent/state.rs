//! Which rooms this node holds, in which epoch and on which shard, and what follows from what happens. No IO; the clock is passed in, what is
//! to be done comes out as [`Step`]s.
//!
//! A room is served while its lease certainly lasts: for [`LEASE`] after the last renewal that succeeded was *asked for*. After that, because
//! the process slept or the store is away, another node may have the room. Then nothing is told and nothing accepted until a renewal says
//! whose it is; what comes in the meantime waits.

mod asks;
mod leases;
mod outputs;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::cluster::placement::LEASE;
use crate::ids::{NodeId, RoomEpoch, RoomId, SessionId, SessionRef};
use crate::media::room::{RoomCommand, RoomOutput};
use crate::store::record::Person;
use crate::store::record::calls::{Ask, Refusal, Tell};

/// What waits for one room's lease; beyond, it is refused.
const MAX_WAITING: usize = 1024;
/// A room in which nobody appeared for so long after somebody joined is given up: whoever joined was refused.
const EMPTY: Duration = Duration::from_secs(10);

/// A room as one holder has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tenure {
    pub(super) room: RoomId,
    pub(super) epoch: RoomEpoch,
}

/// A command for a room, with what its outputs are to be known by.
#[derive(Debug)]
pub(super) struct Stamped {
    pub(super) epoch: RoomEpoch,
    /// Grows from command to command.
    pub(super) number: u64,
    pub(super) command: RoomCommand,
}

/// Something out of a room.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) epoch: RoomEpoch,
    /// The last command that the room had done then.
    pub(super) number: u64,
    pub(super) output: RoomOutput,
}

/// Something to be done.
#[derive(Debug)]
pub(super) enum Step {
    /// This shard does that.
    Command(usize, Stamped),
    /// A participant is told.
    Tell(Tenure, SessionRef, Tell),
    /// The lease is renewed, to see whether it is this node's: [`State::verified`].
    Verify(Tenure),
    /// The lease is released: [`State::released`].
    Release(Tenure),
    /// The lease goes to another node, or is released: [`State::handed_over`].
    HandOver(Tenure),
    /// A participant is one more than a room of peers takes.
    TooManyPeers(Tenure, SessionRef),
    /// Everybody hears who is in the room.
    People(RoomId, Vec<Person>),
}

/// Something that waits until it is certain whose the room is.
enum Waiting {
    Ask(SessionRef, Ask),
    Output(Output),
}

struct Held {
    epoch: RoomEpoch,
    shard: usize,
    opened: Instant,
    /// It is about to go to a media node.
    upgrades: bool,
    /// The lease lasts until then.
    until: Instant,
    /// Who has joined and not left, on which node, and with which command.
    joined: HashMap<SessionId, (NodeId, u64)>,
    /// How many are in it, as it says itself.
    present: usize,
    /// The last join, and when it came.
    last: (u64, Instant),
    waiting: VecDeque<Waiting>,
}

/// See the module.
pub(super) struct State {
    held: HashMap<RoomId, Held>,
    /// Rooms that somebody wants to join, and that may be this node's.
    opening: HashMap<Tenure, Vec<(SessionRef, Ask)>>,
    /// Rooms whose lease is being given up, and who is to look for them elsewhere then: not before, or they would find this node.
    ending: HashMap<Tenure, Vec<SessionRef>>,
    /// Rooms that another node has now, and whose participants have not left yet.
    leaving: HashMap<RoomId, (RoomEpoch, usize)>,
    /// Whether each shard runs. Without any, rooms are served by signaling only.
    shards: Vec<bool>,
    /// The node is about to stop and gives its rooms away.
    draining: bool,
    numbers: u64,
    steps: Vec<Step>,
}

impl State {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            held: HashMap::new(),
            opening: HashMap::new(),
            ending: HashMap::new(),
            leaving: HashMap::new(),
            shards: vec![true; shards],
            draining: false,
            numbers: 0,
            steps: Vec::new(),
        }
    }

    /// What is to be done, in this order.
    pub(super) fn steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// Rooms that are served by signaling only, and since when: a media node serves them better.
    pub(super) fn to_upgrade(&self) -> Vec<(Tenure, Instant)> {
        let all = self.held.iter().filter(|(_, held)| self.is_signaling(held.shard) && !held.upgrades && !self.draining);
        all.map(|(room, held)| (Tenure { room: *room, epoch: held.epoch }, held.opened)).collect()
    }

    /// A room is being given to a media node: [`State::handed_over`].
    pub(super) fn upgrades(&mut self, of: Tenure) {
        if let Some(held) = self.held(of) {
            held.upgrades = true;
        }
    }

    /// Behind the shards there is the lane of rooms that are served by signaling only.
    fn is_signaling(&self, lane: usize) -> bool {
        lane >= self.shards.len()
    }

    /// How many rooms it holds.
    pub(super) fn rooms(&self) -> usize {
        self.held.len()
    }

    /// Whether any room is on its way to or from this node, or has participants that another node serves now.
    pub(super) fn is_busy(&self) -> bool {
        !(self.held.is_empty() && self.opening.is_empty() && self.ending.is_empty() && self.leaving.is_empty())
    }

    /// The nodes that have participants here.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.held.values().flat_map(|held| held.joined.values().map(|(node, _)| *node)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn held(&mut self, of: Tenure) -> Option<&mut Held> {
        self.held.get_mut(&of.room).filter(|held| held.epoch == of.epoch)
    }

    fn tell(&mut self, of: Tenure, to: SessionRef, tell: Tell) {
        self.steps.push(Step::Tell(of, to, tell));
    }

    fn command(&mut self, shard: usize, epoch: RoomEpoch, command: RoomCommand) -> u64 {
        self.numbers += 1;
        self.steps.push(Step::Command(shard, Stamped { epoch, number: self.numbers, command }));
        self.numbers
    }

    /// Keeps something until the room's lease is certain.
    fn wait(&mut self, of: Tenure, waiting: Waiting) {
        let Some(held) = self.held(of) else { return };
        match waiting {
            Waiting::Ask(from, _) if held.waiting.len() >= MAX_WAITING => self.tell(of, from, Tell::Refused { why: Refusal::Busy }),
            // Who speaks now is not of interest later.
            Waiting::Output(Output { output: RoomOutput::Tell { tell, .. }, .. }) if is_fleeting(&tell) => {}
            waiting => match held.waiting.iter().position(|earlier| supersedes(&waiting, earlier)) {
                // In its place: an offer that waits behind it has lines of which it tells.
                Some(place) if matches!(&waiting, Waiting::Output(Output { output: RoomOutput::Tell { .. }, .. })) => {
                    held.waiting[place] = waiting
                }
                // Behind what is told to those who are not among these people any more.
                Some(place) => {
                    held.waiting.remove(place);
                    held.waiting.push_back(waiting);
                }
                None => held.waiting.push_back(waiting),
            },
        }
    }
}

/// Whether what was to be told earlier is of no interest any more: however long it waits, it takes no more room than those who are in the call.
fn supersedes(later: &Waiting, earlier: &Waiting) -> bool {
    let (Waiting::Output(later), Waiting::Output(earlier)) = (later, earlier) else { return false };
    match (&later.output, &earlier.output) {
        (RoomOutput::People { .. }, RoomOutput::People { .. }) => true,
        (RoomOutput::Tell { to: later, tell: Tell::Roster(_), .. }, RoomOutput::Tell { to: earlier, tell: Tell::Roster(_), .. }) => {
            later == earlier
        }
        _ => false,
    }
}

fn is_fleeting(tell: &Tell) -> bool {
    matches!(tell, Tell::Speaking { .. } | Tell::Quality { .. } | Tell::Reaction { .. })
}

#[cfg(test)]
mod tests;
