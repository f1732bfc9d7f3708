//! The registry of nodes. There is but one, in this process; the rules are the same as with many.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;

use super::{EmbeddedStore, clock::until};
use crate::ids::{Micros, NodeId};
use crate::store::nodes::{Beat, Holding, Node, NodeInfo};
use crate::store::{Registry, Result};

#[derive(Default)]
pub(super) struct Nodes {
    registered: HashMap<NodeId, Registered>,
    /// Declared dead, buried or not; a node's identifier is never used again.
    dead: HashSet<NodeId>,
    holdings: HashMap<NodeId, HashSet<Holding>>,
    reaper: Option<(NodeId, Micros)>,
}

struct Registered {
    last_beat: Micros,
    info: NodeInfo,
}

impl Nodes {
    pub(super) fn hold(&mut self, node: NodeId, holding: Holding) {
        self.holdings.entry(node).or_default().insert(holding);
    }

    pub(super) fn release(&mut self, node: NodeId, released: &[Holding]) {
        let Some(holdings) = self.holdings.get_mut(&node) else { return };
        for holding in released {
            holdings.remove(holding);
        }
        if holdings.is_empty() {
            self.holdings.remove(&node);
        }
    }

    /// Whether letters may be sent to it.
    pub(super) fn is_alive(&self, node: NodeId) -> bool {
        self.registered.contains_key(&node) && !self.dead.contains(&node)
    }
}

#[async_trait]
impl Registry for EmbeddedStore {
    async fn beat(&self, node: NodeId, info: &NodeInfo) -> Result<Beat> {
        let mut state = self.memory.lock();
        if state.nodes.dead.contains(&node) {
            return Ok(Beat::Reaped);
        }
        let beat = Registered { last_beat: self.clock.now(), info: info.clone() };
        Ok(if state.nodes.registered.insert(node, beat).is_none() { Beat::Entered } else { Beat::Alive })
    }

    async fn retire(&self, node: NodeId) -> Result<()> {
        let mut state = self.memory.lock();
        state.nodes.registered.remove(&node);
        state.letters.discard(node);
        Ok(())
    }

    async fn nodes(&self) -> Result<(Vec<Node>, Micros)> {
        let now = self.clock.now();
        let state = self.memory.lock();
        let nodes = state.nodes.registered.iter().map(|(id, registered)| Node {
            id: *id,
            silent_for: until(now, registered.last_beat),
            info: Some(registered.info.clone()),
        });
        Ok((nodes.collect(), now))
    }

    async fn lease_reaper(&self, node: NodeId, ttl: Duration) -> Result<bool> {
        let now = self.clock.now();
        let reaper = &mut self.memory.lock().nodes.reaper;
        if reaper.is_some_and(|(holder, expires)| holder != node && expires > now) {
            return Ok(false);
        }
        *reaper = Some((node, now.plus(ttl)));
        Ok(true)
    }

    async fn declare_dead(&self, node: NodeId, silent_for: Duration) -> Result<bool> {
        let now = self.clock.now();
        let nodes = &mut self.memory.lock().nodes;
        if nodes.registered.get(&node).is_some_and(|registered| until(now, registered.last_beat) >= silent_for) {
            nodes.dead.insert(node);
        }
        Ok(nodes.dead.contains(&node))
    }

    async fn holdings(&self, node: NodeId, limit: usize) -> Result<Vec<Holding>> {
        let state = self.memory.lock();
        Ok(state.nodes.holdings.get(&node).into_iter().flatten().take(limit).copied().collect())
    }

    async fn release(&self, node: NodeId, holdings: &[Holding]) -> Result<()> {
        self.memory.lock().nodes.release(node, holdings);
        Ok(())
    }

    async fn bury(&self, node: NodeId) -> Result<()> {
        let mut state = self.memory.lock();
        state.nodes.registered.remove(&node);
        state.nodes.holdings.remove(&node);
        state.letters.discard(node);
        Ok(())
    }
}
