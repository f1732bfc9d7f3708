//! Topics within the process: every listener has a bounded queue of batches.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::EmbeddedStore;
use crate::ids::NodeId;
use crate::store::topics::{Batch, Heard, News, Payload, Subscriber, Subscriptions, Topic, Topics};
use crate::store::{Result, StoreError};

/// Batches that may wait for a listener. One that is further behind loses its connection, as it would with Redis.
const QUEUE: usize = 1024;
/// Waiting batches are joined up to about this many messages.
const JOINED: usize = 1024;

/// Who listens to what.
#[derive(Default)]
pub(super) struct Switchboard {
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    next: u64,
    open: Vec<Line>,
}

struct Line {
    number: u64,
    topics: HashSet<Topic>,
    queue: mpsc::Sender<Batch>,
}

impl Switchboard {
    /// Hands each listener its part of this, in order and at once.
    pub(super) fn publish(&self, heard: &[Heard]) {
        if heard.is_empty() {
            return;
        }
        self.lock().open.retain(|line| {
            let batch: Batch = heard.iter().filter(|heard| line.topics.contains(&heard.topic)).cloned().collect();
            batch.is_empty() || line.queue.try_send(batch).is_ok()
        });
    }

    pub(super) fn publish_news(&self, news: &News) {
        self.publish(&[heard(news)]);
    }

    fn open(&self) -> (u64, mpsc::Receiver<Batch>) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let mut lines = self.lock();
        lines.next += 1;
        let number = lines.next;
        lines.open.push(Line { number, topics: HashSet::new(), queue });
        (number, receiver)
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut HashSet<Topic>)) -> Result<()> {
        let mut lines = self.lock();
        let line = lines.open.iter_mut().find(|line| line.number == number);
        change(&mut line.ok_or_else(|| StoreError::Unavailable("the subscriber connection was lost".to_owned()))?.topics);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// News as a listener hears it.
pub(super) fn heard(news: &News) -> Heard {
    Heard { topic: news.topic, payload: Payload::News(news.body.clone()) }
}

/// The controlling half of a listener.
struct Control {
    number: u64,
    switchboard: Arc<Switchboard>,
}

#[async_trait]
impl Subscriptions for Control {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<()> {
        self.switchboard.change(self.number, |subscribed| subscribed.extend(topics))
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<()> {
        self.switchboard.change(self.number, |subscribed| topics.iter().for_each(|topic| _ = subscribed.remove(topic)))
    }
}

#[async_trait]
impl Topics for EmbeddedStore {
    async fn publish(&self, news: &News) -> Result<()> {
        self.switchboard.publish_news(news);
        Ok(())
    }

    async fn probe(&self, node: NodeId, number: u16) -> Result<()> {
        self.switchboard.publish(&[Heard { topic: Topic::Probe(node, number), payload: Payload::Probe }]);
        Ok(())
    }

    async fn listen(&self) -> Result<Subscriber> {
        let (number, queue) = self.switchboard.open();
        let batches = stream::unfold(queue, |mut queue| async move {
            let mut batch = queue.recv().await?;
            while batch.len() < JOINED {
                let Ok(more) = queue.try_recv() else { break };
                batch.extend(more);
            }
            Some((batch, queue))
        });
        let control = Box::new(Control { number, switchboard: Arc::clone(&self.switchboard) });
        Ok(Subscriber { control, batches: batches.boxed(), probes: 1 })
    }
}
