//! Letters from a session or node to a session on another node: in order, once, and answered if they cannot be delivered.
//!
//! Each destination has one writer task, so order holds, and its letters have growing numbers, so that one appended twice (an append
//! whose answer was lost is repeated) is handed over once. The reader trims what it has handed over. What no one is there to get
//! comes back to its sender as [`Signal::Undeliverable`]; for a dead node its reaper answers.
//!
//! Letters about calls go to a [`Desk`] of the node rather than to a session: what a participant asks to the media desk, what it is told to
//! the calls desk, and what comes back to the one that had sent it.

mod desk;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep};
use tracing::warn;

pub use self::desk::Desk;
use self::desk::{Desks, Taker};
use super::{Hub, lock};
use crate::ids::{NodeId, SessionId, SessionRef};
use crate::metrics::Metrics;
use crate::store::nodes::{Capacity, Delivered};
use crate::store::record::lobby::LobbySay;
use crate::store::record::{self, Decoded, Envelope, Signal};
use crate::store::{Result, Store};

/// Letters that wait for one destination's writer; beyond, they are undeliverable.
const QUEUE: usize = 4_096;
/// And so many bytes of theirs.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// What a letter takes, in bytes, whose signal has bounds of its own: a description (SDP), a message.
const SIGNAL: usize = 16 * 1024;
/// Letters in one append.
const BATCH: usize = 128;
/// An inbox holds at most so much.
const INBOX_MAX: Capacity = Capacity { letters: 100_000, bytes: 256 * 1024 * 1024 };
/// How long an append is repeated before its letters are undeliverable.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(250);
/// How long the reader waits for letters.
const WAIT: Duration = Duration::from_secs(5);

/// A letter before it has a number.
#[derive(Clone, Debug)]
struct Letter {
    to: SessionId,
    /// Sessions of the same node that get it as well.
    also: Vec<SessionId>,
    reply_to: Option<SessionRef>,
    signal: Signal,
}

impl Letter {
    /// What it takes while it waits, in bytes; about.
    fn weight(&self) -> usize {
        let signal = match &self.signal {
            Signal::Undeliverable { signal, .. } => signal,
            signal => signal,
        };
        let signal = match signal {
            Signal::Forward(forward) => forward.json.len(),
            Signal::GuestMessage { message } => message.data.as_ref().map_or(0, |data| data.0.len()),
            Signal::Lobby { letter } => match &letter.say {
                LobbySay::Signal { signal, .. } => signal.len(),
                LobbySay::Look | LobbySay::Displaced => 0,
            },
            _ => SIGNAL,
        };
        size_of::<Self>() + size_of_val(&*self.also) + signal
    }
}

impl From<Envelope> for Letter {
    fn from(Envelope { to, also, reply_to, signal, .. }: Envelope) -> Self {
        Self { to, also, reply_to, signal }
    }
}

/// A letter that waits, and its share of the bytes that may.
type Waiting = (Letter, OwnedSemaphorePermit);

/// The way to one destination's writer.
struct Writer {
    letters: mpsc::Sender<Waiting>,
    /// As many permits as bytes may wait.
    bytes: Arc<Semaphore>,
}

/// A node's post office.
pub struct Relay {
    node: NodeId,
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
    writers: Mutex<HashMap<NodeId, Writer>>,
    desks: Desks,
}

