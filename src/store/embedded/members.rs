//! Who is joined to which channel.

use std::collections::HashMap;

use crate::ids::{ChannelId, SessionRef};
use crate::store::channels::Member;

#[derive(Default)]
pub(super) struct Memberships {
    by_channel: HashMap<ChannelId, HashMap<SessionRef, Member>>,
}

impl Memberships {
    /// Adds a member. Answers how many there are with it, or `None` if it was one already.
    pub(super) fn join(&mut self, channel: ChannelId, member: &Member) -> Option<usize> {
        let members = self.by_channel.entry(channel).or_default();
        if members.contains_key(&member.at) {
            return None;
        }
        members.insert(member.at, member.clone());
        Some(members.len())
    }

    /// Removes a member; `false`: it was none.
    pub(super) fn leave(&mut self, channel: ChannelId, at: SessionRef) -> bool {
        let Some(members) = self.by_channel.get_mut(&channel) else { return false };
        let was = members.remove(&at).is_some();
        if members.is_empty() {
            self.by_channel.remove(&channel);
        }
        was
    }

    pub(super) fn all(&self, channel: ChannelId) -> impl Iterator<Item = &Member> {
        self.by_channel.get(&channel).into_iter().flat_map(HashMap::values)
    }

    pub(super) fn one(&self, channel: ChannelId, at: SessionRef) -> Option<&Member> {
        self.by_channel.get(&channel)?.get(&at)
    }
}
