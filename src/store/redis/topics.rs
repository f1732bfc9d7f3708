//! Publish and subscribe. On a Cluster sharded (`SSUBSCRIBE`), so that a channel's traffic stays on its shard; only [`Topic::All`]
//! goes to every server.
//!
//! A lost connection ends the stream, also that to a single shard, and also when a slot moves away: whoever listens opens another
//! one and reads what it missed from the logs. That is simpler than repair, and there is only one way to be right.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use redis::aio::PubSubSink;
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, ProtocolVersion, PushInfo, PushKind, RedisError, RedisResult, Value};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::link::{CONNECT, PATIENCE, late, weather};
use super::{RedisStore, Shared, keys, locked, wire};
use crate::ids::NodeId;
use crate::store::Result;
use crate::store::topics::{Batch, Heard, News, Subscriber, Subscriptions, Topic, Topics};

/// How many messages that are already there come together.
const BATCH: usize = 512;
/// How many channels one `SUBSCRIBE` names.
const CHUNK: usize = 1000;
/// How many `SSUBSCRIBE` are under way at once: each can name the channels of one slot only.
const AT_ONCE: usize = 64;

impl Shared {
    pub(super) async fn publish_news(&self, news: &News) -> Result<()> {
        self.query(self.publication(&news.topic, &wire::news(&news.body))).await
    }

    fn publication(&self, topic: &Topic, payload: &[u8]) -> Cmd {
        let (command, channel) = self.voice(topic);
        let mut command = redis::cmd(command);
        command.arg(channel).arg(payload);
        command
    }

    /// For each shard the tag of a slot that it serves. Every node computes the same.
    async fn find_probe_tags(&self) -> Result<Vec<u32>> {
        if !self.on_cluster() {
            return Ok(vec![0]);
        }
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let ranges: Vec<Vec<Value>> = self.vital_one(command).await?;
        let mut first_slots: Vec<(u16, String)> = Vec::new();
        for range in ranges {
            let [first, _, Value::Array(master), ..] = &range[..] else { return Err(wire::strange()) };
            let first: u16 = wire::read(first.clone())?;
            let (host, port): (String, u16) = match &master[..] {
                [host, port, ..] => (wire::read(host.clone())?, wire::read(port.clone())?),
                _ => return Err(wire::strange()),
            };
            first_slots.push((first, format!("{host}:{port}")));
        }
        first_slots.sort_unstable();
        let mut seen = HashSet::new();
        first_slots.retain(|(_, master)| seen.insert(master.clone()));
        Ok(first_slots.into_iter().map(|(slot, _)| keys::probe_tag(slot)).collect())
    }
}

#[async_trait]
impl Topics for RedisStore {
    async fn publish(&self, news: &News) -> Result<()> {
        self.shared.publish_news(news).await
    }

    async fn probe(&self, node: NodeId, number: u16) -> Result<()> {
        if locked(&self.shared.probe_tags).is_empty() {
            let tags = self.shared.find_probe_tags().await?;
            *locked(&self.shared.probe_tags) = tags;
        }
        self.shared.vital_one(self.shared.publication(&Topic::Probe(node, number), wire::PROBE)).await
    }

    async fn listen(&self) -> Result<Subscriber> {
        let tags = self.shared.find_probe_tags().await?;
        let probes = u16::try_from(tags.len()).map_err(|_| wire::strange())?;
        *locked(&self.shared.probe_tags) = tags;
        let shared = Arc::clone(&self.shared);
        let (control, batches): (Box<dyn Subscriptions>, BoxStream<'static, Batch>) = if self.shared.on_cluster() {
            let (connection, pushes) = connect_cluster(&self.shared).await?;
            let subscribed = Arc::new(Mutex::new(HashSet::new()));
            let batches = cluster_batches(pushes, Arc::clone(&subscribed));
            (Box::new(ClusterSubscriptions { shared, connection, subscribed }), batches)
        } else {
            let connect = async { self.shared.links.client().await?.get_async_pubsub().await };
            let pubsub = timeout(CONNECT, connect).await.map_err(|_| late())?.map_err(|error| weather(&error))?;
            let (sink, messages) = pubsub.split();
            let batches = messages.ready_chunks(BATCH).map(|messages| {
                messages
                    .into_iter()
                    .filter_map(|message| heard(message.get_channel_name().as_bytes(), message.get_payload_bytes().to_vec()))
                    .collect()
            });
            (Box::new(ServerSubscriptions { shared, sink }), batches.boxed())
        };
        Ok(Subscriber { control, batches, probes })
    }
}

fn heard(channel: &[u8], payload: Vec<u8>) -> Option<Heard> {
    Some(Heard { topic: keys::parse_topic(channel)?, payload: wire::payload(payload)? })
}

