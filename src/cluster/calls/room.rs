//! A room's participants on this node, and what follows from what happens to them. No IO; time is passed in.

use std::sync::Arc;

use tokio::time::Instant;

use super::participant::{Fate, Numbers, Participant, Phase};
use super::{CallEvent, Ended, PATIENCE, Request, Wish};
use crate::cluster::placement::Serving;
use crate::ids::{NodeId, RoomEpoch, SessionId};
use crate::store::record::calls::{Ask, Ending, Refusal, Tell};

/// Something to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// A letter to the media node.
    Ask { node: NodeId, epoch: RoomEpoch, from: SessionId, ask: Ask },
    /// A participant is told something.
    Tell { to: SessionId, event: CallEvent },
    /// A participant is out, and was told so.
    Out(SessionId),
    /// The media node may not serve the room any more.
    LookAgain,
}

/// A room.
pub(super) struct Room {
    numbers: Arc<Numbers>,
    serving: Serving,
    /// In the order in which they came, in which they join the next media node as well.
    participants: Vec<Participant>,
    outputs: Vec<Output>,
}

impl Room {
    pub(super) fn new(numbers: Arc<Numbers>) -> Self {
        Self { numbers, serving: Serving::Unknown, participants: Vec::new(), outputs: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    /// What is to be done by now.
    pub(super) fn outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// When [`Room::pass`] is to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        let of = |participant: &Participant| {
            let asking = if let Phase::Asking { due, .. } = participant.phase { Some(due) } else { None };
            let again = participant.again.iter().map(|(due, _)| *due);
            again.chain(asking).chain(participant.give_up).min()
        };
        self.participants.iter().filter_map(of).min()
    }

    /// A session comes that is not in the room.
    pub(super) fn join(&mut self, now: Instant, session: SessionId, request: Request) {
        self.participants.push(Participant::new(session, request, now + PATIENCE));
        self.ask_to_join(now, self.participants.len() - 1);
    }

    /// A session leaves.
    pub(super) fn leave(&mut self, session: SessionId) {
        let Some(index) = self.find(session) else { return };
        // Also one that was refused: the room is kept for it.
        self.ask(session, Ask::Leave);
        self.participants.remove(index);
    }

    /// Another media node serves the room, or none.
    pub(super) fn serve(&mut self, now: Instant, serving: Serving) {
        if serving == self.serving || serving == Serving::Unknown {
            return;
        }
        self.serving = serving;
        for index in 0..self.participants.len() {
            let participant = &mut self.participants[index];
            let was_in = participant.phase == Phase::In;
            // Asking begins anew, without the patience that the last node cost.
            participant.phase = Phase::Waiting;
            let to = participant.session;
            match serving {
                Serving::On { .. } => {
                    if was_in {
                        self.tell(to, CallEvent::Moved);
                    }
                    self.ask_to_join(now, index);
                }
                Serving::Nowhere | Serving::Unknown => self.is_nowhere(index),
            }
        }
    }

    /// A participant wants something.
    pub(super) fn wish(&mut self, now: Instant, session: SessionId, wish: Wish) {
        let Some(index) = self.find(session) else { return };
        let participant = &mut self.participants[index];
        let asked = participant.phase != Phase::Waiting;
        let is_in = participant.phase == Phase::In;
        match wish {
            Wish::Answer { connection, offer, sdp } => {
                if let Some(answer) = participant.answers(connection, offer, sdp) {
                    self.ask(session, answer);
                }
            }
            // Behind a join that is under way, and part of the next one if that is lost.
            Wish::Publish { source, on } => {
                let ask = participant.publish(source, on);
                if asked {
                    self.ask(session, ask);
                }
            }
            Wish::State { muted, hand, reaction } => {
                let ask = participant.show(muted, hand, reaction.filter(|_| is_in));
                if asked {
                    self.ask(session, ask);
                }
            }
            Wish::Subscribe { participant: other, source, height } => match participant.subscribe(other, source, height) {
                // While it joins, its next roster shows what is there to be asked for.
                Some(ask) if is_in => self.ask(session, ask),
                Some(_) => {}
                None => self.tell(session, CallEvent::Refused(Refusal::TooManyTracks)),
            },
            Wish::Peer { to, word } => match participant.peers.word(now, is_in, to, word) {
                // In their order.
                Fate::Sent(ask) if participant.keeps_words() => participant.keep(now, ask),
                Fate::Sent(ask) => self.ask(session, ask),
                Fate::Dropped => {}
                Fate::Refused => self.tell(session, CallEvent::Refused(Refusal::NotPeerToPeer)),
            },
            Wish::Restart => {
                participant.forget_connection();
                // One that is about to get a new connection anyway need not be asked for twice.
                if is_in {
                    self.ask_to_join(now, index);
                }
            }
        }
    }

