//! A newcomer to a room is told first what there is, then what happens. What happens while the former is being read waits here.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::domain::rooms::Visitor;
use crate::ids::UserId;
use crate::store::record::NewsRecord;

/// At most so many writes wait; reading what there is takes a few milliseconds.
const MOST: usize = 1_024;
/// News that are older than this have come: those of before what there is was read, too.
const LATE: Duration = Duration::from_secs(10);

/// What waits.
#[derive(Default)]
pub(super) struct Gate {
    frames: Vec<Bytes>,
    news: Vec<NewsRecord>,
}

impl Gate {
    /// Frames of the room's log; `false`: too many wait.
    pub(super) fn hold(&mut self, frames: &Bytes) -> bool {
        self.frames.push(frames.clone());
        self.frames.len() + self.news.len() <= MOST
    }

    /// News of the room; `false`: too many wait.
    pub(super) fn note(&mut self, news: &NewsRecord) -> bool {
        self.news.push(news.clone());
        self.frames.len() + self.news.len() <= MOST
    }

    /// What a newcomer does not know yet who was told that these are there: the news, then the frames. Of coming and going, only how
    /// it ended, and only if that is otherwise than told.
    pub(super) fn open(self, there: &[Visitor], now: Instant) -> (Vec<NewsRecord>, Vec<Bytes>, Told) {
        let mut told = Told { there: there.iter().map(|visitor| visitor.id).collect(), until: now + LATE };
        let last: HashMap<UserId, usize> = self.news.iter().enumerate().filter_map(|(index, news)| Some((person(news)?, index))).collect();
        let is_last = |index: usize, news: &NewsRecord| person(news).is_none_or(|user| last.get(&user) == Some(&index));
        let news = self.news.into_iter().enumerate().filter(|(index, news)| is_last(*index, news) && told.is_new(news));
        let news = news.map(|(_, news)| news).collect();
        (news, self.frames, told)
    }
}

/// Who is there, as a newcomer knows it. For some time news come that were sent before it was read who is there.
pub(super) struct Told {
    there: HashSet<UserId>,
    until: Instant,
}

impl Told {
    /// Whether this coming or going is otherwise than told so far; then it counts as told.
    pub(super) fn is_new(&mut self, news: &NewsRecord) -> bool {
        match news {
            NewsRecord::Joined { who, .. } => self.there.insert(who.id),
            NewsRecord::Exited { who, .. } => self.there.remove(&who.id),
            _ => true,
        }
    }

    /// Whether no news of before can come any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }
}

/// Who came or went.
fn person(news: &NewsRecord) -> Option<UserId> {
    match news {
        NewsRecord::Joined { who, .. } | NewsRecord::Exited { who, .. } => Some(who.id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ids::{SessionId, Username};
    use crate::store::record::Person;

    fn who(number: u8) -> Person {
        Person { id: UserId(uuid::Uuid::from_u128(number.into())), name: Username::parse(&format!("user {number}")).unwrap() }
    }

    fn joined(number: u8) -> NewsRecord {
        NewsRecord::Joined { session: SessionId(uuid::Uuid::nil()), who: who(number), to: None }
    }

    fn exited(number: u8) -> NewsRecord {
        NewsRecord::Exited { who: who(number), number: number.into() }
    }

    #[test]
    fn coming_and_going_is_told_where_it_is_not_known_yet() {
        let there = [1, 2].map(|number| Visitor { id: who(number).id, number: number.into(), name: who(number).name });
        for (happened, told) in [
            (vec![joined(1), joined(3)], vec![joined(3)]),
            (vec![exited(1), exited(3)], vec![exited(1)]),
            (vec![joined(3), exited(3)], vec![]),
            (vec![exited(1), joined(1)], vec![]),
            (vec![joined(1), exited(1), joined(3), exited(3), joined(3)], vec![exited(1), joined(3)]),
        ] {
            let mut gate = Gate::default();
            happened.iter().for_each(|news| assert!(gate.note(news)));
            assert!(gate.hold(&Bytes::from_static(b"frame")));
            let (news, frames, _) = gate.open(&there, Instant::now());
            assert_eq!((news, frames), (told, vec![Bytes::from_static(b"frame")]));
        }
    }

    #[test]
    fn news_that_come_late_are_not_told_again() {
        let there = [1].map(|number| Visitor { id: who(number).id, number: number.into(), name: who(number).name });
        let mut gate = Gate::default();
        assert!(gate.note(&joined(2)));
        let now = Instant::now();
        let (_, _, mut told) = gate.open(&there, now);
        let later = [joined(1), joined(2), exited(3), exited(1), exited(1), joined(3), exited(2), joined(1)];
        let told_of: Vec<bool> = later.iter().map(|news| told.is_new(news)).collect();
        assert_eq!(told_of, [false, false, false, true, false, true, true, true]);
        assert_eq!((told.is_over(now), told.is_over(now + LATE)), (false, true));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut gate = Gate::default();
        assert!((0..MOST).all(|_| gate.hold(&Bytes::new())));
        assert!(!gate.note(&joined(1)));
    }
}
