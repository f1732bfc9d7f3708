//! Which local sessions get what: channels ([`super::live`]), users and everybody ([`super::crowd`]).

mod followers;
mod meshes;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tokio::time::sleep;
use tracing::{error, warn};

use self::followers::Followers;
use super::bus::{Bus, Ear};
use super::crowd::Crowd;
use super::listener::Listener;
use super::live::{Live, Reading, Roles, Wants};
use super::lock;
use super::memory::Memory;
use crate::ids::{ChannelId, Epoch, MeshId, MessageId, NodeId, Position, RoomId, SessionId, UserId};
use crate::metrics::Metrics;
use crate::store::channels::{Entry, Head, Known, Member, Stored};
use crate::store::record::{self, Decoded, NewsRecord};
use crate::store::topics::{Batch, Heard, Payload, Topic};
use crate::store::{Result, Store, StoreError};

/// Entries read from the log at once.
const TAIL_LIMIT: usize = 200;
/// Channels that are read from the log at once after a break.
const CONCURRENT_READS: usize = 32;
/// Between two attempts to read the log.
const RETRY: Duration = Duration::from_millis(250);

/// A channel that is live on this node.
struct Channel {
    id: ChannelId,
    /// Set once the topic is subscribed to and the log's end is known.
    ready: OnceCell<()>,
    live: Mutex<Live>,
    /// How often there was news of its call.
    calls_heard: AtomicU64,
    /// Somebody here was told of a call there, and may think that it still goes on.
    had_call: AtomicBool,
}

impl Channel {
    fn new(id: ChannelId) -> Self {
        let (ready, live) = (OnceCell::new(), Mutex::default());
        Self { id, ready, live, calls_heard: AtomicU64::default(), had_call: AtomicBool::default() }
    }
}

/// The node's local distribution. Shared by everything that has sessions.
pub struct Hub {
    node: NodeId,
    store: Arc<dyn Store>,
    bus: Bus,
    metrics: Arc<Metrics>,
    channels: Mutex<HashMap<ChannelId, Arc<Channel>>>,
    followers: Followers<UserId>,
    meshes: Followers<MeshId>,
    /// What is known of channels that are not live here.
    memory: Mutex<Memory>,
    crowd: Crowd,
}

