//! One room: who is in it, who comes and goes.
//!
//! Whatever is asked or happens changes the state first; [`Conference::settle`] then brings lines, rosters and offers in line with it.

use std::time::{Duration, Instant};

use rand::RngExt;

use super::RoomOutput;
use super::clocks::Clocks;
use super::context::Context;
use super::participant::{Connection, Leg, Participant, Reach};
use super::publishing::Publication;
use super::speaking::Speaking;
use crate::ids::{RoomId, SessionId, SessionRef};
use crate::media::peer::Event;
use crate::media::rtp::quality::ConnectionQuality;
use crate::media::rtp::track::SubscriberId;
use crate::media::sdp::{Credentials, Skeleton};
use crate::media::shard::{PeerError, PeerId};
use crate::media::slots::Slots;
use crate::store::record::Person;
use crate::store::record::calls::{Ask, Ending, Join, Refusal, Source, Tell};

/// What everybody is told of a change costs by the square of how many there are, and so does the time until the next, for one of them: who changes
/// something all the time does not keep the others waiting.
const PACE: Duration = Duration::from_micros(20);
/// The longest such time, in the same unit: a quarter of a second.
const LONGEST_PACE: u32 = 12_500;
/// How often other credentials are drawn if somebody has the same.
const MAX_DRAWS: u32 = 8;
/// The most bytes of a skeleton that is read: more than [`crate::media::sdp::MAX_LINES`] lines have.
const MAX_SKELETON: usize = 256 * 1024;
/// The most bytes of a reaction.
const MAX_REACTION: usize = 64;
/// The most that one participant can want of others, so that nobody makes a list without end.
const MAX_WISHES: usize = 4096;

