//! The node's one subscriber connection: keeps it, keeps what is subscribed to across reconnects, and notices when it
//! hears nothing any more, although nothing is reported broken: every second the node publishes a probe and must hear it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::{info, warn};

use crate::ids::NodeId;
use crate::metrics::Metrics;
use crate::store::topics::{Batch, Payload, Subscriber, Subscriptions, Topic};
use crate::store::{Store, StoreError};

/// How often a probe is published.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// When so many probes were sent and none was heard, the connection is given up. Counted, not timed: a node that stood still sent
/// none, and is not deaf for that.
const UNHEARD: u32 = 3;
/// Changing subscriptions takes one round trip.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(3);
/// How long somebody who subscribes waits, reconnects included.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(5);
/// At most so many topics in one command.
const TOPICS_PER_COMMAND: usize = 500;

/// Who gets what the bus hears. Both calls must be quick.
pub trait Ear: Send + Sync + 'static {
    /// What came in one read.
    fn heard(&self, batch: Batch);

    /// The subscriptions stand again after a break: what was published in between was missed.
    fn reconnected(&self);
}

enum Command {
    Subscribe(Topic, Option<oneshot::Sender<()>>),
    Unsubscribe(Topic),
    /// Another connection is wanted.
    Renew(oneshot::Sender<()>),
}

/// Handle to the bus; clones share it.
#[derive(Clone)]
pub struct Bus {
    commands: mpsc::UnboundedSender<Command>,
    hearing: Arc<AtomicBool>,
}

/// The half of the bus that runs.
pub struct BusTask {
    node: NodeId,
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    commands: mpsc::UnboundedReceiver<Command>,
    hearing: Arc<AtomicBool>,
    /// How many want each topic.
    wanted: HashMap<Topic, usize>,
    /// Answers owed as soon as a topic stands.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Bus {
    /// A bus and its task, which is to be spawned with [`BusTask::run`].
    #[must_use]
    pub fn new(node: NodeId, store: Arc<dyn Store>, metrics: Arc<Metrics>) -> (Self, BusTask) {
        let (sender, commands) = mpsc::unbounded_channel();
        let hearing = Arc::new(AtomicBool::new(false));
        let task = BusTask { node, store, metrics, commands, hearing: hearing.clone(), wanted: HashMap::new(), waiting: Vec::new() };
        (Self { commands: sender, hearing }, task)
    }

    /// Subscribes; when it returns, everything published from now on is heard. Each call wants one [`Bus::unsubscribe`], also a failed one.
    pub async fn subscribe(&self, topic: Topic) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let deaf = || StoreError::Unavailable("the subscriber connection is down".to_owned());
        self.commands.send(Command::Subscribe(topic, Some(done))).map_err(|_| deaf())?;
        timeout(SUBSCRIBE_TIMEOUT, answer).await.ok().and_then(Result::ok).ok_or_else(deaf)
    }

    /// Waits until what concerns all nodes is heard.
    pub async fn connected(&self) {
        loop {
            let heard = self.subscribe(Topic::All).await.is_ok();
            self.unsubscribe(Topic::All);
            if heard || self.commands.is_closed() {
                return;
            }
        }
    }

    /// Takes one wish for a topic back.
    pub fn unsubscribe(&self, topic: Topic) {
        let _ = self.commands.send(Command::Unsubscribe(topic));
    }

    /// Gives the connection up and opens another; when it returns, nothing more is heard of a server that is not in charge any more.
    pub async fn renew(&self) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let deaf = || StoreError::Unavailable("the subscriber connection is down".to_owned());
        self.commands.send(Command::Renew(done)).map_err(|_| deaf())?;
        timeout(SUBSCRIBE_TIMEOUT, answer).await.ok().and_then(Result::ok).ok_or_else(deaf)
    }

    /// Whether the last probe was heard.
    #[must_use]
    pub fn is_hearing(&self) -> bool {
        self.hearing.load(Ordering::Relaxed)
    }
}

