//! Tells everybody who is in which call: keeps a summary in the store while the room lives, and publishes every change. What changes while
//! the store is slow or away is told as it is then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::ids::{ChannelId, RoomId};
use crate::store::record::{self, NewsRecord, Person};
use crate::store::topics::{News, Topic};
use crate::store::{Result, Store};

/// A summary that was not told again for so long is forgotten: its media node is gone, and there is no other.
const TTL: Duration = Duration::from_secs(15);
/// Between two tellings of the same.
pub(super) const REFRESH: Duration = Duration::from_secs(5);
/// Between two attempts to reach the store.
const RETRY: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Clerk {
    store: Arc<dyn Store>,
    books: Mutex<Books>,
    nudge: Notify,
    idle: Notify,
}

#[derive(Default)]
struct Books {
    /// Who is in each call, as told last.
    told: HashMap<RoomId, Bytes>,
    /// What is to be told; `None`: the same as before, so that it lasts.
    due: HashMap<RoomId, Option<Vec<Person>>>,
    busy: bool,
}

impl Clerk {
    /// [`Clerk::run`] is to be spawned.
    pub(super) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, books: Mutex::default(), nudge: Notify::new(), idle: Notify::new() })
    }

    /// From now on these are in the call.
    pub(super) fn people(&self, room: RoomId, people: Vec<Person>) {
        self.books().due.insert(room, Some(people));
        self.nudge.notify_one();
    }

    /// Has what was told last, so that it is not forgotten. Of rooms that are not held any more, others tell.
    pub(super) fn keep(&self, held: impl Fn(RoomId) -> bool) {
        let books = &mut *self.books();
        books.told.retain(|room, _| held(*room));
        books.due.retain(|room, people| held(*room) || people.as_ref().is_some_and(Vec::is_empty));
        for room in books.told.keys() {
            books.due.entry(*room).or_insert(None);
        }
        self.nudge.notify_one();
    }

    /// Waits until everything is told, or too long.
    pub(super) async fn idle(&self, patience: Duration) {
        let idle = async {
            loop {
                let notified = self.idle.notified();
                if self.is_idle() {
                    return;
                }
                notified.await;
            }
        };
        if timeout(patience, idle).await.is_err() {
            warn!("the store was not told in time that calls have ended here");
        }
    }

    fn is_idle(&self) -> bool {
        let books = self.books();
        books.due.is_empty() && !books.busy
    }

    /// Tells for ever.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            let Some((room, people)) = self.next() else {
                self.idle.notify_waiters();
                self.nudge.notified().await;
                continue;
            };
            if let Err(error) = self.tell(room, people.as_deref()).await {
                warn!(%error, "who is in a call could not be told");
                self.books().due.entry(room).or_insert(people);
                sleep(RETRY).await;
            }
        }
    }

    fn next(&self) -> Option<(RoomId, Option<Vec<Person>>)> {
        let books = &mut *self.books();
        let room = books.due.keys().next().copied();
        let next = room.and_then(|room| books.due.remove_entry(&room));
        books.busy = next.is_some();
        next
    }

    async fn tell(&self, room: RoomId, people: Option<&[Person]>) -> Result<()> {
        let Some(people) = people else {
            let told = self.books().told.get(&room).cloned();
            return match told {
                Some(summary) => self.store.tell_call(room, &summary, TTL).await,
                None => Ok(()),
            };
        };
        let channel = ChannelId(room.0);
        let body = record::encode(&NewsRecord::Call { channel, people: people.to_vec() });
        if people.is_empty() {
            self.store.end_call(room).await?;
            self.books().told.remove(&room);
        } else {
            self.store.tell_call(room, &body, TTL).await?;
            self.books().told.insert(room, body.clone());
        }
        self.store.publish(&News { topic: Topic::Channel(channel), body }).await
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
