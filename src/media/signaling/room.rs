//! One room: who is there and what follows from what they ask. No IO; time is passed in, what is to be told goes to a closure.
//!
//! When the node that served a room before is gone, its participants come here one after another. Whoever comes first brings along who was
//! there: the others keep their places for a while, so that nobody is told that they had left, and connections that still work stay.

use std::time::{Duration, Instant};

use super::MESH_CALL_LIMIT;
use super::place::{Place, distinct, was_in};
use crate::ids::{SessionId, SessionRef};
use crate::store::record::Person;
use crate::store::record::calls::{Ask, Ending, Join, Mode, Participant, PeerWord, Refusal, Roster, Source, Tell};

/// How long those are waited for who were in the room elsewhere. They come within two seconds, if their nodes are there.
const EXPECTED: Duration = Duration::from_secs(5);
/// What is for somebody who left so short a time ago was on its way.
const LATE: Duration = Duration::from_secs(5);
/// The most bytes of a reaction.
const MAX_REACTION: usize = 64;

/// Takes what participants are told.
type Teller<'a> = &'a mut dyn FnMut(SessionRef, Tell);

/// See the module.
pub(super) struct Room {
    /// In the order in which they came.
    places: Vec<Place>,
    opened: Instant,
    /// Whoever opened it wanted it to be one of peers.
    is_chosen: bool,
    /// That is known from somebody who was in it before.
    is_known: bool,
    max_tracks: usize,
    left: Vec<(SessionId, Instant)>,
    /// Who was there when that was last told.
    people: Vec<Person>,
}

impl Room {
    /// With places for those who were in the room elsewhere.
    pub(super) fn new(now: Instant, max_tracks: usize, join: &Join) -> Self {
        let places = join.roster.iter().take(MESH_CALL_LIMIT).map(|known| Place::expected(known, now + EXPECTED)).collect();
        let (is_chosen, is_known) = (join.wants_peers, join.returns);
        Self { places, opened: now, is_chosen, is_known, max_tracks, left: Vec::new(), people: Vec::new() }
    }

    /// Whether it is to stay one of peers where there are media nodes.
    pub(super) fn is_chosen(&self) -> bool {
        self.is_chosen
    }

    /// It has outgrown that, and moves.
    pub(super) fn outgrow(&mut self) {
        self.is_chosen = false;
    }

    /// Nobody is here. Those who are expected find another room then.
    pub(super) fn is_empty(&self) -> bool {
        self.present() == 0
    }

    /// How many are here.
    pub(super) fn present(&self) -> usize {
        self.all().count()
    }

    /// All who are here.
    pub(super) fn all(&self) -> impl Iterator<Item = SessionRef> {
        self.places.iter().filter_map(Place::at)
    }

    /// A participant asks for something.
    pub(super) fn ask(&mut self, now: Instant, from: SessionRef, ask: Ask, tell: Teller<'_>) {
        if let Ask::Join(join) = ask {
            return self.join(now, from, *join, tell);
        }
        let Some(index) = self.places.iter().position(|place| place.at() == Some(from)) else {
            if ask != Ask::Leave {
                tell(from, Tell::Ended { why: Ending::Unknown });
            }
            return;
        };
        match ask {
            Ask::Publish { source, on } => self.publish(index, source, on, tell),
            Ask::State { muted, hand, reaction } => self.state(index, muted, hand, reaction, tell),
            Ask::Peer { to, word } => self.word(now, from, to, word, tell),
            Ask::Leave => self.gone(now, from),
            // Nothing is offered here, and everything is sent to everybody.
            Ask::Answer { .. } | Ask::Subscribe { .. } | Ask::Join(_) => {}
        }
    }

    /// A participant is gone.
    pub(super) fn gone(&mut self, now: Instant, from: SessionRef) {
        self.clear(now, |place| place.at() == Some(from));
    }