impl BusTask {
    /// Runs until every handle is gone.
    pub async fn run(mut self, ear: Arc<dyn Ear>) {
        self.wanted.insert(Topic::All, 1);
        let mut first = true;
        loop {
            match self.connect().await {
                Ok((control, batches, probes)) => {
                    if !first {
                        info!("subscriber connection restored");
                        self.metrics.bus_reconnects.inc();
                        ear.reconnected();
                    }
                    first = false;
                    let why = self.listen(control, batches, probes, ear.as_ref()).await;
                    self.hearing.store(false, Ordering::Relaxed);
                    match why {
                        Some(why) => warn!(why, "subscriber connection lost"),
                        None => return,
                    }
                }
                Err(error) => {
                    warn!(%error, "no subscriber connection");
                    // Whoever wants to subscribe meanwhile is answered when the connection stands.
                    sleep(Duration::from_millis(300)).await;
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<(Box<dyn Subscriptions>, BoxStream<'static, Batch>, u16), StoreError> {
        let Subscriber { mut control, batches, probes } = timeout(CONTROL_TIMEOUT, self.store.listen()).await.map_err(slow)??;
        let mut topics: Vec<Topic> = (0..probes).map(|number| Topic::Probe(self.node, number)).collect();
        topics.extend(self.wanted.keys());
        for chunk in topics.chunks(TOPICS_PER_COMMAND) {
            timeout(CONTROL_TIMEOUT, control.subscribe(chunk)).await.map_err(slow)??;
        }
        for done in self.waiting.drain(..) {
            let _ = done.send(());
        }
        Ok((control, batches, probes))
    }

    /// Reads until the connection is lost (and says why) or the bus is not needed any more.
    async fn listen(
        &mut self,
        mut control: Box<dyn Subscriptions>,
        mut batches: BoxStream<'static, Batch>,
        probes: u16,
        ear: &dyn Ear,
    ) -> Option<&'static str> {
        let mut unheard = vec![0_u32; usize::from(probes)];
        let mut tick = interval(PROBE_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                batch = batches.next() => {
                    let Some(mut batch) = batch else { return Some("the connection ended") };
                    batch.retain(|one| match (&one.payload, one.topic) {
                        (Payload::Probe, Topic::Probe(_, number)) => {
                            if let Some(count) = unheard.get_mut(usize::from(number)) { *count = 0; }
                            self.hearing.store(true, Ordering::Relaxed);
                            false
                        }
                        _ => true,
                    });
                    if !batch.is_empty() { ear.heard(batch); }
                }
                command = self.commands.recv() => {
                    let mut commands = vec![command?];
                    while let Ok(command) = self.commands.try_recv() { commands.push(command); }
                    let renewal = commands.iter().any(|command| matches!(command, Command::Renew(_)));
                    let (added, removed) = self.note(commands);
                    if renewal { return Some("another one is wanted"); }
                    if !self.change(&added, &removed, control.as_mut()).await { return Some("subscriptions could not be changed"); }
                }
                _ = tick.tick() => {
                    if unheard.iter().any(|count| *count >= UNHEARD) { return Some("the node does not hear its own probe"); }
                    unheard.iter_mut().for_each(|count| *count += 1);
                    let (store, node) = (self.store.clone(), self.node);
                    // Not awaited: a store that does not answer must not keep this connection from being read.
                    tokio::spawn(async move { for number in 0..probes { if store.probe(node, number).await.is_err() { break; } } });
                }
            }
        }
    }

    /// Notes what is asked for; answers the topics to be added and to be removed.
    fn note(&mut self, commands: Vec<Command>) -> (Vec<Topic>, Vec<Topic>) {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for command in commands {
            match command {
                Command::Subscribe(topic, done) => {
                    let count = self.wanted.entry(topic).or_default();
                    *count += 1;
                    if *count == 1 {
                        removed.retain(|other| *other != topic);
                        added.push(topic);
                    }
                    self.waiting.extend(done);
                }
                Command::Unsubscribe(topic) => {
                    if let Some(count) = self.wanted.get_mut(&topic) {
                        *count -= 1;
                        if *count == 0 {
                            self.wanted.remove(&topic);
                            added.retain(|other| *other != topic);
                            removed.push(topic);
                        }
                    }
                }
                Command::Renew(done) => self.waiting.push(done),
            }
        }
        (added, removed)
    }

    /// Changes subscriptions, in one command each way.
    async fn change(&mut self, added: &[Topic], removed: &[Topic], control: &mut dyn Subscriptions) -> bool {
        for (topics, add) in [(removed, false), (added, true)] {
            for chunk in topics.chunks(TOPICS_PER_COMMAND) {
                let change = if add { control.subscribe(chunk) } else { control.unsubscribe(chunk) };
                match timeout(CONTROL_TIMEOUT, change).await {
                    Ok(Ok(())) => {}
                    _ => return false,
                }
            }
        }
        for done in self.waiting.drain(..) {
            let _ = done.send(());
        }
        true
    }
}

fn slow(_: tokio::time::error::Elapsed) -> StoreError {
    StoreError::Unavailable("the store did not answer in time".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};

    struct Deaf;

    impl Ear for Deaf {
        fn heard(&self, _: Batch) {}

        fn reconnected(&self) {}
    }

    /// One thread runs everything here, so while it is blocked the whole node stands still.
    #[tokio::test]
    async fn a_node_that_stood_still_keeps_its_connection() {
        let folder = tempfile::tempdir().unwrap();
        let settings = EmbeddedSettings { dir: folder.path().to_owned(), history_max: 1, history_max_age: None };
        let store = Arc::new(EmbeddedStore::open(settings).unwrap());
        let metrics = Metrics::new();
        let (bus, task) = Bus::new(NodeId::random(), store, metrics.clone());
        tokio::spawn(task.run(Arc::new(Deaf)));
        let hears = async {
            while !bus.is_hearing() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(60), hears).await.unwrap();
        std::thread::sleep(PROBE_EVERY * (UNHEARD + 1));
        // All that was due has its turn before this is over.
        sleep(Duration::from_millis(100)).await;
        assert!(bus.is_hearing());
        assert_eq!(metrics.bus_reconnects.get(), 0);
    }
}
