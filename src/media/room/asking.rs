//! What participants ask for while they are in a room.

use super::conference::Conference;
use super::context::Context;
use super::joining::distinct;
use crate::ids::SessionId;
use crate::store::record::calls::{Refusal, Source, Tell};

/// The most bytes of a reaction.
const MAX_REACTION: usize = 64;
/// The most that one participant can want of others, so that nobody makes a list without end.
const MAX_WISHES: usize = 4096;

impl Conference {
    /// What a participant wants to publish, or does not any more.
    pub(super) fn publish(&mut self, cx: &mut Context<'_>, slot: usize, source: Source, on: bool) {
        let is_published = self.publications.iter().any(|(_, publication)| publication.owner == slot && publication.source == source);
        let Some(participant) = self.participants.get_mut(slot) else { return };
        if !on {
            participant.publish.retain(|known| *known != source);
            self.end_publications(slot, |publication| publication.source == source);
        } else if !participant.publish.contains(&source) && participant.publish.len() >= cx.shared.settings.max_tracks {
            return cx.shared.tell(self.id, participant.to, Tell::Refused { why: Refusal::TooManyTracks });
        } else if !is_published {
            if !participant.publish.contains(&source) {
                participant.publish.push(source);
            }
            // The page answers with another direction, also where the line is there already.
            participant.connection.offer_due = true;
        }
        self.changed = true;
    }

    /// How a participant wants to be shown.
    pub(super) fn state(
        &mut self,
        cx: &mut Context<'_>,
        slot: usize,
        muted: Option<Vec<Source>>,
        hand: Option<bool>,
        reaction: Option<String>,
    ) {
        let Some(participant) = self.participants.get_mut(slot) else { return };
        let session = participant.to.session;
        if let Some(muted) = muted.map(distinct) {
            if muted.contains(&Source::Microphone) {
                self.speaking.remove(participant.order);
            }
            participant.muted = muted;
        }
        participant.hand = hand.unwrap_or(participant.hand);
        if let Some(reaction) = reaction.filter(|reaction| reaction.len() <= MAX_REACTION) {
            let tell = Tell::Reaction { participant: session, reaction };
            self.participants.iter().for_each(|(_, other)| cx.shared.tell(self.id, other.to, tell.clone()));
        }
        self.changed = true;
    }

    /// How large a participant shows somebody. Kept also for who is not there yet: after a move of the room all come again, in any order.
    pub(super) fn wish(&mut self, cx: &mut Context<'_>, slot: usize, whose: SessionId, source: Source, height: u16) {
        let (Some(participant), Some(leg)) = (self.participants.get_mut(slot), self.legs.get_mut(slot)) else { return };
        let known = participant.wishes.iter().position(|(of, what, _)| (*of, *what) == (whose, source));
        match known {
            Some(index) => participant.wishes[index].2 = height,
            None if participant.wishes.len() < MAX_WISHES => participant.wishes.push((whose, source, height)),
            None => return cx.shared.tell(self.id, participant.to, Tell::Refused { why: Refusal::NoSuchTrack }),
        }
        leg.allocation_due = true;
    }
}
