//! Somebody's place in a room.

use std::time::Instant;

use crate::ids::{SessionId, SessionRef};
use crate::store::record::Person;
use crate::store::record::calls::{Join, Participant, PeerWord, PublishedTrack, Roster, Source, may_wait};

/// See the module.
pub(super) struct Place {
    pub(super) session: SessionId,
    pub(super) who: Person,
    pub(super) hand: bool,
    pub(super) publish: Vec<Source>,
    pub(super) muted: Vec<Source>,
    pub(super) is: Presence,
    /// It has come here from where the room was served before, by what it was told there itself.
    pub(super) was_in: bool,
    /// What it was told last of who is there.
    pub(super) told: Option<Roster>,
}

/// Whether somebody is there.
pub(super) enum Presence {
    /// It is.
    Here(SessionRef),
    /// It was when the room was served by another node, and is expected here. What is for it waits.
    Coming { until: Instant, words: Vec<(SessionId, PeerWord)> },
}

impl Place {
    /// Of somebody who was in the room elsewhere.
    pub(super) fn expected(known: &Participant, until: Instant) -> Self {
        let sources = |muted_only: bool| {
            let of = known.tracks.iter().filter(move |track| track.muted || !muted_only);
            of.map(|track| track.source).collect::<Vec<Source>>()
        };
        Self {
            session: known.session,
            who: known.who.clone(),
            hand: known.hand,
            publish: sources(false),
            muted: sources(true),
            is: Presence::Coming { until, words: Vec::new() },
            was_in: false,
            told: None,
        }
    }

    /// Of somebody who comes.
    pub(super) fn new(from: SessionRef, who: Person) -> Self {
        let (publish, muted, is) = (Vec::new(), Vec::new(), Presence::Here(from));
        Self { session: from.session, who, hand: false, publish, muted, is, was_in: false, told: None }
    }

    /// It is here now, like this. Answers what has waited for it. True: it publishes more than it may.
    pub(super) fn arrive(&mut self, from: SessionRef, join: Join, max_tracks: usize) -> (Vec<(SessionId, PeerWord)>, bool) {
        self.was_in |= was_in(from.session, &join);
        (self.who, self.hand, self.muted) = (join.who, join.hand, distinct(join.muted));
        let mut publish = distinct(join.publish);
        let too_many = publish.len() > max_tracks;
        publish.truncate(max_tracks);
        (self.publish, self.told) = (publish, None);
        match std::mem::replace(&mut self.is, Presence::Here(from)) {
            Presence::Here(_) => (Vec::new(), too_many),
            Presence::Coming { words, .. } => (words, too_many),
        }
    }

    /// Where it is, if it is here.
    pub(super) fn at(&self) -> Option<SessionRef> {
        match self.is {
            Presence::Here(at) => Some(at),
            Presence::Coming { .. } => None,
        }
    }

    /// Until when it is waited for.
    pub(super) fn until(&self) -> Option<Instant> {
        match self.is {
            Presence::Here(_) => None,
            Presence::Coming { until, .. } => Some(until),
        }
    }

    /// Keeps something for when it comes; beyond what no pair needs it is lost.
    pub(super) fn keep(&mut self, from: SessionId, word: PeerWord) {
        if let Presence::Coming { words, .. } = &mut self.is
            && may_wait(words.iter().map(|(_, kept)| kept), &word)
        {
            words.push((from, word));
        }
    }

    /// As others see it. Sound and picture of one person belong together, and so do those of a screen.
    pub(super) fn entry(&self) -> Participant {
        let track = |source: &Source| PublishedTrack {
            source: *source,
            stream: match source {
                Source::Microphone | Source::Camera => self.session.to_string(),
                Source::Screen | Source::ScreenAudio => format!("{}-screen", self.session),
            },
            muted: self.muted.contains(source),
        };
        let tracks = self.publish.iter().map(track).collect();
        Participant { session: self.session, who: self.who.clone(), tracks, hand: self.hand }
    }
}

/// Whether somebody was in the room as it knows it.
pub(super) fn was_in(session: SessionId, join: &Join) -> bool {
    join.roster.iter().any(|known| known.session == session)
}

/// Each once, in their order.
pub(super) fn distinct(mut sources: Vec<Source>) -> Vec<Source> {
    sources.sort_unstable();
    sources.dedup();
    sources
}
