//! Who is joined to which channel.

use std::collections::HashMap;

use crate::ids::{ChannelId, SessionRef};
use crate::store::channels::Member;

/// A member was added.
pub(super) struct Joined {
    /// How many there are with it.
    pub(super) members: usize,
    /// It is the first of its user, where users count; always so elsewhere.
    pub(super) is_first: bool,
}

/// What became of a leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// There was no such member.
    NoMember,
    /// Where users count: another session of the same user is there.
    One,
    /// This was the last of its user, or users do not count.
    Last,
}

#[derive(Default)]
pub(super) struct Memberships {
    by_channel: HashMap<ChannelId, HashMap<SessionRef, Member>>,
}

impl Memberships {
    /// Adds a member. Answers how many there are with it, or `None` if it was one already.
    pub(super) fn join(&mut self, channel: ChannelId, member: &Member) -> Option<Joined> {
        let members = self.by_channel.entry(channel).or_default();
        if members.contains_key(&member.at) {
            return None;
        }
        let is_first = !has_another(members, member);
        members.insert(member.at, member.clone());
        Some(Joined { members: members.len(), is_first })
    }

    /// Writes a member anew; `false`: it is none.
    pub(super) fn replace(&mut self, channel: ChannelId, member: &Member) -> bool {
        let present = self.by_channel.get_mut(&channel).and_then(|members| members.get_mut(&member.at));
        present.map(|present| present.clone_from(member)).is_some()
    }

    /// Removes a member.
    pub(super) fn leave(&mut self, channel: ChannelId, at: SessionRef) -> Left {
        let Some(members) = self.by_channel.get_mut(&channel) else { return Left::NoMember };
        let Some(member) = members.remove(&at) else { return Left::NoMember };
        let left = if has_another(members, &member) { Left::One } else { Left::Last };
        if members.is_empty() {
            self.by_channel.remove(&channel);
        }
        left
    }

    pub(super) fn all(&self, channel: ChannelId) -> impl Iterator<Item = &Member> {
        self.by_channel.get(&channel).into_iter().flat_map(HashMap::values)
    }

    pub(super) fn one(&self, channel: ChannelId, at: SessionRef) -> Option<&Member> {
        self.by_channel.get(&channel)?.get(&at)
    }
}

/// Whether another session of the same user is a member, where users count.
fn has_another(members: &HashMap<SessionRef, Member>, member: &Member) -> bool {
    member.number.is_some() && members.values().any(|other| other.number.is_some() && other.user == member.user)
}
