//! Removes what dead nodes held. One survivor at a time does it, and only one that has itself been in contact with the store
//! for as long as it takes to be declared dead: who was cut off must not bury those who were not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use tokio::time::Instant;
use tracing::{info, warn};

use super::relay::Relay;
use crate::ids::{NodeId, SessionRef};
use crate::metrics::Metrics;
use crate::store::nodes::Holding;
use crate::store::record::{self, NewsRecord, Person, meshes};
use crate::store::topics::{News, Topic};
use crate::store::{Result, Store};

/// A node that was silent for so long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(6);
/// How long the lease on reaping lasts.
const LEASE: Duration = Duration::from_secs(4);
/// Holdings removed between two looks at the lease.
const BATCH: usize = 500;
/// So many are removed at once: a node may hold tens of thousands, and all must be gone soon.
const CONCURRENT: usize = 32;

pub(super) struct Reaper {
    node: NodeId,
    store: Arc<dyn Store>,
    relay: Arc<Relay>,
    metrics: Arc<Metrics>,
}

impl Reaper {
    pub(super) fn new(node: NodeId, store: Arc<dyn Store>, relay: Arc<Relay>, metrics: Arc<Metrics>) -> Self {
        Self { node, store, relay, metrics }
    }

    /// Looks for dead nodes and buries them, if it is this node's turn. `contact`: since when this node has been in
    /// contact with the store without a break.
    pub(super) async fn reap(&self, contact: Option<Instant>) {
        if contact.is_none_or(|since| since.elapsed() < DEAD_AFTER) {
            return;
        }
        if let Err(error) = self.try_reap().await {
            warn!(%error, "reaping was interrupted");
        }
    }

    async fn try_reap(&self) -> Result<()> {
        let looked = Instant::now();
        let (nodes, _) = self.store.nodes().await?;
        let dead: Vec<_> = nodes.into_iter().filter(|node| node.silent_for > DEAD_AFTER && node.id != self.node).collect();
        if dead.is_empty() || !self.store.lease_reaper(self.node, LEASE).await? {
            return Ok(());
        }
        for node in dead {
            // This node may have stood still since, and the other with it, or have been busy clearing away: it looks again.
            if looked.elapsed() > DEAD_AFTER / 2 {
                return Ok(());
            }
            if self.store.declare_dead(node.id, DEAD_AFTER).await? {
                info!(node = %node.id, silent_for = ?node.silent_for, "a node is dead");
                if !self.clear(node.id).await? {
                    return Ok(());
                }
                self.relay.answer_for(node.id).await?;
                self.store.bury(node.id).await?;
                self.metrics.nodes_reaped.inc();
            }
        }
        Ok(())
    }

    /// Removes everything the node held; `false` if another node took over half-way.
    async fn clear(&self, dead: NodeId) -> Result<bool> {
        loop {
            let holdings = self.store.holdings(dead, BATCH).await?;
            if holdings.is_empty() {
                return Ok(true);
            }
            if !self.store.lease_reaper(self.node, LEASE).await? {
                return Ok(false);
            }
            futures_util::stream::iter(&holdings)
                .map(Ok)
                .try_for_each_concurrent(CONCURRENT, |holding| self.remove(dead, *holding))
                .await?;
            // Removing strikes off what was there; this is for what was gone already.
            self.store.release(dead, &holdings).await?;
        }
    }

    async fn remove(&self, dead: NodeId, holding: Holding) -> Result<()> {
        match holding {
            Holding::Presence(user, session) => {
                let Some(account) = self.store.users(&[user]).await?.into_iter().flatten().next() else { return Ok(()) };
                let news = NewsRecord::Online { who: Person { id: user, name: account.username }, online: false };
                let news = News { topic: Topic::All, body: record::encode(&news) };
                self.store.depart(user, SessionRef { node: dead, session }, &news).await?;
            }
            Holding::Member(channel, session) => {
                let at = SessionRef { node: dead, session };
                let Some(member) = self.store.member(channel, at).await? else { return Ok(()) };
                let today = match member.number {
                    Some(_) => self.store.users(&[member.user]).await?.into_iter().flatten().next(),
                    None => None,
                };
                let name = today.map_or_else(|| member.username.clone(), |user| user.username);
                let news = News { topic: Topic::Channel(channel), body: record::encode(&member.departure(name)) };
                self.store.leave(channel, at, &news).await?;
            }
            Holding::Peer(mesh, session) => {
                self.store.leave_mesh(mesh, SessionRef { node: dead, session }, &meshes::gone(mesh, session)).await?;
            }
        }
        Ok(())
    }
}
