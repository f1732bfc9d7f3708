//! Leases: whose a room is, when it comes and when it goes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use super::{Held, LEASE, State, Step, Tenure, Waiting};
use crate::ids::SessionRef;
use crate::media::room::RoomCommand;
use crate::store::record::calls::{Ask, Tell};

impl State {
    /// Everything whose lease is to be renewed: what is being given away is not.
    pub(in crate::media::agent) fn to_renew(&self) -> Vec<Tenure> {
        if self.draining { Vec::new() } else { self.all() }
    }

    /// A renewal that was asked for at `since` was granted, or refused: then another node has the room.
    pub(in crate::media::agent) fn renewed(&mut self, now: Instant, since: Instant, of: Tenure, granted: bool) {
        let Some(held) = self.held(of) else { return };
        if granted {
            held.until = held.until.max(since + LEASE);
            for waiting in std::mem::take(&mut held.waiting) {
                match waiting {
                    Waiting::Ask(from, ask) => self.ask(now, of, from, ask),
                    Waiting::Output(output) => self.output(now, output),
                }
            }
            return;
        }
        // While rooms are given away it may be refused because that has happened.
        if !self.draining
            && let Some(held) = self.held.remove(&of.room)
        {
            let late = joiners(held.waiting);
            // The shard tells those who are in the room.
            self.command(held.shard, of.epoch, RoomCommand::Close { room: of.room });
            late.into_iter().for_each(|from| self.tell(of, from, Tell::Moved));
        }
    }

    /// Whether a room that somebody wants to join is this node's, as the store said when it was asked at `since`.
    pub(in crate::media::agent) fn verified(&mut self, now: Instant, since: Instant, of: Tenure, is_ours: bool) {
        let waiting = those_who_know_first(self.opening.remove(&of).unwrap_or_default());
        let wants_peers = matches!(waiting.first(), Some((_, Ask::Join(join))) if join.wants_peers);
        let lane = if wants_peers { Some(self.shards.len()) } else { self.idlest() };
        let shard = lane.filter(|_| is_ours && !self.draining);
        let Some(shard) = shard else {
            let joiners = joiners(waiting.into_iter().map(|(from, ask)| Waiting::Ask(from, ask)).collect());
            if is_ours {
                self.end(of, joiners);
                self.steps.push(Step::HandOver(of));
            } else {
                joiners.into_iter().for_each(|from| self.tell(of, from, Tell::Moved));
            }
            return;
        };
        // It was here before, went elsewhere and came back, and all that unnoticed.
        if let Some(before) = self.held.remove(&of.room) {
            self.command(before.shard, before.epoch, RoomCommand::Close { room: of.room });
        }
        let held = Held {
            epoch: of.epoch,
            shard,
            opened: now,
            upgrades: false,
            until: since + LEASE,
            joined: HashMap::new(),
            present: 0,
            last: (0, now),
            waiting: VecDeque::new(),
        };
        self.held.insert(of.room, held);
        for (from, ask) in waiting {
            self.ask(now, of, from, ask);
        }
    }

    /// The lease is released.
    pub(in crate::media::agent) fn released(&mut self, of: Tenure) {
        for from in self.ending.remove(&of).unwrap_or_default() {
            self.tell(of, from, Tell::Moved);
        }
    }

    /// The node is about to stop: all rooms go to others, while their participants are served here until they have left.
    pub(in crate::media::agent) fn drain(&mut self) {
        self.draining = true;
        self.steps.extend(self.all().into_iter().map(Step::HandOver));
    }

    /// The lease is another node's, or with `nobody` no one's.
    pub(in crate::media::agent) fn handed_over(&mut self, of: Tenure, nobody: bool) {
        if self.held(of).is_some()
            && let Some(held) = self.held.remove(&of.room)
        {
            if self.is_signaling(held.shard) {
                // Nothing goes on here: they are told so, and have left.
                self.command(held.shard, of.epoch, RoomCommand::Close { room: of.room });
                joiners(held.waiting).into_iter().for_each(|to| self.tell(of, to, Tell::Moved));
                if nobody {
                    self.steps.push(Step::People(of.room, Vec::new()));
                }
                return self.released(of);
            }
            // Of those who have just joined the shard may not have told yet.
            let is_used = held.present > 0 || !held.joined.is_empty();
            let joined = held.joined.iter().map(|(session, (node, _))| SessionRef { node: *node, session: *session });
            let all: Vec<SessionRef> = joined.chain(joiners(held.waiting)).collect();
            all.into_iter().for_each(|to| self.tell(of, to, Tell::Moved));
            if is_used {
                self.leaving.insert(of.room, (of.epoch, held.shard));
            }
            if nobody {
                self.steps.push(Step::People(of.room, Vec::new()));
            }
        }
        self.released(of);
    }

