//! What this node has seen of channels that are not live on it: with it, data that the store lost is noticed although nobody here is
//! in the channel any more. What was seen long ago is on every replica, so only the latest is kept.

use std::collections::HashMap;

use crate::ids::{ChannelId, Position};
use crate::store::channels::Known;

/// At least so many channels are remembered, at most twice as many.
const CHANNELS: usize = 2_000;

/// The latest that was seen of each channel.
#[derive(Default)]
pub(super) struct Memory {
    young: HashMap<ChannelId, Known>,
    old: HashMap<ChannelId, Known>,
}

impl Memory {
    /// Notes what was seen, unless something later is known already. Where nothing was, nothing can be lost; nor would it do to write a
    /// channel anew that is over, only to compare it.
    pub(super) fn note(&mut self, channel: ChannelId, known: Known) {
        if known.position == Position::default() && known.message.is_none() {
            return;
        }
        let rank = |known: &Known| (known.epoch, known.position, known.message.is_some());
        let before = self.recall(channel);
        let latest = before.filter(|before| rank(before) >= rank(&known)).unwrap_or(known);
        if self.young.len() >= CHANNELS && !self.young.contains_key(&channel) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(channel, latest);
    }

    /// What was seen of a channel.
    pub(super) fn recall(&self, channel: ChannelId) -> Option<Known> {
        self.young.get(&channel).or_else(|| self.old.get(&channel)).copied()
    }

    /// Everything.
    pub(super) fn all(&self) -> Vec<(ChannelId, Known)> {
        let old = self.old.iter().filter(|(channel, _)| !self.young.contains_key(channel));
        self.young.iter().chain(old).map(|(channel, known)| (*channel, *known)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Epoch, MessageId, UserId};

    fn known(epoch: u64, seq: u64) -> Known {
        Known { epoch: Epoch(epoch), position: Position::message(seq), message: Some(MessageId::random()) }
    }

    #[test]
    fn the_latest_is_remembered() {
        let (mut memory, channel, late) = (Memory::default(), ChannelId::general(), known(2, 5));
        for seen in [known(1, 9), late, known(2, 4), Known { message: None, ..late }] {
            memory.note(channel, seen);
        }
        assert_eq!(memory.all(), [(channel, late)]);
    }

    #[test]
    fn where_nothing_was_said_there_is_nothing_to_remember() {
        let mut memory = Memory::default();
        memory.note(ChannelId::general(), Known { epoch: Epoch(3), ..Known::default() });
        assert_eq!(memory.all(), []);
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut memory = Memory::default();
        let me = UserId::random();
        let channels: Vec<_> = (0..3 * CHANNELS).map(|_| ChannelId::direct(me, UserId::random())).collect();
        channels.iter().for_each(|channel| memory.note(*channel, known(1, 1)));
        assert!(channels[2 * CHANNELS..].iter().all(|channel| memory.recall(*channel).is_some()));
        assert!(memory.recall(channels[0]).is_none());
        assert!(memory.all().len() <= 2 * CHANNELS);
    }
}
