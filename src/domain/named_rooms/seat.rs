//! A guest's place in a room.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{DoorError, Here, NamedRooms, member};
use crate::cluster::janitor::Chore;
use crate::ids::{SessionId, SessionRef, UserId, Username};
use crate::store::StoreError;
use crate::store::channels::Member;
use crate::store::named_rooms::{Admission, NamedRoom};
use crate::store::record::{self, NewsRecord};
use crate::store::topics::{News, Topic};

/// A place in a room, taken before there is a connection. Dropped, it is given back, and the room hears of it.
pub struct Seat {
    rooms: Arc<NamedRooms>,
    room: NamedRoom,
    at: SessionRef,
    guest: UserId,
    standing: Standing,
}

/// How far the taking of a seat has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Perhaps the store has it.
    Asked,
    /// The store has it.
    Taken,
    /// The store does not have it.
    Refused,
}

impl Seat {
    pub(super) async fn take(rooms: &Arc<NamedRooms>, room: NamedRoom, wanted: UserId) -> Result<Self, DoorError> {
        let at = SessionRef { node: rooms.node, session: SessionId::random() };
        // Made before it is asked for: if the answer is lost, or nobody waits for it any more, it is given back.
        let mut seat = Self { rooms: rooms.clone(), room, at, guest: wanted, standing: Standing::Asked };
        let wish = member(at, wanted);
        let news = seat.news();
        let admission = rooms.store.admit(&seat.room, &wish, UserId::random(), rooms.limits.idle, &news).await?;
        match admission {
            Admission::In(guest) => {
                seat.guest = guest;
                seat.standing = Standing::Taken;
                seat.note(Member { user: guest, ..wish });
                Ok(seat)
            }
            Admission::Full => {
                seat.standing = Standing::Refused;
                Err(DoorError::Full)
            }
            Admission::Gone => {
                seat.standing = Standing::Refused;
                Err(DoorError::NoSuchRoom)
            }
        }
    }

    /// Writes a guest anew that the store has lost.
    pub(super) async fn restore(rooms: &Arc<NamedRooms>, room: &NamedRoom, guest: Member) -> Result<(), StoreError> {
        // Its own identifier, whoever else has it: by that it is known in its room. It was in before any limit was reached again.
        let room = &NamedRoom { guest_limit: 0, ..room.clone() };
        rooms.store.admit(room, &guest, guest.user, rooms.limits.idle, &news(room, false)).await?;
        let is_here = rooms.here().get(&room.id).is_some_and(|here| here.seats.contains_key(&guest.at.session));
        if !is_here {
            // It left meanwhile; what took it out may have been done before this.
            rooms.janitor.please(Chore::Leave(room.channel(), guest.at, news(room, false)));
        }
        Ok(())
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &NamedRoom {
        &self.room
    }

    /// Where letters to the guest go: the node of the connection, and a name for it that is older than the connection.
    #[must_use]
    pub fn at(&self) -> SessionRef {
        self.at
    }

    /// Who the guest is in the room.
    #[must_use]
    pub fn guest(&self) -> UserId {
        self.guest
    }

    /// The guest did something: the room is in use.
    pub fn stir(&self) {
        if let Some(here) = self.rooms.here().get_mut(&self.room.id) {
            here.active = true;
        }
    }

    /// The guest is called otherwise. `false`: there is no such guest any more.
    pub async fn rename(rooms: &NamedRooms, room: &NamedRoom, at: SessionRef, name: Username) -> Result<bool, StoreError> {
        let renamed = rooms.here().get_mut(&room.id).and_then(|here| here.seats.get_mut(&at.session)).map(|seat| {
            seat.username = name;
            seat.clone()
        });
        match renamed {
            Some(guest) => rooms.store.rename_guest(room.channel(), &guest, &news(room, true)).await,
            None => Ok(false),
        }
    }

    fn news(&self) -> News {
        news(&self.room, false)
    }

    fn note(&self, guest: Member) {
        let mut all = self.rooms.here();
        let here = all.entry(self.room.id).or_insert_with(|| Here {
            room: self.room.clone(),
            seats: HashMap::new(),
            replaced: false,
            active: false,
            strays: HashSet::new(),
        });
        here.seats.insert(self.at.session, guest);
        here.active = true;
        here.room.clone_from(&self.room);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.standing == Standing::Refused {
            return;
        }
        if let Some(here) = self.rooms.here().get_mut(&self.room.id) {
            here.seats.remove(&self.at.session);
            if here.seats.is_empty() {
                self.rooms.vacated.notify_one();
            }
        }
        self.rooms.janitor.please(Chore::Leave(self.room.channel(), self.at, self.news()));
    }
}

pub(super) fn news(room: &NamedRoom, renamed: bool) -> News {
    News { topic: Topic::Channel(room.channel()), body: record::encode(&NewsRecord::Guests { renamed }) }
}