    /// A media node tells a participant something.
    pub(super) fn told(&mut self, now: Instant, session: SessionId, epoch: RoomEpoch, tell: Tell) {
        let Some(index) = self.find(session) else { return };
        if !self.is_served_in(epoch) {
            return;
        }
        let participant = &mut self.participants[index];
        let is_in = participant.phase == Phase::In;
        match tell {
            Tell::Roster(roster) => {
                participant.phase = Phase::In;
                participant.give_up = None;
                participant.is_nowhere = false;
                let mut asks = participant.sees(&roster);
                asks.extend(participant.peers.see(now, &roster));
                asks.into_iter().for_each(|ask| self.ask(session, ask));
                self.tell(session, CallEvent::Roster(roster));
            }
            Tell::Moved => {
                self.begin_anew(now, index);
                self.outputs.push(Output::LookAgain);
            }
            Tell::Ended { why: Ending::Full } => self.end(index, Ended::Full),
            // Who was in the call before it came to this stays, and comes in as soon as there is a place.
            Tell::Ended { why: Ending::TooManyPeers } if participant.give_up.is_none() => {
                participant.peers.left_out();
                participant.ask_soon(now);
                self.is_nowhere(index);
            }
            Tell::Ended { why: Ending::TooManyPeers } => self.end(index, Ended::TooManyPeers),
            Tell::Refused { why: Refusal::OnlyPeerToPeer } => {
                participant.peers.left_out();
                participant.phase = Phase::Waiting;
                if participant.give_up.is_none() {
                    self.is_nowhere(index);
                }
            }
            Tell::Ended { why: Ending::Skeleton } => {
                if participant.forget_connection() {
                    self.ask_to_join(now, index);
                } else {
                    self.begin_anew(now, index);
                }
            }
            Tell::Ended { why: Ending::Unknown } => self.begin_anew(now, index),
            // Also of the join itself.
            Tell::Refused { why } => self.tell(session, CallEvent::Refused(why)),
            // All else is of before the join that is under way.
            _ if !is_in => {}
            Tell::Ended { why: Ending::Connection } => self.end(index, Ended::Connection),
            Tell::Offer { offer, sdp, publish, skeleton } => {
                let (connection, offer) = participant.offered(&self.numbers, offer, &sdp, skeleton);
                self.tell(session, CallEvent::Offer { connection, offer, sdp, publish });
            }
            Tell::Speaking { active, speaking } => self.tell(session, CallEvent::Speaking { active, speaking }),
            Tell::Quality { of } => self.tell(session, CallEvent::Quality(of)),
            Tell::Peer { from, word } => self.tell(session, CallEvent::Peer { from, word }),
            Tell::Reaction { participant, reaction } => self.tell(session, CallEvent::Reaction { participant, reaction }),
        }
    }

    /// An ask did not reach the media node: it is gone, or its inbox is full.
    pub(super) fn returned(&mut self, now: Instant, session: SessionId, epoch: RoomEpoch, ask: Ask) {
        if !self.is_served_in(epoch) {
            return;
        }
        self.outputs.push(Output::LookAgain);
        let Some(index) = self.find(session) else { return };
        let participant = &mut self.participants[index];
        match (ask, participant.phase) {
            (_, Phase::Waiting) | (Ask::Leave, _) => {}
            // Also one that is in: that may have been told before this was asked.
            (Ask::Join(_), _) => participant.ask_soon(now),
            (ask, _) => participant.keep(now, ask),
        }
    }

    /// Time passes.
    pub(super) fn pass(&mut self, now: Instant) {
        let late = |participant: &Participant| participant.give_up.is_some_and(|give_up| give_up <= now);
        while let Some(index) = self.participants.iter().position(late) {
            // It may yet be let in.
            self.ask(self.participants[index].session, Ask::Leave);
            self.end(index, Ended::Unavailable);
        }
        for index in 0..self.participants.len() {
            let participant = &mut self.participants[index];
            if matches!(participant.phase, Phase::Asking { due, .. } if due <= now) {
                self.outputs.push(Output::LookAgain);
                self.ask_to_join(now, index);
                continue;
            }
            let (due, later) = std::mem::take(&mut participant.again).into_iter().partition(|(due, _)| *due <= now);
            participant.again = later;
            let session = participant.session;
            let due: Vec<(Instant, Ask)> = due;
            let renewed: Vec<Ask> = due.into_iter().filter_map(|(_, ask)| participant.renewed(ask)).collect();
            renewed.into_iter().for_each(|ask| self.ask(session, ask));
        }
    }

    fn find(&self, session: SessionId) -> Option<usize> {
        self.participants.iter().position(|participant| participant.session == session)
    }

    fn is_served_in(&self, epoch: RoomEpoch) -> bool {
        matches!(self.serving, Serving::On { epoch: present, .. } if present == epoch)
    }

    /// Joins the media node that serves the room, if there is one.
    fn ask_to_join(&mut self, now: Instant, index: usize) {
        if matches!(self.serving, Serving::On { .. }) {
            let participant = &mut self.participants[index];
            participant.asked(now);
            let (session, join) = (participant.session, participant.begin());
            self.ask(session, join);
        }
    }

    /// The media node does not have the participant any more: it joins again soon, there or elsewhere.
    fn begin_anew(&mut self, now: Instant, index: usize) {
        let participant = &mut self.participants[index];
        let (session, was_in) = (participant.session, participant.phase == Phase::In);
        participant.ask_soon(now);
        if was_in {
            self.tell(session, CallEvent::Moved);
        }
    }

    /// The room is served, but not for this participant.
    fn is_nowhere(&mut self, index: usize) {
        let participant = &mut self.participants[index];
        if !std::mem::replace(&mut participant.is_nowhere, true) {
            let session = participant.session;
            self.tell(session, CallEvent::Nowhere);
        }
    }

    fn end(&mut self, index: usize, why: Ended) {
        let session = self.participants.remove(index).session;
        self.tell(session, CallEvent::Ended(why));
        self.outputs.push(Output::Out(session));
    }

    fn ask(&mut self, from: SessionId, ask: Ask) {
        if let Serving::On { node, epoch } = self.serving {
            self.outputs.push(Output::Ask { node, epoch, from, ask });
        }
    }

    fn tell(&mut self, to: SessionId, event: CallEvent) {
        self.outputs.push(Output::Tell { to, event });
    }
}

#[cfg(test)]
mod tests;