/// Waits for an answer to (un)subscribing.
async fn answered(work: impl Future<Output = RedisResult<()>>) -> Result<()> {
    timeout(PATIENCE, work).await.map_err(|_| late())?.map_err(|error| weather(&error))
}

struct ServerSubscriptions {
    shared: Arc<Shared>,
    sink: PubSubSink,
}

impl ServerSubscriptions {
    fn channels(&self, topics: &[Topic]) -> Vec<String> {
        topics.iter().map(|topic| self.shared.voice(topic).1).collect()
    }
}

#[async_trait]
impl Subscriptions for ServerSubscriptions {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<()> {
        for chunk in topics.chunks(CHUNK) {
            let channels = self.channels(chunk);
            answered(self.sink.subscribe(channels)).await?;
        }
        Ok(())
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<()> {
        for chunk in topics.chunks(CHUNK) {
            let channels = self.channels(chunk);
            answered(self.sink.unsubscribe(channels)).await?;
        }
        Ok(())
    }
}

async fn connect_cluster(shared: &Shared) -> Result<(ClusterConnection, mpsc::UnboundedReceiver<PushInfo>)> {
    let (sender, pushes) = mpsc::unbounded_channel();
    let options = |builder: redis::cluster::ClusterClientBuilder| {
        builder.use_protocol(ProtocolVersion::RESP3).push_sender(sender).response_timeout(PATIENCE)
    };
    let client = shared.links.cluster(options).map_err(|error| weather(&error))?;
    let connection = timeout(CONNECT, client.get_async_connection()).await.map_err(|_| late())?.map_err(|error| weather(&error))?;
    Ok((connection, pushes))
}

/// What we are subscribed to on a Cluster, by pub/sub channel.
type Subscribed = Arc<Mutex<HashSet<Vec<u8>>>>;

fn cluster_batches(pushes: mpsc::UnboundedReceiver<PushInfo>, subscribed: Subscribed) -> BoxStream<'static, Batch> {
    let state = Some((pushes, subscribed));
    stream::unfold(state, |state| async move {
        let (mut pushes, subscribed) = state?;
        let mut arrived = Vec::new();
        if pushes.recv_many(&mut arrived, BATCH).await == 0 {
            return None;
        }
        let mut batch = Batch::new();
        for push in arrived {
            match (push.kind, &mut push.data.into_iter()) {
                (PushKind::SMessage | PushKind::Message, words) => {
                    if let (Some(Value::BulkString(channel)), Some(Value::BulkString(payload))) = (words.next(), words.next()) {
                        batch.extend(heard(&channel, payload));
                    }
                }
                (PushKind::Disconnection, _) => return Some((batch, None)),
                // Not by our wish: the channel's slot has moved to another server.
                (PushKind::SUnsubscribe, words) => {
                    if let Some(Value::BulkString(channel)) = words.next()
                        && locked(&subscribed).contains(&channel)
                    {
                        return Some((batch, None));
                    }
                }
                _ => {}
            }
        }
        Some((batch, Some((pushes, subscribed))))
    })
    .filter(|batch| std::future::ready(!batch.is_empty()))
    .boxed()
}

struct ClusterSubscriptions {
    shared: Arc<Shared>,
    connection: ClusterConnection,
    subscribed: Subscribed,
}

impl ClusterSubscriptions {
    async fn change(&self, topics: &[Topic], on: bool) -> Result<()> {
        let changes = topics.iter().map(|topic| {
            let (command, channel) = self.shared.voice(topic);
            let mut connection = self.connection.clone();
            async move {
                match (command, on) {
                    ("SPUBLISH", true) => connection.ssubscribe(&channel).await,
                    ("SPUBLISH", false) => connection.sunsubscribe(&channel).await,
                    (_, true) => connection.subscribe(&channel).await,
                    (_, false) => connection.unsubscribe(&channel).await,
                }
            }
        });
        answered(stream::iter(changes).map(Ok::<_, RedisError>).try_for_each_concurrent(AT_ONCE, |change| change)).await
    }

    fn names(&self, topics: &[Topic]) -> Vec<Vec<u8>> {
        topics.iter().map(|topic| self.shared.voice(topic).1.into_bytes()).collect()
    }
}

#[async_trait]
impl Subscriptions for ClusterSubscriptions {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<()> {
        self.change(topics, true).await?;
        let names = self.names(topics);
        locked(&self.subscribed).extend(names);
        Ok(())
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<()> {
        let names = self.names(topics);
        {
            let mut subscribed = locked(&self.subscribed);
            for name in &names {
                subscribed.remove(name);
            }
        }
        self.change(topics, false).await
    }
}

impl Drop for ClusterSubscriptions {
    fn drop(&mut self) {
        locked(&self.subscribed).clear();
    }
}
