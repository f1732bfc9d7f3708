//! Which temporal layers a subscriber gets, packet by packet.

use std::collections::VecDeque;

/// Changes that are remembered for packets that come late.
const REMEMBERED: usize = 16;

/// From this packet of a source on this is the highest layer.
#[derive(Debug)]
struct Change {
    source: u32,
    from: u64,
    layer: u8,
}

/// The highest temporal layer that is sent, and since which packet: late packets are judged as those beside them were, so that no
/// frame is sent in parts.
#[derive(Debug, Default)]
pub(super) struct TemporalLayers {
    /// In the order of time.
    changes: VecDeque<Change>,
}

impl TemporalLayers {
    /// A source begins with this packet.
    pub(super) fn begin(&mut self, source: u32, from: u64, layer: u8) {
        self.changes.push_back(Change { source, from, layer });
        if self.changes.len() > REMEMBERED {
            self.changes.pop_front();
        }
    }

    /// A frame of this layer begins. Going down to `wanted` is possible with any frame; going up only with one that builds on nothing
    /// that has been left out.
    pub(super) fn frame(&mut self, (source, extended): (u32, u64), layer: u8, can_decode: bool, wanted: u8) {
        let current = self.at(source, extended);
        if wanted < current {
            self.begin(source, extended, wanted);
        } else if can_decode && layer > current && layer <= wanted {
            self.begin(source, extended, layer);
        }
    }

    /// The highest layer that is sent at this packet; all where that has been forgotten.
    pub(super) fn at(&self, source: u32, extended: u64) -> u8 {
        let change = self.changes.iter().rev().find(|change| change.source == source && change.from <= extended);
        change.map_or(u8::MAX, |change| change.layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_down_is_possible_at_once_and_going_up_step_by_step() {
        let mut layers = TemporalLayers::default();
        layers.begin(1, 100, u8::MAX);
        assert_eq!(layers.at(1, 100), u8::MAX);
        layers.frame((1, 110), 2, false, 0);
        layers.frame((1, 120), 2, false, 2);
        assert_eq!(layers.at(1, 120), 0, "it may build on what was left out");
        layers.frame((1, 130), 1, true, 2);
        layers.frame((1, 140), 2, false, 2);
        assert_eq!(layers.at(1, 140), 1);
        layers.frame((1, 150), 2, true, 2);
        layers.begin(2, 20, 0);
        assert_eq!([105, 115, 135, 155].map(|extended| layers.at(1, extended)), [u8::MAX, 0, 1, 2], "late ones as their neighbours");
        assert_eq!(layers.at(2, 25), 0);
    }
}
