//! What a participant has to do with the others of a peer-to-peer call: who they are, and what is on its way to them. No IO; time is passed in.

use std::time::Duration;

use tokio::time::Instant;

use crate::ids::SessionId;
use crate::store::record::calls::{Ask, Mode, Participant, PeerWord, Roster, may_wait};

/// What a page says to the others so soon after the call was one of peers, it has said before it knew that it is none any more.
const LATE: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Default)]
pub(in crate::cluster::calls) struct Peers {
    mode: Mode,
    /// Whether whoever opened the room wanted the mode; `None`: nothing is known of the room.
    chosen: Option<bool>,
    /// When the mode was another one last.
    left: Option<Instant>,
    roster: Vec<Participant>,
    waiting: Vec<Ask>,
}

/// What becomes of something for another participant.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cluster::calls) enum Fate {
    /// It is brought there.
    Sent(Ask),
    /// Nobody needs it.
    Dropped,
    /// This is no call of peers.
    Refused,
}

impl Peers {
    /// Who was in the call with it when it was last told, if that was one of peers.
    pub(super) fn roster(&self) -> &[Participant] {
        &self.roster
    }

    /// Whether the room is one of peers because that is wanted.
    pub(super) fn are_chosen(&self) -> Option<bool> {
        self.chosen
    }

    /// It is not in the call, as it was told: those who are do not wait for it, nor it for them.
    pub(in crate::cluster::calls) fn left_out(&mut self) {
        self.roster.clear();
        self.waiting.clear();
    }

    /// Takes notice of who is there, and how media go. Answers what has waited to be brought to them.
    pub(in crate::cluster::calls) fn see(&mut self, now: Instant, roster: &Roster) -> Vec<Ask> {
        let waiting = std::mem::take(&mut self.waiting);
        self.chosen = Some(roster.chosen);
        if std::mem::replace(&mut self.mode, roster.mode) == Mode::P2p && roster.mode == Mode::Sfu {
            self.left = Some(now);
        }
        match roster.mode {
            Mode::P2p => {
                self.roster.clone_from(&roster.participants);
                waiting
            }
            Mode::Sfu => {
                self.roster.clear();
                Vec::new()
            }
        }
    }

    /// Something is for another participant; `is_in`: the room is served, else it waits until it is.
    pub(in crate::cluster::calls) fn word(&mut self, now: Instant, is_in: bool, to: SessionId, word: PeerWord) -> Fate {
        let is_late = self.left.is_some_and(|left| now.saturating_duration_since(left) < LATE);
        match self.mode {
            Mode::P2p if is_in => Fate::Sent(Ask::Peer { to, word }),
            Mode::P2p => {
                let is_known = self.roster.iter().any(|other| other.session == to);
                if is_known && has_room(self.waiting.iter(), &word) {
                    self.waiting.push(Ask::Peer { to, word });
                }
                Fate::Dropped
            }
            Mode::Sfu if is_late => Fate::Dropped,
            Mode::Sfu => Fate::Refused,
        }
    }
}

/// Whether one more word may wait beside the words among these asks.
pub(super) fn has_room<'a>(waiting: impl Iterator<Item = &'a Ask>, word: &PeerWord) -> bool {
    may_wait(waiting.filter_map(|ask| if let Ask::Peer { word, .. } = ask { Some(word) } else { None }), word)
}
