//! Who has whom in view. In a busy channel every session looks at 200 users, so a pair must be small: four bytes at each end,
//! where a set of identifiers would take more than all the rest of a connection.

use std::collections::HashMap;
use std::hash::Hash;

use crate::ids::{SessionId, UserId};

/// A session has at most so many users in view.
const MAX_VIEW: usize = 1_000;

#[derive(Default)]
pub(super) struct Views {
    sessions: Numbers<SessionId>,
    users: Numbers<UserId>,
    /// By the session's number, the numbers of the users that it sees, ascending.
    seen: Vec<Vec<u32>>,
    /// By the user's number, the numbers of the sessions that see it, ascending.
    seers: Vec<Vec<u32>>,
}

impl Views {
    /// Adds to what a session sees.
    pub(super) fn add(&mut self, session: SessionId, users: impl IntoIterator<Item = UserId>) {
        let seer = self.sessions.number(session);
        let seen = list(&mut self.seen, seer);
        for user in users {
            if seen.len() >= MAX_VIEW {
                break;
            }
            let number = self.users.number(user);
            if insert(seen, number) {
                insert(list(&mut self.seers, number), seer);
            }
        }
        if seen.is_empty() {
            self.sessions.release(seer);
        } else {
            seen.shrink_to_fit();
        }
    }

    /// A session sees nobody any more.
    pub(super) fn clear(&mut self, session: SessionId) {
        let Some(seer) = self.sessions.release_key(session) else { return };
        for user in std::mem::take(list(&mut self.seen, seer)) {
            let seers = list(&mut self.seers, user);
            if let Ok(at) = seers.binary_search(&seer) {
                seers.remove(at);
            }
            if seers.is_empty() {
                *seers = Vec::new();
                self.users.release(user);
            }
        }
    }

    /// The sessions that see a user.
    pub(super) fn of(&self, user: UserId) -> impl Iterator<Item = SessionId> {
        let seers = self.users.find(user).and_then(|number| self.seers.get(number as usize));
        seers.into_iter().flatten().filter_map(|seer| self.sessions.key(*seer))
    }
}

/// Small numbers for keys; those of keys that are gone are given out again.
struct Numbers<K> {
    numbers: HashMap<K, u32>,
    keys: Vec<Option<K>>,
    free: Vec<u32>,
}

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), keys: Vec::new(), free: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash> Numbers<K> {
    fn number(&mut self, key: K) -> u32 {
        *self.numbers.entry(key).or_insert_with(|| {
            let number = self.free.pop().unwrap_or_else(|| {
                self.keys.push(None);
                self.keys.len() as u32 - 1
            });
            self.keys[number as usize] = Some(key);
            number
        })
    }

    fn find(&self, key: K) -> Option<u32> {
        self.numbers.get(&key).copied()
    }

    fn key(&self, number: u32) -> Option<K> {
        self.keys.get(number as usize).copied().flatten()
    }

    fn release(&mut self, number: u32) {
        if let Some(key) = self.key(number) {
            self.release_key(key);
        }
    }

    fn release_key(&mut self, key: K) -> Option<u32> {
        let number = self.numbers.remove(&key)?;
        self.keys[number as usize] = None;
        self.free.push(number);
        Some(number)
    }
}

fn list(lists: &mut Vec<Vec<u32>>, number: u32) -> &mut Vec<u32> {
    let index = number as usize;
    if lists.len() <= index {
        lists.resize_with(index + 1, Vec::new);
    }
    &mut lists[index]
}

/// Into an ascending list; false if it is there already.
fn insert(list: &mut Vec<u32>, number: u32) -> bool {
    let place = list.binary_search(&number);
    if let Err(at) = place {
        list.insert(at, number);
    }
    place.is_err()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::HashSet;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn session(number: u8) -> SessionId {
        SessionId(Uuid::from_u128(number.into()))
    }

    fn user(number: u8) -> UserId {
        UserId(Uuid::from_u128(number.into()))
    }

    proptest! {
        #[test]
        fn it_behaves_like_sets(steps in proptest::collection::vec((0..6_u8, proptest::option::of(proptest::collection::vec(0..9_u8, 0..5))), 0..60)) {
            let (mut views, mut model) = (Views::default(), HashMap::<u8, HashSet<u8>>::new());
            for (who, step) in steps {
                match step {
                    Some(users) => {
                        views.add(session(who), users.iter().copied().map(user));
                        model.entry(who).or_default().extend(users);
                    }
                    None => {
                        views.clear(session(who));
                        model.remove(&who);
                    }
                }
                for seen in 0..9 {
                    let expected: HashSet<_> = model.iter().filter(|(_, view)| view.contains(&seen)).map(|(who, _)| session(*who)).collect();
                    prop_assert_eq!(views.of(user(seen)).collect::<HashSet<_>>(), expected);
                }
                let (seers, seen): (usize, HashSet<u8>) = (model.values().filter(|view| !view.is_empty()).count(), model.values().flatten().copied().collect());
                prop_assert_eq!((views.sessions.numbers.len(), views.users.numbers.len()), (seers, seen.len()));
            }
        }
    }

    #[test]
    fn a_view_is_bounded_and_leaves_nothing_behind() {
        let mut views = Views::default();
        let many: Vec<_> = (0..MAX_VIEW + 5).map(|_| UserId::random()).collect();
        views.add(session(1), many.iter().copied());
        assert_eq!(many.iter().filter(|user| views.of(**user).count() == 1).count(), MAX_VIEW);
        views.clear(session(1));
        assert!(views.users.numbers.is_empty() && views.sessions.numbers.is_empty());
        assert!(views.seers.iter().all(Vec::is_empty));
    }
}
