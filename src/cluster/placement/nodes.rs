//! The nodes that may serve rooms, as they were last seen.

use std::collections::HashMap;

use tokio::time::Instant;

use super::SILENT;
use crate::cluster::ring::{self, MediaNode};
use crate::ids::{NodeId, RoomId};
use crate::store::nodes::{MediaLoad, Node};

/// See the module.
#[derive(Default)]
pub(super) struct Nodes {
    /// Those that forward media.
    media: Vec<Heard>,
    /// Those that bring participants together where there are no others.
    signaling: Vec<Heard>,
    /// Who let a lease run out, and when that was seen.
    suspects: HashMap<NodeId, Instant>,
}

/// A node, and when it was last heard of.
type Heard = (MediaNode, Instant);

impl Nodes {
    /// Takes notice of what the registry has at this moment; who has missed a heartbeat does not count.
    pub(super) fn read(&mut self, nodes: &[Node], now: Instant) {
        self.suspects.retain(|suspect, _| nodes.iter().any(|node| node.id == *suspect));
        self.media.clear();
        self.signaling.clear();
        for node in nodes.iter().filter(|node| node.silent_for < SILENT) {
            let (Some(info), Some(heard)) = (&node.info, now.checked_sub(node.silent_for)) else { continue };
            let seen = |load: MediaLoad| (MediaNode { id: node.id, load, draining: info.draining }, heard);
            self.media.extend(info.media.as_ref().map(|media| seen(media.load)));
            self.signaling.extend(info.signaling.map(seen));
        }
    }

    /// Takes notice of who let a lease run out: it is suspect until it is heard of again.
    pub(super) fn suspect(&mut self, node: Option<NodeId>, now: Instant) {
        self.suspects.extend(node.map(|node| (node, now)));
    }

    /// Whether any forwards media.
    pub(super) fn have_media(&self) -> bool {
        !self.media.is_empty()
    }

    /// Of these nodes those that may have the room, the best first: media nodes, then the others; suspects only if there are no others.
    pub(super) fn choices(&self, room: RoomId, of: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        let ranked = |nodes: &[Heard], takes: &dyn Fn(&Heard) -> bool| {
            let takers: Vec<MediaNode> = nodes.iter().filter(|node| of(node.0.id) && takes(node)).map(|(node, _)| *node).collect();
            ring::choices(room, &takers)
        };
        let all = |takes: &dyn Fn(&Heard) -> bool| {
            let mut all = ranked(&self.media, takes);
            all.extend(ranked(&self.signaling, takes));
            all
        };
        let heard = all(&|(node, heard)| self.suspects.get(&node.id).is_none_or(|since| heard > since));
        if heard.is_empty() { all(&|_| true) } else { heard }
    }

    /// The best media node for the room of those that were heard of since then.
    pub(super) fn media_heard_since(&self, room: RoomId, since: Instant) -> Option<NodeId> {
        let heard = self.media.iter().filter(|(_, heard)| *heard > since);
        let heard: Vec<MediaNode> = heard.map(|(node, _)| *node).collect();
        ring::choices(room, &heard).into_iter().next()
    }
}