impl Hub {
    /// A hub with nobody in it.
    #[must_use]
    pub fn new(node: NodeId, store: Arc<dyn Store>, bus: Bus, metrics: Arc<Metrics>) -> Arc<Self> {
        let crowd = Crowd::new();
        Arc::new(Self {
            node,
            store,
            bus,
            metrics,
            channels: Mutex::default(),
            followers: Followers::default(),
            meshes: Followers::default(),
            memory: Mutex::default(),
            crowd,
        })
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Everybody on this node, and who looks at whom.
    #[must_use]
    pub fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// Makes the channel live on this node, so that nothing published from now on is missed. Then the caller reads what it
    /// wants from the log and calls [`Hub::enter`] with the head it saw.
    pub async fn prepare(self: &Arc<Self>, channel: ChannelId) -> Result<Prepared> {
        let prepared = {
            let mut channels = lock(&self.channels);
            let channel = channels.entry(channel).or_insert_with(|| Arc::new(Channel::new(channel)));
            Prepared { hub: self.clone(), channel: channel.clone() }
        };
        let channel = &prepared.channel;
        channel
            .ready
            .get_or_try_init(|| async {
                let opened = async {
                    self.bus.subscribe(Topic::Channel(channel.id)).await?;
                    let heads = self.store.heads(&[channel.id]).await?;
                    *lock(&channel.live) = Live::new(channel.id, heads.first().copied().unwrap_or_default());
                    Ok::<_, StoreError>(())
                };
                opened.await.inspect_err(|_| self.bus.unsubscribe(Topic::Channel(channel.id)))
            })
            .await?;
        Ok(prepared)
    }

    /// Adds a session that has read the channel up to `head`; `answer` goes to it before anything later does.
    pub fn enter(self: &Arc<Self>, prepared: &Prepared, entrant: Entrant, head: Head, answer: impl FnOnce()) {
        let Entrant { listener, peer, roles } = entrant;
        let wants = {
            let mut live = lock(&prepared.channel.live);
            answer();
            live.enter(listener, peer, roles, head)
        };
        self.grant(&prepared.channel, wants);
    }

    /// A channel's log was seen to end at `head`. If sessions were not handed everything up to there, they are now: of what is
    /// published while a channel becomes live on this node, nothing is heard.
    pub fn reaches(self: &Arc<Self>, channel: ChannelId, head: Head) {
        if let Some(channel) = self.channel(channel) {
            let wants = lock(&channel.live).reaches(head);
            self.grant(&channel, wants);
        }
    }

    /// Takes a role in a channel away; `true` if the session had it.
    pub fn exit(self: &Arc<Self>, channel: ChannelId, session: SessionId, roles: Roles) -> bool {
        let Some(entry) = self.channel(channel) else { return false };
        let had = lock(&entry.live).exit(session, roles);
        self.drop_if_empty(entry);
        had
    }

    /// A session's roles in a channel.
    #[must_use]
    pub fn roles(&self, channel: ChannelId, session: SessionId) -> Roles {
        self.channel(channel).map(|channel| lock(&channel.live).roles(session)).unwrap_or_default()
    }

    /// Whether the channel will still bring a session what stands at `at` in its log.
    #[must_use]
    pub fn brings(&self, channel: ChannelId, session: SessionId, at: Position) -> bool {
        self.channel(channel).is_some_and(|channel| lock(&channel.live).brings(session, at))
    }

    /// What this node knows of a channel's log.
    #[must_use]
    pub fn known(&self, channel: ChannelId) -> Known {
        let live = self.channel(channel).map(|channel| lock(&channel.live).known());
        live.filter(|known| known.epoch != Epoch::default()).or_else(|| lock(&self.memory).recall(channel)).unwrap_or_default()
    }

    /// A message was stored that is about to be acknowledged, perhaps to somebody who is not in the channel: what the store
    /// must not lose unnoticed.
    pub fn note(&self, channel: ChannelId, stored: &Stored, message: MessageId) {
        let known = Known { epoch: stored.epoch, position: stored.position, message: Some(message) };
        lock(&self.memory).note(channel, known);
    }

    /// Keeps a session's own message from it until [`Hub::release`].
    pub fn hold(&self, channel: ChannelId, session: SessionId, message: MessageId) {
        if let Some(channel) = self.channel(channel) {
            lock(&channel.live).hold(session, message);
        }
    }

    /// Ends [`Hub::hold`]: the message is safe.
    pub fn release(self: &Arc<Self>, channel: ChannelId, session: SessionId, message: MessageId) {
        if let Some(channel) = self.channel(channel)
            && lock(&channel.live).release(session, message)
        {
            self.grant(&channel, Wants { refill: vec![session], ..Wants::default() });
        }
    }

    /// Subscribes a session to its user's topic.
    pub async fn follow(&self, user: UserId, listener: Arc<dyn Listener>) -> Result<()> {
        self.followers.add(user, listener);
        self.bus.subscribe(Topic::User(user)).await
    }

    /// Ends [`Hub::follow`], also of one that failed.
    pub fn unfollow(&self, user: UserId, session: SessionId) {
        self.followers.remove(user, session, || self.bus.unsubscribe(Topic::User(user)));
    }

    /// Compares all that this node has seen with the store, which may have lost data. Returns when all is compared.
    pub async fn verify_all(self: &Arc<Self>) {
        futures_util::stream::iter(self.live_channels()).for_each_concurrent(CONCURRENT_READS, |channel| self.verify(channel)).await;
        let remembered = lock(&self.memory).all();
        futures_util::stream::iter(remembered)
            .for_each_concurrent(CONCURRENT_READS, |(channel, known)| async move {
                while let Err(error) = self.store.verify(channel, known).await {
                    warn!(%error, "what was seen of a channel could not be verified yet");
                    sleep(RETRY).await;
                }
            })
            .await;
    }

    /// Every membership of a local session, to be written anew where the store lost them.
    #[must_use]
    pub fn joined(&self) -> Vec<(ChannelId, Member)> {
        let channels: Vec<_> = lock(&self.channels).values().cloned().collect();
        channels
            .iter()
            .flat_map(|channel| {
                let members: Vec<_> = lock(&channel.live).joined(self.node).collect();
                members.into_iter().map(|member| (channel.id, member))
            })
            .collect()
    }

    async fn verify(&self, channel: Arc<Channel>) {
        loop {
            let known = lock(&channel.live).known();
            match self.store.verify(channel.id, known).await {
                Ok(head) => {
                    if lock(&channel.live).learn(head) {
                        self.metrics.resets.inc();
                    }
                    return;
                }
                Err(error) => {
                    warn!(%error, "a channel could not be verified yet");
                    sleep(RETRY).await;
                }
            }
        }
    }

    fn live_channels(&self) -> Vec<Arc<Channel>> {
        lock(&self.channels).values().filter(|channel| channel.ready.initialized()).cloned().collect()
    }

    fn channel(&self, channel: ChannelId) -> Option<Arc<Channel>> {
        lock(&self.channels).get(&channel).cloned()
    }

    /// Unsubscribes from a channel that nobody here is in or about to enter.
    fn drop_if_empty(&self, channel: Arc<Channel>) {
        let mut channels = lock(&self.channels);
        // Two: the map's and ours. Whoever is about to enter holds a third.
        if Arc::strong_count(&channel) == 2 {
            self.forget_if_empty(&mut channels, &channel);
        }
    }

    fn forget_if_empty(&self, channels: &mut HashMap<ChannelId, Arc<Channel>>, channel: &Channel) {
        let known = {
            let live = lock(&channel.live);
            if !live.is_empty() {
                return;
            }
            live.known()
        };
        channels.remove(&channel.id);
        if channel.ready.initialized() {
            lock(&self.memory).note(channel.id, known);
            self.bus.unsubscribe(Topic::Channel(channel.id));
        }
    }

    fn grant(self: &Arc<Self>, channel: &Arc<Channel>, wants: Wants) {
        self.metrics.deliveries.inc_by(wants.deliveries);
        if wants.catch_up {
            tokio::spawn(self.clone().catch_up(channel.clone()));
        }
        for session in wants.refill {
            self.metrics.refills.inc();
            tokio::spawn(self.clone().refill(channel.clone(), session));
        }
    }

    /// Reads the log from the cursor until there is no more, and hands it out.
    async fn catch_up(self: Arc<Self>, channel: Arc<Channel>) {
        self.metrics.catch_ups.inc();
        lock(&channel.live).begin_catch_up();
        loop {
            let from = lock(&channel.live).start();
            match self.store.tail(channel.id, from.behind, TAIL_LIMIT).await {
                Ok(tail) => {
                    let (reading, wants) = lock(&channel.live).caught_up(from, tail.entries, tail.head);
                    self.grant(&channel, wants);
                    match reading {
                        Reading::Done => break,
                        Reading::More => {}
                        Reading::Again => {
                            sleep(RETRY).await;
                            // The log may lack what was seen.
                            self.verify(channel.clone()).await;
                        }
                    }
                }
                Err(StoreError::Corrupt(why)) => {
                    error!(why, "a channel's log cannot be read");
                    lock(&channel.live).give_up_catch_up();
                    break;
                }
                Err(_) => sleep(RETRY).await,
            }
        }
        self.drop_if_empty(channel);
    }

    /// Refills a session that fell behind, as quickly as it reads.
    async fn refill(self: Arc<Self>, channel: Arc<Channel>, session: SessionId) {
        loop {
            let (from, listener) = {
                let live = lock(&channel.live);
                match (live.behind(session), live.listener(session)) {
                    (Some(from), Some(listener)) => (from, listener),
                    _ => break,
                }
            };
            if !listener.drained().await {
                break;
            }
            match self.store.tail(channel.id, from.behind, TAIL_LIMIT).await {
                Ok(tail) => match lock(&channel.live).refill(session, from, tail.entries, tail.head) {
                    Reading::Done => break,
                    Reading::More => continue,
                    Reading::Again => {}
                },
                Err(error) => warn!(%error, "a session cannot be refilled yet"),
            }
            sleep(RETRY).await;
        }
        self.drop_if_empty(channel);
    }

    fn channel_heard(self: &Arc<Self>, id: ChannelId, payloads: Vec<Payload>) {
        let Some(channel) = self.channel(id) else { return };
        if !channel.ready.initialized() {
            return;
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(payloads.len());
        for payload in payloads {
            match payload {
                Payload::Entry(entry) => entries.push(entry),
                other => {
                    let wants = lock(&channel.live).heard(std::mem::take(&mut entries));
                    self.grant(&channel, wants);
                    match other {
                        Payload::Reset(epoch) => self.reset(&channel, epoch),
                        Payload::News(body) => self.channel_news(&channel, &body),
                        Payload::Entry(_) | Payload::Probe => {}
                    }
                }
            }
        }
        let wants = lock(&channel.live).heard(entries);
        self.grant(&channel, wants);
        self.drop_if_empty(channel);
    }

    fn reset(&self, channel: &Channel, epoch: Epoch) {
        self.metrics.resets.inc();
        lock(&channel.live).begin_epoch(epoch);
    }

    fn channel_news(&self, channel: &Channel, body: &Bytes) {
        let Some(news) = decode_news::<NewsRecord>(body) else { return };
        let mut told = Vec::new();
        {
            let live = lock(&channel.live);
            if let NewsRecord::Call { people, .. } = &news {
                channel.calls_heard.fetch_add(1, Ordering::Relaxed);
                channel.had_call.store(!people.is_empty(), Ordering::Relaxed);
            }
            let mut frames = super::crowd::NewsFrames::new(&news);
            for (listener, peer) in live.listeners().filter(|(listener, _)| listener.hears(&news)) {
                frames.send_as_seen_from(listener.as_ref(), peer);
                told.extend(listener.uses_additions().then(|| listener.session()));
            }
        }
        if let NewsRecord::Joined { who, .. } = &news {
            // Whoever was told of a newcomer has them on the screen.
            told.into_iter().for_each(|session| self.crowd.view(session, [who.id]));
        }
    }

    /// Says again who is in the calls that those here know of: news of them may have been missed.
    async fn repeat_calls(&self) {
        let mut channels = self.live_channels();
        channels.retain(|channel| channel.had_call.load(Ordering::Relaxed));
        let rooms: Vec<RoomId> = channels.iter().map(|channel| RoomId::of_channel(channel.id)).collect();
        let summaries = loop {
            match self.store.calls(&rooms).await {
                Ok(summaries) => break summaries,
                Err(error) => warn!(%error, "who is in which call cannot be read yet"),
            }
            sleep(RETRY).await;
        };
        for (channel, summary) in channels.iter().zip(summaries) {
            let over = || record::encode(&NewsRecord::Call { channel: channel.id, people: Vec::new() });
            self.channel_news(channel, &summary.unwrap_or_else(over));
        }
    }

    fn user_news(&self, user: UserId, body: &Bytes) {
        let Some(news) = decode_news::<NewsRecord>(body) else { return };
        let mut frames = super::crowd::NewsFrames::new(&news);
        for listener in self.followers.of(user) {
            match &news {
                NewsRecord::DirectOpened { peer } => listener.direct_opened(*peer),
                NewsRecord::Read { .. } => {
                    listener.read_moved(&news);
                    if listener.hears(&news) {
                        frames.send(listener.as_ref());
                    }
                }
                _ => {}
            }
        }
    }
}

/// [`Ear`] on the shared hub.
pub struct HubEar(pub Arc<Hub>);

impl Ear for HubEar {
    fn heard(&self, batch: Batch) {
        // What came for one channel in one read goes out in one write.
        let mut order: Vec<ChannelId> = Vec::new();
        let mut by_channel: HashMap<ChannelId, Vec<Payload>> = HashMap::new();
        for Heard { topic, payload } in batch {
            match (topic, payload) {
                (Topic::Channel(id), payload) => by_channel
                    .entry(id)
                    .or_insert_with(|| {
                        order.push(id);
                        Vec::new()
                    })
                    .push(payload),
                (Topic::User(user), Payload::News(body)) => self.0.user_news(user, &body),
                (Topic::Mesh(mesh), Payload::News(body)) => self.0.mesh_news(mesh, &body),
                (Topic::All, Payload::News(body)) => {
                    if let Some(news) = decode_news(&body) {
                        self.0.crowd.heard(&news);
                    }
                }
                _ => {}
            }
        }
        for id in order {
            self.0.channel_heard(id, by_channel.remove(&id).unwrap_or_default());
        }
    }

    fn reconnected(&self) {
        let hub = self.0.clone();
        tokio::spawn(async move {
            futures_util::stream::iter(hub.live_channels())
                .for_each_concurrent(CONCURRENT_READS, |channel| {
                    let hub = hub.clone();
                    async move {
                        // What was heard last may have come from a server that has lost its place to one that never had it.
                        hub.verify(channel.clone()).await;
                        hub.clone().catch_up(channel.clone()).await;
                        let listeners: Vec<_> = lock(&channel.live).listeners().map(|(listener, _)| listener.clone()).collect();
                        listeners.iter().for_each(|listener| listener.missed_in_channel());
                    }
                })
                .await;
            hub.repeat_calls().await;
        });
        self.0.followers.all().into_iter().chain(self.0.meshes.all()).for_each(Listener::missed_news);
    }
}

/// A session about to enter a channel.
pub struct Entrant {
    /// The session.
    pub listener: Arc<dyn Listener>,
    /// The other end of a direct channel, as its user sees it.
    pub peer: Option<UserId>,
    /// Why it enters.
    pub roles: Roles,
}

/// A channel that is live and stays so while this is held.
pub struct Prepared {
    hub: Arc<Hub>,
    channel: Arc<Channel>,
}

impl Prepared {
    /// How often there was news of the channel's call. Another number than before a session entered: it may have missed some.
    #[must_use]
    pub fn calls_heard(&self) -> u64 {
        self.channel.calls_heard.load(Ordering::Relaxed)
    }

    /// A session that enters is told of a call in the channel.
    pub fn has_call(&self) {
        self.channel.had_call.store(true, Ordering::Relaxed);
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        let channel = self.channel.clone();
        let mut channels = lock(&self.hub.channels);
        // Three: the map's, ours and the clone.
        if Arc::strong_count(&channel) == 3 {
            self.hub.forget_if_empty(&mut channels, &channel);
        }
    }
}

fn decode_news<N: DeserializeOwned>(body: &Bytes) -> Option<N> {
    match record::decode::<N>(body) {
        Ok(Decoded::Known(news)) => Some(news),
        Ok(Decoded::Unknown) => None,
        Err(error) => {
            warn!(%error, "unreadable news");
            None
        }
    }
}