    /// Closes every room, without a good-bye to those who may be served elsewhere.
    pub(in crate::media::agent) fn close(&mut self) {
        let held: Vec<_> = self.held.drain().map(|(room, held)| (room, held.epoch, held.shard)).collect();
        let leaving: Vec<_> = self.leaving.drain().map(|(room, (epoch, shard))| (room, epoch, shard)).collect();
        for (room, epoch, shard) in held.into_iter().chain(leaving) {
            self.command(shard, epoch, RoomCommand::Close { room });
        }
    }

    /// A shard has ended before its time, and its rooms with it. They may come back, to another shard or node.
    pub(in crate::media::agent) fn shard_ended(&mut self, shard: usize) {
        if let Some(runs) = self.shards.get_mut(shard) {
            *runs = false;
        }
        let lost: Vec<Tenure> = self.all().into_iter().filter(|of| self.held[&of.room].shard == shard).collect();
        for of in lost {
            let Some(held) = self.held.remove(&of.room) else { continue };
            let joined = held.joined.iter().map(|(session, (node, _))| SessionRef { node: *node, session: *session });
            let all = joined.chain(joiners(held.waiting)).collect();
            self.end(of, all);
            self.steps.push(Step::Release(of));
        }
        self.leaving.retain(|_, (_, on)| *on != shard);
    }

    /// Whether a shard runs, as far as is known.
    pub(in crate::media::agent) fn runs(&self, shard: usize) -> bool {
        self.shards.get(shard).is_some_and(|runs| *runs)
    }

    /// Whether any shard runs.
    pub(in crate::media::agent) fn can_serve(&self) -> bool {
        self.shards.contains(&true)
    }

    /// Everything that is held.
    fn all(&self) -> Vec<Tenure> {
        self.held.iter().map(|(room, held)| Tenure { room: *room, epoch: held.epoch }).collect()
    }

    /// A room's lease is being given up; these look for it elsewhere then.
    pub(super) fn end(&mut self, of: Tenure, who: Vec<SessionRef>) {
        self.ending.entry(of).or_default().extend(who);
    }

    /// The shard with the fewest participants, and of those the one with the fewest rooms; where there are no shards, the other lane.
    fn idlest(&self) -> Option<usize> {
        if self.shards.is_empty() {
            return Some(self.shards.len());
        }
        let mut loads = vec![(0, 0); self.shards.len()];
        for held in self.held.values() {
            let Some((participants, rooms)) = loads.get_mut(held.shard) else { continue };
            *participants += held.joined.len();
            *rooms += 1;
        }
        let running = loads.into_iter().enumerate().filter(|(shard, _)| self.shards[*shard]);
        running.min_by_key(|(_, load)| *load).map(|(shard, _)| shard)
    }
}

/// Whoever was in the room knows what was wanted of it, and goes before whoever has come meanwhile. What one of them asks stays in its order.
fn those_who_know_first(mut waiting: Vec<(SessionRef, Ask)>) -> Vec<(SessionRef, Ask)> {
    let returns = |(from, ask): &(SessionRef, Ask)| matches!(ask, Ask::Join(join) if join.returns).then_some(*from);
    let known: HashSet<SessionRef> = waiting.iter().filter_map(returns).collect();
    waiting.sort_by_key(|(from, _)| !known.contains(from));
    waiting
}

/// Those of whom it is not certain that they are in the room.
pub(super) fn joiners(waiting: VecDeque<Waiting>) -> Vec<SessionRef> {
    let joins = waiting.into_iter().filter_map(|waiting| match waiting {
        Waiting::Ask(from, Ask::Join(_)) => Some(from),
        _ => None,
    });
    joins.collect()
}