impl Relay {
    /// For one node; [`Relay::read`] is to be spawned.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, hub: Arc<Hub>, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { node: hub.node(), store, hub, metrics, writers: Mutex::default(), desks: Desks::default() })
    }

    /// From now on this takes what media nodes tell participants, and what participants asked of media nodes that are gone.
    pub fn set_calls_desk(&self, desk: Arc<dyn Desk>) {
        self.desks.set_calls(desk);
    }

    /// From now on this takes what participants ask, and what was to be told to participants that are gone.
    pub fn set_media_desk(&self, desk: Arc<dyn Desk>) {
        self.desks.set_media(desk);
    }

    /// Sends a signal to a session, wherever it is. What cannot be delivered comes back to `reply_to`.
    pub fn send(self: &Arc<Self>, to: SessionRef, reply_to: Option<SessionRef>, signal: Signal) {
        self.dispatch(to.node, Letter { to: to.session, also: Vec::new(), reply_to, signal });
    }

    /// Sends a signal to several sessions, wherever they are: one letter to each node. From whom it cannot be delivered to it comes back to
    /// `reply_to`, each by itself.
    pub fn send_to_all(self: &Arc<Self>, to: impl IntoIterator<Item = SessionRef>, reply_to: Option<SessionRef>, signal: &Signal) {
        let mut letters: BTreeMap<NodeId, Letter> = BTreeMap::new();
        for SessionRef { node, session } in to {
            match letters.entry(node) {
                Entry::Vacant(entry) => drop(entry.insert(Letter { to: session, also: Vec::new(), reply_to, signal: signal.clone() })),
                Entry::Occupied(mut entry) => entry.get_mut().also.push(session),
            }
        }
        letters.into_iter().for_each(|(node, letter)| self.dispatch(node, letter));
    }

    fn dispatch(self: &Arc<Self>, node: NodeId, letter: Letter) {
        if node == self.node {
            self.hand_over(letter);
        } else if let Some(letter) = self.post(node, letter) {
            self.return_to_sender(letter);
        }
    }

    /// Tells the sender of a letter that came to a [`Desk`] that nobody is there to get it.
    pub fn undeliverable(self: &Arc<Self>, to: SessionId, reply_to: Option<SessionRef>, signal: Signal) {
        self.return_to_sender(Letter { to, also: Vec::new(), reply_to, signal });
    }

    /// Lets the writers and desks go.
    pub fn close(&self) {
        lock(&self.writers).clear();
        self.desks.close();
    }

    /// Reads this node's inbox for ever.
    pub async fn read(self: Arc<Self>) {
        let mut cursor = String::new();
        let mut seen: HashMap<NodeId, u64> = HashMap::new();
        loop {
            let letters = match self.store.collect(self.node, &cursor, BATCH, WAIT).await {
                Ok(letters) => letters,
                Err(error) => {
                    warn!(%error, "the inbox cannot be read");
                    sleep(RETRY).await;
                    continue;
                }
            };
            let Some(last) = letters.last() else { continue };
            cursor.clone_from(&last.cursor);
            self.metrics.relay_letters_in.inc_by(letters.len() as u64);
            for letter in letters {
                match record::decode::<Envelope>(&letter.body) {
                    Ok(Decoded::Known(envelope)) => {
                        let newest = seen.entry(envelope.from).or_default();
                        if envelope.number > *newest {
                            *newest = envelope.number;
                            self.hand_over(envelope.into());
                        }
                    }
                    Ok(Decoded::Unknown) => {}
                    Err(error) => warn!(%error, "an unreadable letter"),
                }
            }
            match self.store.trim_inbox(self.node, &cursor).await {
                // From the beginning: after a failover letters may get lower cursors. What was handed over is known by its number.
                Ok(()) => cursor.clear(),
                // The next trim takes these along.
                Err(error) => warn!(%error, "the inbox cannot be trimmed"),
            }
        }
    }

    /// Tells the senders of what is left in a dead node's inbox.
    pub(super) async fn answer_for(self: &Arc<Self>, dead: NodeId) -> Result<()> {
        let mut cursor = String::new();
        loop {
            let letters = self.store.collect(dead, &cursor, BATCH, Duration::ZERO).await?;
            let Some(last) = letters.last() else { return Ok(()) };
            cursor.clone_from(&last.cursor);
            for letter in letters {
                if let Ok(Decoded::Known(envelope)) = record::decode::<Envelope>(&letter.body) {
                    self.return_to_sender(envelope.into());
                }
            }
        }
    }

    fn hand_over(self: &Arc<Self>, mut letter: Letter) {
        for to in std::mem::take(&mut letter.also) {
            self.hand_over(Letter { to, ..letter.clone() });
        }
        match self.desks.taker(&letter.signal) {
            Taker::Session => match self.hub.crowd().find(letter.to) {
                Some(listener) => listener.signal(letter.signal),
                None => self.return_to_sender(letter),
            },
            Taker::Desk(Some(desk)) => desk.letter(letter.to, letter.reply_to, letter.signal),
            Taker::Desk(None) => self.return_to_sender(letter),
        }
    }

    fn return_to_sender(self: &Arc<Self>, mut letter: Letter) {
        for to in std::mem::take(&mut letter.also) {
            self.return_to_sender(Letter { to, ..letter.clone() });
        }
        self.metrics.relay_undeliverable.inc();
        // A return that cannot be delivered is not returned again.
        let (Some(sender), false) = (letter.reply_to, matches!(letter.signal, Signal::Undeliverable { .. })) else { return };
        let signal = Signal::Undeliverable { to: letter.to, signal: Box::new(letter.signal) };
        self.send(sender, None, signal);
    }

    /// Queues a letter for another node's writer, or gives it back if the queue is full.
    fn post(self: &Arc<Self>, node: NodeId, letter: Letter) -> Option<Letter> {
        let mut writers = lock(&self.writers);
        let writer = writers.entry(node).or_insert_with(|| {
            let (sender, letters) = mpsc::channel(QUEUE);
            tokio::spawn(self.clone().write(node, letters));
            Writer { letters: sender, bytes: Arc::new(Semaphore::new(QUEUE_BYTES)) }
        });
        let weight = u32::try_from(letter.weight()).unwrap_or(u32::MAX);
        let Ok(permit) = writer.bytes.clone().try_acquire_many_owned(weight) else { return Some(letter) };
        writer.letters.try_send((letter, permit)).err().map(|error| match error {
            mpsc::error::TrySendError::Full((letter, _)) | mpsc::error::TrySendError::Closed((letter, _)) => letter,
        })
    }

    /// The one writer to `node`; it ends when that node is gone.
    async fn write(self: Arc<Self>, node: NodeId, mut letters: mpsc::Receiver<Waiting>) {
        // Greater than any number of an earlier writer to the same node.
        let mut number = crate::clock::unix_now().0;
        let mut batch = Vec::with_capacity(BATCH);
        while letters.recv_many(&mut batch, BATCH).await > 0 {
            let bodies: Vec<_> = batch
                .iter()
                .map(|(letter, _)| {
                    number += 1;
                    let Letter { to, also, reply_to, signal } = letter.clone();
                    record::encode(&Envelope { from: self.node, number, to, also, reply_to, signal })
                })
                .collect();
            match self.append(node, &bodies).await {
                Some(Delivered::Done) => {
                    self.metrics.relay_letters_out.inc_by(bodies.len() as u64);
                    batch.clear();
                }
                Some(Delivered::NoSuchNode) => {
                    lock(&self.writers).remove(&node);
                    letters.close();
                    batch.drain(..).for_each(|(letter, _)| self.return_to_sender(letter));
                    while let Some((letter, _)) = letters.recv().await {
                        self.return_to_sender(letter);
                    }
                    return;
                }
                Some(Delivered::Full) | None => batch.drain(..).for_each(|(letter, _)| self.return_to_sender(letter)),
            }
        }
    }

    /// Appends, patiently; `None` if the store could not be reached for too long.
    async fn append(&self, node: NodeId, bodies: &[bytes::Bytes]) -> Option<Delivered> {
        let begun = Instant::now();
        loop {
            match self.store.deliver(node, bodies, INBOX_MAX).await {
                Ok(delivered) => return Some(delivered),
                Err(error) if begun.elapsed() > PATIENCE => {
                    warn!(%error, %node, "letters could not be delivered");
                    return None;
                }
                Err(_) => sleep(RETRY).await,
            }
        }
    }
}

#[cfg(test)]
mod tests;
