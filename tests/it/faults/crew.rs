//! Many people in the general channel who write at the same time, each waiting for an acknowledgement before the next message.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::client::{Client, text, texts};
use crate::support::node::{Node, Settings};

/// What a request is told while Redis is away.
pub const UNAVAILABLE: u64 = 17;
/// How long a storm may last.
const PATIENCE: Duration = Duration::from_secs(120);

/// So many nodes that share a Redis, without limits.
pub async fn nodes(count: usize, settings: &Settings) -> Vec<Node> {
    let settings = settings.clone().with("RATE_MESSAGES", 0);
    join_all((0..count).map(|_| Node::start(&settings))).await
}

/// Blocks this test, not the others, for something that takes its time.
pub fn wait_for<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// People who write until they are stopped.
pub struct Crew {
    writers: Vec<JoinHandle<Writer>>,
    told: Arc<Told>,
}

#[derive(Default)]
struct Told {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
    refusals: Mutex<Vec<String>>,
}

/// One of them, afterwards.
pub struct Writer {
    pub client: Client,
    /// The epoch that the channel had when they joined.
    pub epoch: u64,
    /// What they wrote and got back, in order.
    pub acknowledged: Vec<String>,
    /// What they were told to try again.
    pub refused: Vec<String>,
    /// The connection ended before the answer.
    pub unanswered: Vec<String>,
}

impl Crew {
    /// So many guests, one node after another.
    pub async fn write(nodes: &[Node], count: usize) -> Self {
        let told = Arc::new(Told::default());
        let writers = join_all((0..count).map(|index| Writer::join(&nodes[index % nodes.len()]))).await;
        let write = |(index, writer): (usize, Writer)| tokio::spawn(writer.write(index, Arc::clone(&told)));
        Self { writers: writers.into_iter().enumerate().map(write).collect(), told }
    }

    /// Waits until so many more messages are acknowledged.
    pub async fn acknowledged(&self, more: usize) {
        self.reach("acknowledged", more, &self.told.acknowledged).await;
    }

    /// Waits until so many more messages are refused.
    pub async fn refused(&self, more: usize) {
        self.reach("refused", more, &self.told.refused).await;
    }

    /// What was refused so far.
    pub fn refusals(&self) -> Vec<String> {
        self.told.refusals.lock().unwrap().clone()
    }

    async fn reach(&self, what: &str, more: usize, count: &AtomicUsize) {
        let goal = count.load(Ordering::Relaxed) + more;
        let reached = async {
            while count.load(Ordering::Relaxed) < goal {
                // Somebody failed: say so, rather than wait.
                assert!(!self.writers.iter().any(JoinHandle::is_finished), "somebody stopped writing");
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("never {more} more messages {what}"));
    }

    /// They stop writing; answers all once everybody has an answer to everything.
    pub async fn stop(self) -> Vec<Writer> {
        self.told.stop.store(true, Ordering::Relaxed);
        let writers = timeout(PATIENCE, join_all(self.writers)).await.expect("somebody hangs");
        writers.into_iter().map(|writer| writer.expect("nobody fails")).collect()
    }
}

impl Writer {
    async fn join(node: &Node) -> Self {
        let mut client = Client::guest(node).await;
        let epoch = client.ask("channelJoin", json!({ "recipientUUID": "" })).await["epoch"].as_u64().unwrap();
        Self { client, epoch, acknowledged: Vec::new(), refused: Vec::new(), unanswered: Vec::new() }
    }

    async fn write(mut self, index: usize, told: Arc<Told>) -> Self {
        let mut number = 0;
        while !told.stop.load(Ordering::Relaxed) {
            // People think between two messages; a loop would measure the machine.
            sleep(Duration::from_millis(20)).await;
            if !self.client.is_open() {
                continue;
            }
            number += 1;
            let words = format!("{index}: {number}");
            match self.client.try_request("channelMessage", json!({ "recipientUUID": "", "message": words })).await {
                Some(answer) if answer["type"] == "channelMessage" => {
                    told.acknowledged.fetch_add(1, Ordering::Relaxed);
                    self.acknowledged.push(words);
                }
                Some(answer) => {
                    assert_eq!(answer["error"]["code"], UNAVAILABLE, "{answer}");
                    told.refusals.lock().unwrap().push(words.clone());
                    told.refused.fetch_add(1, Ordering::Relaxed);
                    self.refused.push(words);
                }
                None => self.unanswered.push(words),
            }
        }
        self
    }
}

/// Everything that anybody got back.
pub fn acknowledged(crew: &[Writer]) -> HashSet<String> {
    crew.iter().flat_map(|writer| writer.acknowledged.iter().cloned()).collect()
}

/// Somebody says the last word; when this returns, everybody has heard it, and so everything before it.
pub async fn last_word(crew: &mut [Writer]) {
    crew[0].client.say("", "the last word").await;
    for writer in &crew[1..] {
        writer.client.hears("the last word").await;
    }
}

/// Everybody has the same messages, each once, with numbers without a gap, and among them everything that was acknowledged.
pub fn all_have_the_same(crew: &[Writer]) {
    let acknowledged = acknowledged(crew);
    let histories: Vec<_> = crew.iter().map(|writer| numbered(&writer.client.messages())).collect();
    let last = histories.iter().filter_map(|history| history.last_key_value()).map(|(seq, _)| *seq).max().unwrap();
    for (writer, history) in crew.iter().zip(&histories) {
        let messages = writer.client.messages();
        assert_eq!(messages.len(), history.len(), "a number came twice");
        let said: HashSet<String> = texts(&messages).into_iter().collect();
        assert_eq!(said.len(), messages.len(), "a message came twice");
        // Who joined a moment later has the first ones from their answer.
        let first = *history.first_key_value().unwrap().0;
        assert!(history.keys().copied().eq(first..=last), "a number is missing: {:?}", history.keys());
        for (seq, uuid) in history {
            assert!(histories.iter().all(|other| other.get(seq).is_none_or(|known| known == uuid)), "{seq} names two messages");
        }
        let missed: Vec<_> = acknowledged.difference(&said).collect();
        assert!(missed.is_empty(), "acknowledged, but not delivered: {missed:?}");
        in_order_of_each_sender(&messages);
    }
}

/// No number names two messages within an epoch, whoever was told.
pub fn no_number_names_two_messages(crew: &[Writer]) {
    let mut named: BTreeMap<(u64, u64), String> = BTreeMap::new();
    for writer in crew {
        let mut epoch = writer.epoch;
        for frame in writer.client.received() {
            if frame["type"] == "channelReset" {
                epoch = frame["channelReset"]["epoch"].as_u64().unwrap();
            } else if frame["type"] == "channelMessage" {
                let message = &frame["channelMessage"];
                let (seq, uuid) = (message["Seq"].as_u64().unwrap(), text(&message["UUID"]));
                let known = named.entry((epoch, seq)).or_insert_with(|| uuid.clone());
                assert_eq!(*known, uuid, "in epoch {epoch}, {seq} names two messages");
            }
        }
    }
}

/// Number to UUID.
fn numbered(messages: &[Value]) -> BTreeMap<u64, String> {
    messages.iter().map(|message| (message["Seq"].as_u64().unwrap(), text(&message["UUID"]))).collect()
}

fn in_order_of_each_sender(messages: &[Value]) {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for words in texts(messages) {
        let Some((writer, number)) = words.split_once(": ") else { continue };
        let number = number.parse().unwrap();
        let before = last.insert(writer.to_owned(), number);
        assert!(before.is_none_or(|before| before < number), "{words:?} after {before:?}");
    }
}
