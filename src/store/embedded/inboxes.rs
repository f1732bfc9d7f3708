//! Letters between nodes, of which there is but one.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::EmbeddedStore;
use crate::ids::NodeId;
use crate::store::nodes::{Capacity, Delivered, Letter};
use crate::store::{Inboxes, Result, StoreError};

#[derive(Default)]
pub(super) struct Letters {
    inboxes: HashMap<NodeId, Inbox>,
}

#[derive(Default)]
struct Inbox {
    newest: u64,
    letters: VecDeque<(u64, Bytes)>,
}

impl Letters {
    pub(super) fn discard(&mut self, node: NodeId) {
        self.inboxes.remove(&node);
    }

    fn behind(&self, node: NodeId, cursor: u64, limit: usize) -> Vec<Letter> {
        let Some(inbox) = self.inboxes.get(&node) else { return Vec::new() };
        let start = inbox.letters.partition_point(|(number, _)| *number <= cursor);
        let letters = inbox.letters.iter().skip(start).take(limit);
        letters.map(|(number, body)| Letter { cursor: number.to_string(), body: body.clone() }).collect()
    }
}

fn parse(cursor: &str) -> Result<u64> {
    match cursor {
        "" => Ok(0),
        cursor => cursor.parse().map_err(|_| StoreError::Corrupt(format!("{cursor:?} is no place in an inbox"))),
    }
}

#[async_trait]
impl Inboxes for EmbeddedStore {
    async fn deliver(&self, to: NodeId, letters: &[Bytes], capacity: Capacity) -> Result<Delivered> {
        let mut state = self.memory.lock();
        if !state.nodes.is_alive(to) {
            return Ok(Delivered::NoSuchNode);
        }
        let inbox = state.letters.inboxes.entry(to).or_default();
        let bytes: usize = inbox.letters.iter().map(|(_, body)| body).chain(letters).map(Bytes::len).sum();
        if inbox.letters.len() + letters.len() > capacity.letters || bytes > capacity.bytes {
            return Ok(Delivered::Full);
        }
        for body in letters {
            inbox.newest += 1;
            inbox.letters.push_back((inbox.newest, body.clone()));
        }
        drop(state);
        self.memory.delivered.notify_waiters();
        Ok(Delivered::Done)
    }

    async fn collect(&self, node: NodeId, cursor: &str, limit: usize, wait: Duration) -> Result<Vec<Letter>> {
        let cursor = parse(cursor)?;
        let deadline = Instant::now() + wait;
        loop {
            let mut delivered = std::pin::pin!(self.memory.delivered.notified());
            // From here on no delivery is missed, also one that comes between the look and the wait.
            delivered.as_mut().enable();
            let letters = self.memory.lock().letters.behind(node, cursor, limit);
            if !letters.is_empty() || timeout_at(deadline, delivered).await.is_err() {
                return Ok(letters);
            }
        }
    }

    async fn trim_inbox(&self, node: NodeId, cursor: &str) -> Result<()> {
        let cursor = parse(cursor)?;
        if let Some(inbox) = self.memory.lock().letters.inboxes.get_mut(&node) {
            let handed_over = inbox.letters.partition_point(|(number, _)| *number <= cursor);
            inbox.letters.drain(..handed_over);
        }
        Ok(())
    }
}
