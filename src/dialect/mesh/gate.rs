//! A newcomer is told first who is connected, and then gets what they have for it. What comes before waits here: others may find it
//! before it knows them.

use crate::store::record::meshes::{Forward, MeshNews};

/// At most so many wait; entering a mesh takes a few milliseconds.
const MOST: usize = 1_024;
/// And at most so many bytes of theirs.
const MOST_BYTES: usize = 1024 * 1024;

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// From another peer.
    Forward(Forward),
    /// Of the mesh.
    News(MeshNews),
}

/// What waits, in the order in which it came.
#[derive(Default)]
pub struct Gate {
    waiting: Vec<Waiting>,
    bytes: usize,
}

impl Gate {
    /// Keeps something, or gives it back: too much waits.
    pub fn hold(&mut self, item: Waiting) -> Result<(), Waiting> {
        let bytes = match &item {
            Waiting::Forward(forward) => forward.json.len(),
            Waiting::News(_) => 0,
        };
        if self.waiting.len() >= MOST || self.bytes + bytes > MOST_BYTES {
            return Err(item);
        }
        self.bytes += bytes;
        self.waiting.push(item);
        Ok(())
    }

    /// Everything that waited.
    #[must_use]
    pub fn open(self) -> Vec<Waiting> {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ids::{MeshId, NodeId, SessionId, SessionRef};
    use crate::store::record::meshes::Kind;

    fn forward(bytes: usize) -> Waiting {
        let from = SessionRef { node: NodeId::random(), session: SessionId::random() };
        Waiting::Forward(Forward { mesh: MeshId::random(), from, what: Kind::Offer, json: "1".repeat(bytes) })
    }

    #[test]
    fn what_waits_comes_out_in_order_and_is_bounded() {
        let news = || Waiting::News(MeshNews::PeerConnected { peer: SessionId::random() });
        let mut gate = Gate::default();
        let all: Vec<Waiting> = (0..MOST).map(|index| if index % 2 == 0 { news() } else { forward(1) }).collect();
        all.iter().for_each(|item| gate.hold(item.clone()).unwrap());
        let late = forward(1);
        assert_eq!(gate.hold(late.clone()), Err(late));
        assert_eq!(gate.open(), all);

        let mut gate = Gate::default();
        gate.hold(forward(MOST_BYTES)).unwrap();
        assert!(gate.hold(forward(1)).is_err());
        gate.hold(news()).unwrap();
    }
}
