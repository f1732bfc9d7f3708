//! A newcomer to a room is told first what there is, then what happens. What happens while the former is being read waits here.

use std::collections::HashMap;

use bytes::Bytes;

use crate::domain::rooms::Visitor;
use crate::ids::UserId;
use crate::store::record::NewsRecord;

/// At most so many writes wait; reading what there is takes a few milliseconds.
const MOST: usize = 1_024;

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
    pub(super) fn open(self, there: &[Visitor]) -> (Vec<NewsRecord>, Vec<Bytes>) {
        let last: HashMap<UserId, usize> = self.news.iter().enumerate().filter_map(|(index, news)| Some((person(news)?, index))).collect();
        let was_told = |user: UserId| there.iter().any(|visitor| visitor.id == user);
        let news = self.news.into_iter().enumerate().filter(|(index, news)| match news {
            NewsRecord::Joined { who, .. } => last.get(&who.id) == Some(index) && !was_told(who.id),
            NewsRecord::Exited { who, .. } => last.get(&who.id) == Some(index) && was_told(who.id),
            _ => true,
        });
        (news.map(|(_, news)| news).collect(), self.frames)
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
            assert_eq!(gate.open(&there), (told, vec![Bytes::from_static(b"frame")]));
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut gate = Gate::default();
        assert!((0..MOST).all(|_| gate.hold(&Bytes::new())));
        assert!(!gate.note(&joined(1)));
    }
}
