//! One room: who is in it, what happens there.
//!
//! Whatever is asked or happens changes the state first; [`Conference::settle`] then brings lines, rosters and offers in line with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;

use super::RoomOutput;
use super::clocks::Clocks;
use super::context::Context;
use super::participant::{Leg, Participant, Reach};
use super::publishing::Publication;
use super::speaking::Speaking;
use crate::ids::{RoomId, SessionId, SessionRef};
use crate::media::peer::{Event, Identity};
use crate::media::rtp::track::SubscriberId;
use crate::media::slots::Slots;
use crate::store::record::Person;
use crate::store::record::calls::{Ask, Ending, Refusal, Tell};

/// What everybody is told of a change costs by the square of how many there are, and so does the time until the next, for one of them: who changes
/// something all the time does not keep the others waiting.
const PACE: Duration = Duration::from_micros(20);
/// The longest such time, in the same unit: a quarter of a second.
const LONGEST_PACE: u32 = 12_500;

/// See the module.
pub(super) struct Conference {
    pub(super) id: RoomId,
    /// Of its own: a client that goes on with its connection where the room comes back notices by another fingerprint that DTLS begins anew (RFC
    /// 8842, section 3).
    pub(super) identity: Arc<Identity>,
    pub(super) participants: Slots<Participant>,
    /// The way to each participant, under its slot.
    pub(super) legs: Slots<Leg>,
    pub(super) publications: Slots<Publication>,
    pub(super) speaking: Speaking,
    pub(super) clocks: Clocks,
    /// Participants and publications are numbered in the order in which they come.
    numbers: u64,
    /// Something is not settled.
    pub(super) changed: bool,
    /// Nothing is settled before.
    settles: Instant,
    /// There are offers that have not been made.
    pub(super) offers_wait: bool,
    /// Who was there when that was last told.
    people: Vec<Person>,
}

impl Conference {
    pub(super) fn new(now: Instant, id: RoomId, identity: Arc<Identity>) -> Self {
        Self {
            id,
            identity,
            participants: Slots::default(),
            legs: Slots::default(),
            publications: Slots::default(),
            speaking: Speaking::new(now),
            clocks: Clocks::new(now),
            numbers: 0,
            changed: false,
            settles: now,
            offers_wait: false,
            people: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    /// Somebody asks for something.
    pub(super) fn ask(&mut self, cx: &mut Context<'_>, from: SessionRef, ask: Ask) {
        match (self.slot_of(from.session), ask) {
            (_, Ask::Join(join)) => self.join(cx, from, *join),
            (None, Ask::Leave) => {}
            (None, _) => cx.shared.tell(self.id, from, Tell::Ended { why: Ending::Unknown }),
            (Some(slot), Ask::Answer { offer, sdp }) => self.answer(cx, slot, offer, &sdp),
            (Some(slot), Ask::Publish { source, on }) => self.publish(cx, slot, source, on),
            (Some(slot), Ask::State { muted, hand, reaction }) => self.state(cx, slot, muted, hand, reaction),
            (Some(slot), Ask::Subscribe { participant, source, height }) => self.wish(cx, slot, participant, source, height),
            (Some(_), Ask::Peer { .. }) => cx.shared.tell(self.id, from, Tell::Refused { why: Refusal::NotPeerToPeer }),
            (Some(slot), Ask::Leave) => self.leave(cx, slot, None),
        }
        self.settle(cx);
    }

    /// Somebody is gone.
    pub(super) fn gone(&mut self, cx: &mut Context<'_>, from: SessionRef) {
        if let Some(slot) = self.slot_of(from.session) {
            self.leave(cx, slot, None);
            self.settle(cx);
        }
    }

    /// Something happened to a participant's connection.
    pub(super) fn event(&mut self, cx: &mut Context<'_>, slot: usize, event: Event) {
        let (Some(participant), Some(leg)) = (self.participants.get_mut(slot), self.legs.get_mut(slot)) else { return };
        match event {
            Event::Connected | Event::ConsentRegained => {
                participant.connection.reach = Reach::Connected;
                leg.reachable = true;
                self.allocate(cx, slot);
            }
            Event::ConsentLost => {
                participant.connection.reach = Reach::Lost(cx.now + super::clocks::LOST);
                leg.reachable = false;
                self.allocate(cx, slot);
            }
            Event::Closed | Event::Failed(_) => {
                tracing::debug!(room = %self.id, ?event, "a participant's connection ended");
                self.leave(cx, slot, Some(Ending::Connection));
            }
        }
        self.settle(cx);
    }

    /// The room is served elsewhere from now on.
    pub(super) fn close(&mut self, cx: &mut Context<'_>) {
        for slot in self.participants.slots() {
            if let Some(participant) = self.participants.remove(slot) {
                let peer = participant.connection.peer;
                cx.shared.by_peer.remove(&peer);
                cx.peers.abandon(peer);
                cx.shared.tell(self.id, participant.to, Tell::Moved);
            }
        }
    }

    /// Takes a participant out, and says why if it does not know.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>, slot: usize, why: Option<Ending>) {
        let Some(participant) = self.participants.remove(slot) else { return };
        self.legs.remove(slot);
        let peer = participant.connection.peer;
        cx.shared.by_peer.remove(&peer);
        cx.peers.remove(cx.now, peer);
        self.unsubscribe_all(slot);
        self.end_publications(slot, |_| true);
        self.speaking.remove(participant.order);
        for (_, other) in self.participants.iter_mut() {
            other.wishes.retain(|(whose, ..)| *whose != participant.to.session);
        }
        if let Some(why) = why {
            cx.shared.tell(self.id, participant.to, Tell::Ended { why });
        }
        self.changed = true;
    }

    pub(super) fn slot_of(&self, session: SessionId) -> Option<usize> {
        self.participants.iter().find(|(_, participant)| participant.to.session == session).map(|(slot, _)| slot)
    }

    /// A number that nobody else of this room has or had.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Brings everything in line with what has changed, unless it was just done: then with the next tick.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>) {
        if cx.now < self.settles || !std::mem::take(&mut self.changed) {
            return;
        }
        let count = u32::try_from(self.participants.len()).unwrap_or(u32::MAX);
        self.settles = cx.now + PACE * count.saturating_mul(count).min(LONGEST_PACE);
        let slots = self.participants.slots();
        slots.iter().for_each(|slot| self.lay_lines(cx, *slot));
        self.tell_rosters(cx);
        self.offer_some(cx);
        let people = self.people();
        if people != self.people {
            self.people = people.clone();
            // When the last one has left, that is told with the end of the room.
            if !people.is_empty() {
                cx.shared.output(RoomOutput::People { room: self.id, people });
            }
        }
    }

    fn people(&self) -> Vec<Person> {
        let mut all: Vec<&Participant> = self.participants.iter().map(|(_, participant)| participant).collect();
        all.sort_by_key(|participant| participant.order);
        all.into_iter().map(|participant| participant.who.clone()).collect()
    }

    /// What a participant is called among the subscribers of a track.
    pub(super) fn subscriber(slot: usize) -> SubscriberId {
        SubscriberId(slot as u64)
    }
}

/// A first sequence number (RFC 3550, section 5.1). SRTP takes numbers from below the first one for such of an earlier turn (RFC 3711,
/// section 3.3.1), so it is far from both ends.
pub(super) fn first_number(random: &mut impl RngExt) -> u16 {
    random.random_range(0x1000..0x7000)
}
