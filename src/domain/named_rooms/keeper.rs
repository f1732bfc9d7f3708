//! Rooms stay for as long as people are in them, and a while longer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::seat::news;
use super::{NamedRooms, Seat};
use crate::cluster::janitor::Chore;
use crate::ids::{RoomId, SessionId, SessionRef};
use crate::store::StoreError;
use crate::store::channels::Member;
use crate::store::named_rooms::{Keep, Kept, NamedRoom};

/// Rooms that people are in are kept at least so often.
const KEEP_EVERY: Duration = Duration::from_secs(20);
/// Between two looks at rooms that have gone, by one node.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Rooms swept away in one go.
const SWEEP: usize = 100;
/// Before a failed look at the store is repeated.
const RETRY: Duration = Duration::from_millis(500);

/// A room that guests of this node are in.
pub(super) struct Here {
    pub(super) room: NamedRoom,
    /// Who is in which seat.
    pub(super) seats: HashMap<SessionId, Member>,
    /// Another room has its slug.
    pub(super) replaced: bool,
    /// Somebody did something since it was last kept.
    pub(super) active: bool,
    /// Sessions of this node that the store had in the room when it was last looked at, and that are none.
    pub(super) strays: HashSet<SessionId>,
}

impl NamedRooms {
    /// Keeps the rooms that this node's guests are in, and sweeps away what others left, for ever.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.keep_all(), self.keep_vacated(), self.sweep());
    }

    /// The store may have lost rooms that people are in, or some of them: that is looked at without waiting.
    pub fn doubt(&self) {
        self.doubted.notify_one();
    }

    async fn keep_all(self: &Arc<Self>) {
        let every = (self.limits.idle / 3).min(KEEP_EVERY);
        loop {
            // It makes no difference which of the two it is.
            let _ = timeout(every, self.doubted.notified()).await;
            let rooms: Vec<(NamedRoom, bool)> = {
                let mut here = self.here();
                let used = here.values_mut().filter(|here| !here.seats.is_empty());
                used.map(|here| (here.room.clone(), std::mem::take(&mut here.active))).collect()
            };
            for (room, active) in rooms {
                if let Err(error) = self.keep(&room, active).await {
                    warn!(%error, "rooms that people are in could not be kept yet");
                    self.doubt();
                    sleep(RETRY).await;
                    break;
                }
            }
        }
    }

    /// Keeps a room that people are in. What the store has lost of it, and of them, is written anew.
    async fn keep(self: &Arc<Self>, room: &NamedRoom, active: bool) -> Result<(), StoreError> {
        if self.store.keep_named_room(room, self.limits.idle, Keep { active, anew: true }).await? == Kept::Replaced {
            if let Some(here) = self.here().get_mut(&room.id) {
                here.replaced = true;
            }
            return Ok(());
        }
        let seats = self.here().get(&room.id).map(|here| here.seats.clone()).unwrap_or_default();
        let known = self.guests(room.channel()).await?;
        for guest in seats.into_values() {
            if !known.iter().any(|member| member.at == guest.at) {
                Seat::restore(self, room, guest).await?;
            }
        }
        self.remove_strays(room, &known);
        Ok(())
    }

    /// Takes out what the store was asked for in vain and got to do when nobody waited any more: what was there the last time, too.
    fn remove_strays(&self, room: &NamedRoom, known: &[Member]) {
        let mut all = self.here();
        let Some(here) = all.get_mut(&room.id) else { return };
        let own = known.iter().filter(|member| member.at.node == self.node).map(|member| member.at.session);
        let strays: HashSet<SessionId> = own.filter(|session| !here.seats.contains_key(session)).collect();
        for session in strays.intersection(&here.strays) {
            let at = SessionRef { node: self.node, session: *session };
            self.janitor.please(Chore::Leave(room.channel(), at, news(room, false)));
        }
        here.strays = strays;
    }

    /// A room stays for a while from when the last one has left.
    async fn keep_vacated(&self) {
        loop {
            self.vacated.notified().await;
            loop {
                let vacated: Vec<NamedRoom> =
                    self.here().values().filter(|here| here.seats.is_empty()).map(|here| here.room.clone()).collect();
                if vacated.is_empty() {
                    break;
                }
                for room in vacated {
                    let keep = Keep { active: true, anew: false };
                    match self.store.keep_named_room(&room, self.limits.idle, keep).await {
                        Ok(_) => self.forget_if_vacant(room.id),
                        Err(error) => {
                            warn!(%error, "a room's last use was not noted yet");
                            sleep(RETRY).await;
                        }
                    }
                }
            }
        }
    }

    async fn sweep(&self) {
        loop {
            sleep(self.limits.idle.min(SWEEP_EVERY)).await;
            loop {
                match self.store.sweep_named_rooms(SWEEP).await {
                    Ok(SWEEP..) => {}
                    Ok(_) => break,
                    Err(error) => break debug!(%error, "unused rooms could not be swept away"),
                }
            }
        }
    }

    fn forget_if_vacant(&self, room: RoomId) {
        let mut here = self.here();
        if here.get(&room).is_some_and(|here| here.seats.is_empty()) {
            here.remove(&room);
        }
    }
}
