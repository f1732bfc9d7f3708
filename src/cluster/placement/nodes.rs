//! The nodes that may serve rooms, as they were last seen.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::SILENT;
use crate::cluster::registry::HEARTBEAT;
use crate::cluster::ring::{self, MediaNode};
use crate::ids::{NodeId, RoomId};
use crate::store::nodes::{MediaLoad, Node};

/// Who has not said for so long that it lives has missed a heartbeat, however slow it is.
const LATE: Duration = HEARTBEAT.saturating_add(Duration::from_millis(500));
/// So long a media node has to be there before it gets rooms that are served without it: one that ends as soon as it has begun has none to
/// lose, and when several come, none gets all.
const SETTLED: Duration = Duration::from_secs(3);
/// No media node has to be there for longer, however many were lost.
const LONGEST: Duration = Duration::from_secs(60);
/// Media nodes that were lost are forgotten when none was lost for so long.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// See the module.
#[derive(Default)]
pub(super) struct Nodes {
    /// Those that forward media.
    media: Vec<Heard>,
    /// Those that bring participants together where there are no others.
    signaling: Vec<Heard>,
    /// Who let a lease run out, and when that was seen.
    suspects: HashMap<NodeId, Instant>,
    /// When they were looked at last.
    looked: Option<Instant>,
    /// Since when each media node is there.
    first: HashMap<NodeId, Instant>,
    /// How many media nodes were lost that had not said that they were about to stop, and when the last one was.
    lost: Option<(u32, Instant)>,
}

/// A node, and when it was last heard of.
type Heard = (MediaNode, Instant);

impl Nodes {
    /// Takes notice of what the registry has at this moment; who has missed a heartbeat does not count.
    pub(super) fn read(&mut self, nodes: &[Node], now: Instant) {
        self.suspects.retain(|suspect, _| nodes.iter().any(|node| node.id == *suspect));
        let before = std::mem::take(&mut self.media);
        self.signaling.clear();
        for node in nodes.iter().filter(|node| node.silent_for < SILENT) {
            let (Some(info), Some(heard)) = (&node.info, now.checked_sub(node.silent_for)) else { continue };
            let seen = |load: MediaLoad| (MediaNode { id: node.id, load, draining: info.draining }, heard);
            self.media.extend(info.media.as_ref().map(|media| seen(media.load)));
            self.signaling.extend(info.signaling.map(seen));
        }
        let is_there = |id: NodeId| self.media.iter().any(|(node, _)| node.id == id);
        // A store that has lost its list says nothing of them.
        if !nodes.is_empty() && before.iter().any(|(node, _)| !node.draining && !is_there(node.id)) {
            self.lost = Some((self.lost_lately(now).saturating_add(1), now));
        }
        self.first = self.media.iter().map(|(node, _)| (node.id, self.first.get(&node.id).copied().unwrap_or(now))).collect();
        self.looked = Some(now);
    }

    /// For how long a media node has to be there before it gets rooms that are served without it. The first loss costs nothing, then each
    /// doubles it.
    fn settled(&self, now: Instant) -> Duration {
        SETTLED.saturating_mul(1 << self.lost_lately(now).saturating_sub(1).min(5)).min(LONGEST)
    }

    fn lost_lately(&self, now: Instant) -> u32 {
        self.lost.filter(|(_, last)| now.saturating_duration_since(*last) < FORGOTTEN).map_or(0, |(lost, _)| lost)
    }

    fn is_suspect(&self, (node, heard): &Heard) -> bool {
        self.suspects.get(&node.id).is_some_and(|since| heard <= since)
    }

    /// Whether a room of this holder had better wait: it was a media node's, all media nodes there are have just let leases run out, and one of
    /// them may only be slow.
    pub(super) fn waits_for_media(&self, holder: Option<NodeId>, now: Instant) -> bool {
        let may_live = |node: &Heard| !node.0.draining && now.saturating_duration_since(node.1) <= LATE;
        let was_medias = holder.is_some_and(|holder| self.media.iter().any(|(node, _)| node.id == holder));
        let all_are_suspect = self.media.iter().filter(|(node, _)| !node.draining).all(|node| self.is_suspect(node));
        was_medias && all_are_suspect && self.media.iter().any(may_live)
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
        let heard = all(&|node| !self.is_suspect(node));
        if heard.is_empty() { all(&|_| true) } else { heard }
    }

    /// The best media node for the room of those that were heard of since then, and have been there for long enough.
    pub(super) fn media_heard_since(&self, room: RoomId, since: Instant) -> Option<NodeId> {
        let looked = self.looked?;
        let settled = self.settled(looked);
        let is_settled =
            |node: &MediaNode| self.first.get(&node.id).is_some_and(|first| looked.saturating_duration_since(*first) >= settled);
        let heard = self.media.iter().filter(|node| node.1 > since && is_settled(&node.0) && !self.is_suspect(node));
        let heard: Vec<MediaNode> = heard.map(|(node, _)| *node).collect();
        ring::choices(room, &heard).into_iter().next()
    }
}