/// See the module.
pub(super) struct Conference {
    pub(super) id: RoomId,
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
    pub(super) fn new(now: Instant, id: RoomId) -> Self {
        Self {
            id,
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

    fn join(&mut self, cx: &mut Context<'_>, from: SessionRef, join: Join) {
        let present = self.slot_of(from.session);
        let skeleton = match &join.skeleton {
            None => Some(Skeleton::new(&mut cx.shared.random)),
            Some(text) if text.len() <= MAX_SKELETON => serde_json::from_str::<Skeleton>(text).ok(),
            Some(_) => None,
        };
        let room_for_one = present.is_some() || self.participants.len() < cx.shared.settings.max_participants;
        let (Some(mut skeleton), true) = (skeleton, room_for_one) else {
            let why = if room_for_one { Ending::Skeleton } else { Ending::Full };
            return match present {
                Some(slot) => self.leave(cx, slot, Some(why)),
                None => cx.shared.tell(self.id, from, Tell::Ended { why }),
            };
        };
        skeleton.renew_ssrcs(&mut cx.shared.random);
        let drawn = match present.filter(|_| join.skeleton.is_some()) {
            // The connection that the skeleton is of is the one that it has here. DTLS goes on; only the path may have to be found anew.
            Some(slot) => self.restart_ice(cx, slot),
            None => self.connect(cx, from, &join, present, skeleton),
        };
        let Ok(slot) = drawn else {
            return match present {
                Some(slot) => self.leave(cx, slot, Some(Ending::Connection)),
                None => cx.shared.tell(self.id, from, Tell::Ended { why: Ending::Connection }),
            };
        };
        self.adopt_wishes(cx, slot, from, join);
    }

    /// Gives a participant a connection, in the place of the one that it has.
    fn connect(
        &mut self,
        cx: &mut Context<'_>,
        from: SessionRef,
        join: &Join,
        present: Option<usize>,
        skeleton: Skeleton,
    ) -> Result<usize, PeerError> {
        let (peer, credentials) = add_peer(cx)?;
        let mut connection = Connection::new(cx.now, peer, credentials, skeleton);
        connection.take_over_lines(cx.now);
        let slot = match present {
            Some(slot) => {
                self.unsubscribe_all(slot);
                if let Some(participant) = self.participants.get_mut(slot) {
                    let before = std::mem::replace(&mut participant.connection, connection);
                    participant.roster = None;
                    cx.shared.by_peer.remove(&before.peer);
                    cx.peers.remove(cx.now, before.peer);
                }
                slot
            }
            None => {
                self.tell_newcomer(cx, from);
                let order = self.number();
                self.participants.insert(Participant {
                    to: from,
                    who: join.who.clone(),
                    order,
                    publish: Vec::new(),
                    simulcast: join.simulcast,
                    muted: Vec::new(),
                    hand: false,
                    wishes: Vec::new(),
                    renamed: Vec::new(),
                    roster: None,
                    quality: ConnectionQuality::default(),
                    connection,
                })
            }
        };
        self.legs.put(slot, Leg::new(cx.now, peer, cx.shared.settings.max_bitrate));
        cx.shared.by_peer.insert(peer, (self.id, slot));
        Ok(slot)
    }

    fn restart_ice(&mut self, cx: &mut Context<'_>, slot: usize) -> Result<usize, PeerError> {
        let participant = self.participants.get_mut(slot).ok_or(PeerError::Unknown)?;
        let credentials = Credentials::random(&mut cx.shared.random);
        cx.peers.restart_ice(participant.connection.peer, credentials.clone())?;
        let connection = &mut participant.connection;
        (connection.credentials, connection.outstanding, connection.offer_due) = (credentials, None, true);
        participant.roster = None;
        Ok(slot)
    }

    /// What the participant says of itself when it joins.
    fn adopt_wishes(&mut self, cx: &mut Context<'_>, slot: usize, from: SessionRef, join: Join) {
        let Some(participant) = self.participants.get_mut(slot) else { return };
        (participant.to, participant.who, participant.hand) = (from, join.who, join.hand);
        (participant.simulcast, participant.muted) = (join.simulcast, distinct(join.muted));
        participant.publish.clear();
        let mut too_many = false;
        for source in join.publish {
            if participant.publish.contains(&source) {
                continue;
            }
            if participant.publish.len() < cx.shared.settings.max_tracks {
                participant.publish.push(source);
            } else {
                too_many = true;
            }
        }
        let publish = participant.publish.clone();
        self.end_publications(slot, |publication| !publish.contains(&publication.source));
        if too_many {
            cx.shared.tell(self.id, from, Tell::Refused { why: Refusal::TooManyTracks });
        }
        self.changed = true;
    }

    fn publish(&mut self, cx: &mut Context<'_>, slot: usize, source: Source, on: bool) {
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

    fn state(&mut self, cx: &mut Context<'_>, slot: usize, muted: Option<Vec<Source>>, hand: Option<bool>, reaction: Option<String>) {
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

    /// Kept also for who is not there yet: after a move of the room all come again, in any order.
    fn wish(&mut self, cx: &mut Context<'_>, slot: usize, whose: SessionId, source: Source, height: u16) {
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

impl Conference {
    /// What a participant is called among the subscribers of a track.
    pub(super) fn subscriber(slot: usize) -> SubscriberId {
        SubscriberId(slot as u64)
    }
}

fn distinct(mut sources: Vec<Source>) -> Vec<Source> {
    sources.sort_unstable();
    sources.dedup();
    sources
}

fn add_peer(cx: &mut Context<'_>) -> Result<(PeerId, Credentials), PeerError> {
    let mut result = Err(PeerError::UfragInUse);
    for _ in 0..MAX_DRAWS {
        let credentials = Credentials::random(&mut cx.shared.random);
        result = cx.peers.add(cx.now, credentials.clone()).map(|peer| (peer, credentials));
        if result.is_ok() {
            break;
        }
    }
    result
}

/// A first sequence number (RFC 3550, section 5.1). SRTP takes numbers from below the first one for such of an earlier turn (RFC 3711,
/// section 3.3.1), so it is far from both ends.
pub(super) fn first_number(random: &mut impl RngExt) -> u16 {
    random.random_range(0x1000..0x7000)
}
