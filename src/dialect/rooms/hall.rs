//! A room as one node sees it: its own guests, and who is in the room on all nodes.
//!
//! Who is in the room is read from the store whenever the room is said to have changed, by one task for all guests of this node, one reading
//! after the other: so what they are told never goes back. What changes within a moment is told in one message.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use super::client::Client;
use super::out;
use super::silence::Patience;
use crate::domain::NamedRooms;
use crate::ids::{RoomId, SessionId, UserId};
use crate::session::close::CloseCode;
use crate::store::Result;
use crate::store::channels::Member;
use crate::store::named_rooms::NamedRoom;

/// Changes that follow each other within this time are one.
const GATHER: Duration = Duration::from_millis(50);
/// Before a failed reading is repeated.
const RETRY: Duration = Duration::from_millis(250);

/// The halls of a node.
pub struct Halls {
    rooms: Arc<NamedRooms>,
    patience: Patience,
    open: Mutex<HashMap<RoomId, Weak<Hall>>>,
}

impl Halls {
    pub(super) fn new(rooms: Arc<NamedRooms>, patience: Patience) -> Arc<Self> {
        Arc::new(Self { rooms, patience, open: Mutex::default() })
    }

    /// The room's hall; it is there for as long as somebody holds it.
    pub(super) fn open(self: &Arc<Self>, room: &NamedRoom) -> Arc<Hall> {
        let mut open = locked(&self.open);
        if let Some(hall) = open.get(&room.id).and_then(Weak::upgrade) {
            return hall;
        }
        let told = Arc::new(Told::default());
        let hall = Arc::new(Hall {
            halls: self.clone(),
            room: room.clone(),
            guests: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            known: Mutex::default(),
            told: told.clone(),
        });
        open.insert(room.id, Arc::downgrade(&hall));
        tokio::spawn(attend(Arc::downgrade(&hall), told, self.patience));
        hall
    }
}

/// What a hall's task is told.
#[derive(Default)]
struct Told {
    wake: Notify,
    /// Somebody has said what it is called.
    renamed: AtomicBool,
}

/// One room on one node.
pub struct Hall {
    halls: Arc<Halls>,
    room: NamedRoom,
    guests: Mutex<HashMap<SessionId, Arc<Client>>>,
    /// Held while the room is read and its guests are told.
    turn: tokio::sync::Mutex<()>,
    /// Who was in the room when it was last read.
    known: Mutex<Known>,
    told: Arc<Told>,
}

#[derive(Default)]
struct Known {
    /// Nothing was heard since that could make it otherwise.
    is_current: bool,
    members: Vec<Member>,
}

impl Hall {
    /// A guest of this node is in.
    pub(super) fn enter(&self, client: Arc<Client>) {
        locked(&self.guests).insert(client.address().session, client);
    }

    /// A guest of this node is out.
    pub(super) fn leave(&self, session: SessionId) {
        locked(&self.guests).remove(&session);
    }

    /// Somebody has said what it is called, which is told although it is perhaps called so already.
    pub(super) fn renamed(&self) {
        self.told.renamed.store(true, Ordering::Relaxed);
        self.suspect();
    }

    /// Others may be in the room than before.
    pub(super) fn suspect(&self) {
        locked(&self.known).is_current = false;
        self.told.wake.notify_one();
    }

    /// News may have been missed, because the store was away, and perhaps it has lost something.
    pub(super) fn missed(&self) {
        self.suspect();
        self.halls.rooms.doubt();
    }

    /// Where a guest of this identifier is; whoever it is, it is in this room.
    pub(super) async fn find(&self, guest: UserId) -> Result<Option<Member>> {
        let known = {
            let known = locked(&self.known);
            known.is_current.then(|| known.members.iter().find(|member| member.user == guest).cloned())
        };
        match known {
            Some(Some(member)) => Ok(Some(member)),
            // Also one that is not known: it may have come a moment ago.
            Some(None) | None => Ok(self.everybody().await?.into_iter().find(|member| member.user == guest)),
        }
    }

    /// Everybody who is in the room now.
    pub(super) async fn everybody(&self) -> Result<Vec<Member>> {
        self.halls.rooms.guests(self.room.channel()).await
    }

    /// Reads who is in the room. Tells the one guest of this node that asks, and the others if that is news to them.
    pub(super) async fn tell(&self, asks: Option<&Client>) -> Result<()> {
        let _turn = self.turn.lock().await;
        let was_renamed = self.told.renamed.swap(false, Ordering::Relaxed);
        // Before it is read: what changes from now on is read once more.
        locked(&self.known).is_current = true;
        let members = match self.everybody().await {
            Ok(members) => members,
            Err(error) => {
                // Whoever asked is owed an answer, which the next look gives to all.
                self.told.renamed.fetch_or(was_renamed || asks.is_some(), Ordering::Relaxed);
                self.suspect();
                return Err(error);
            }
        };
        let is_news = {
            let mut known = locked(&self.known);
            let is_other = known.members != members;
            known.members.clone_from(&members);
            is_other || was_renamed
        };
        if let Some(client) = asks {
            client.introduce();
            client.reply(out::room_info(Some(client.guest()), &self.room.slug, &members));
        }
        if is_news {
            let frame = out::room_info(None, &self.room.slug, &members);
            let mut guests: Vec<Arc<Client>> = locked(&self.guests).values().cloned().collect();
            guests.retain(|guest| asks.is_none_or(|asks| asks.address() != guest.address()));
            guests.iter().for_each(|guest| guest.room_info(&frame));
        }
        Ok(())
    }

    fn look_for_silence(&self, patience: &Patience) {
        let now = Instant::now();
        let guests: Vec<Arc<Client>> = locked(&self.guests).values().cloned().collect();
        guests.iter().for_each(|guest| guest.look(now, patience));
    }

    /// Whoever is in a room that is none any more is told so.
    fn look_for_another(&self) {
        if self.halls.rooms.is_replaced(self.room.id) {
            let guests: Vec<Arc<Client>> = locked(&self.guests).values().cloned().collect();
            for guest in guests {
                guest.leave();
                guest.close(CloseCode::Restart, "this room was lost, and another has its name by now");
            }
        }
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        let mut open = locked(&self.halls.open);
        // Somebody may have opened another one in this moment.
        if open.get(&self.room.id).is_some_and(|hall| hall.strong_count() == 0) {
            open.remove(&self.room.id);
        }
        self.told.wake.notify_one();
    }
}

/// A hall's task; it ends with the hall.
async fn attend(hall: Weak<Hall>, told: Arc<Told>, patience: Patience) {
    loop {
        let woken = timeout(patience.look_every(), told.wake.notified()).await.is_ok();
        if woken {
            sleep(GATHER).await;
        }
        let Some(hall) = hall.upgrade() else { return };
        if woken && let Err(error) = hall.tell(None).await {
            debug!(%error, "who is in a room cannot be read yet");
            sleep(RETRY).await;
        }
        hall.look_for_silence(&patience);
        hall.look_for_another();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