    /// Whether somebody was waited for long enough.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.places.iter().any(|place| place.until().is_some_and(|until| until <= now))
    }

    /// Time passes.
    pub(super) fn pass(&mut self, now: Instant) {
        self.clear(now, |place| place.until().is_some_and(|until| until <= now));
    }

    /// Tells everybody whose roster is another one than before. Answers who is there, if that has changed.
    pub(super) fn settle(&mut self, tell: Teller<'_>) -> Option<Vec<Person>> {
        let participants = self.places.iter().map(Place::entry).collect();
        let roster = Roster { mode: Mode::P2p, chosen: self.is_chosen, participants, lines: Vec::new() };
        for place in &mut self.places {
            let Some(at) = place.at() else { continue };
            if place.told.as_ref() != Some(&roster) {
                place.told = Some(roster.clone());
                tell(at, Tell::Roster(roster.clone()));
            }
        }
        let people: Vec<Person> = roster.participants.into_iter().map(|entry| entry.who).collect();
        (people != self.people).then(|| {
            self.people.clone_from(&people);
            people
        })
    }

    fn join(&mut self, now: Instant, from: SessionRef, join: Join, tell: Teller<'_>) {
        let is_young = now.saturating_duration_since(self.opened) < EXPECTED;
        if is_young {
            self.expect(&join.roster);
            if join.returns && !self.is_known {
                (self.is_chosen, self.is_known) = (join.wants_peers, true);
            }
        }
        let index = match self.find(from.session) {
            Some(index) => index,
            None => {
                let is_full = self.places.len() >= MESH_CALL_LIMIT;
                if is_full && !self.give_place_of(now, &join, tell) && !(is_young && self.give_back_place(now, from, &join, tell)) {
                    return tell(from, Tell::Ended { why: Ending::TooManyPeers });
                }
                self.places.push(Place::new(from, join.who.clone()));
                self.places.len() - 1
            }
        };
        let (words, too_many) = self.places[index].arrive(from, join, self.max_tracks);
        if too_many {
            tell(from, Tell::Refused { why: Refusal::TooManyTracks });
        }
        if !words.is_empty() {
            // The roster comes first.
            let _ = self.settle(tell);
            words.into_iter().for_each(|(of, word)| tell(from, Tell::Peer { from: of, word }));
        }
    }

    /// Somebody knows of others who were in the room elsewhere: whoever came first may not have been told of all.
    fn expect(&mut self, roster: &[Participant]) {
        for known in roster {
            let has_left = self.left.iter().any(|(session, _)| *session == known.session);
            // As somebody of whom that roster does not know: it will not come as who it was. Two windows are both known.
            let is_here_anew = |place: &Place| place.who.id == known.who.id && roster.iter().all(|other| other.session != place.session);
            let is_awaited = !has_left && !self.places.iter().any(is_here_anew) && self.find(known.session).is_none();
            if self.places.len() < MESH_CALL_LIMIT && is_awaited {
                self.places.push(Place::expected(known, self.opened + EXPECTED));
            }
        }
    }

    /// Whoever was there has come back as another session: its connection or node was lost, which is known only later. Of two windows of one
    /// user the newer one stays, where the call is full; an older one that comes again does not drive it out.
    fn give_place_of(&mut self, now: Instant, join: &Join, tell: Teller<'_>) -> bool {
        if join.returns {
            return false;
        }
        let of_user = |place: &Place| place.who.id == join.who.id;
        let waited_for = self.places.iter().position(|place| of_user(place) && place.at().is_none());
        let Some(index) = waited_for.or_else(|| self.places.iter().position(of_user)) else { return false };
        // Whoever hears it is not to come again by itself.
        self.free(now, index, Ending::Full, tell);
        true
    }

    /// Whoever was in the room before it was served here goes before who was not: that one was here earlier only because its letter was.
    fn give_back_place(&mut self, now: Instant, from: SessionRef, join: &Join, tell: Teller<'_>) -> bool {
        if !was_in(from.session, join) {
            return false;
        }
        let has_come = self.places.iter().rposition(|place| place.at().is_some() && !place.was_in);
        let Some(index) = has_come.or_else(|| self.places.iter().rposition(|place| !place.was_in)) else { return false };
        self.free(now, index, Ending::TooManyPeers, tell);
        true
    }

    /// Takes a place from somebody, and says so.
    fn free(&mut self, now: Instant, index: usize, why: Ending, tell: Teller<'_>) {
        let before = self.places.remove(index);
        self.has_left(now, before.session);
        before.at().into_iter().for_each(|at| tell(at, Tell::Ended { why }));
    }

    /// Frees places; what is on its way to who had them is not wondered at.
    fn clear(&mut self, now: Instant, is_free: impl Fn(&Place) -> bool) {
        let gone: Vec<SessionId> = self.places.iter().filter(|place| is_free(place)).map(|place| place.session).collect();
        self.places.retain(|place| !is_free(place));
        gone.into_iter().for_each(|session| self.has_left(now, session));
    }

    fn has_left(&mut self, now: Instant, session: SessionId) {
        self.left.retain(|(_, at)| now.saturating_duration_since(*at) < LATE);
        self.left.push((session, now));
    }

    fn publish(&mut self, index: usize, source: Source, on: bool, tell: Teller<'_>) {
        let place = &mut self.places[index];
        let is_published = place.publish.contains(&source);
        if !on {
            place.publish.retain(|published| *published != source);
        } else if !is_published && place.publish.len() >= self.max_tracks {
            place.at().into_iter().for_each(|at| tell(at, Tell::Refused { why: Refusal::TooManyTracks }));
        } else if !is_published {
            place.publish.push(source);
            place.publish.sort_unstable();
        }
    }

    fn state(&mut self, index: usize, muted: Option<Vec<Source>>, hand: Option<bool>, reaction: Option<String>, tell: Teller<'_>) {
        let place = &mut self.places[index];
        if let Some(muted) = muted {
            place.muted = distinct(muted);
        }
        place.hand = hand.unwrap_or(place.hand);
        let participant = place.session;
        if let Some(reaction) = reaction.filter(|reaction| reaction.len() <= MAX_REACTION) {
            let reacts = Tell::Reaction { participant, reaction };
            self.all().for_each(|to| tell(to, reacts.clone()));
        }
    }

    fn word(&mut self, now: Instant, from: SessionRef, to: SessionId, word: PeerWord, tell: Teller<'_>) {
        let other = self.find(to).filter(|_| to != from.session);
        match other.map(|index| &mut self.places[index]) {
            Some(place) => match place.at() {
                Some(at) => tell(at, Tell::Peer { from: from.session, word }),
                None => place.keep(from.session, word),
            },
            None => {
                let just_left = |(session, at): &(SessionId, Instant)| *session == to && now.saturating_duration_since(*at) < LATE;
                if !self.left.iter().any(just_left) {
                    tell(from, Tell::Refused { why: Refusal::NoSuchParticipant });
                }
            }
        }
    }

    fn find(&self, session: SessionId) -> Option<usize> {
        self.places.iter().position(|place| place.session == session)
    }
}
