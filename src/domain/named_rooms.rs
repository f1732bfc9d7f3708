//! Rooms with a name: who makes one, who gets in, and how long it stays.
//!
//! Whoever was let in holds a pass ([`super::passes`]), and with it comes back as the same guest. Passwords and slugs can be guessed no faster
//! than the limits say: failures are counted in the store, for all nodes.

mod door;
mod keeper;
mod seat;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use self::keeper::Here;
pub use self::seat::Seat;
use super::hasher::Busy;
use super::passes::{Claim, Passes};
use super::tally::{Allowance, NotAllowed};
use super::{Hasher, Tally};
use crate::cluster::Janitor;
use crate::ids::{ChannelId, InvalidText, NodeId, Password, RoomId, RoomName, SessionRef, Slug, UserId, Username};
use crate::store::channels::Member;
use crate::store::named_rooms::{MAX_GUESTS, NamedRoom, Sight};
use crate::store::{Store, StoreError};

/// The list for everybody has at most so many rooms.
const MAX_PUBLIC: usize = 200;
/// Why somebody is not let in, or there is no room.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// There is none with this slug.
    #[error("There is no such room")]
    NoSuchRoom,
    /// As many are in as it takes. The words are the original's.
    #[error("Guest limit already reached")]
    Full,
    /// The room counts its guests, and this client is none of them.
    #[error("Come into the room first")]
    Outside,
    /// The room has a password, and nothing shows that this client knows it.
    #[error("This room is protected by a password")]
    PasswordNeeded,
    /// That is not the password.
    #[error("That is not the password of this room")]
    WrongPassword,
    /// There is a room with this slug.
    #[error("There is a room with this name already")]
    Taken,
    /// The name, or the password, cannot be one.
    #[error("{0}")]
    Invalid(#[from] InvalidText),
    /// Too many attempts from this address.
    #[error("Too many attempts from this address; try again later")]
    SlowDown(Duration),
    /// Too much to do.
    #[error("The server is busy; try again")]
    Busy,
    /// The store.
    #[error("The backend is unavailable; try again")]
    Store(#[from] StoreError),
}

impl From<NotAllowed> for DoorError {
    fn from(error: NotAllowed) -> Self {
        match error {
            NotAllowed::SlowDown(after) => Self::SlowDown(after),
            NotAllowed::Store(error) => Self::Store(error),
        }
    }
}

impl From<Busy> for DoorError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// The numbers that these rules go by, from the settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a room stays that nobody is in and uses (`ROOM_IDLE_SECONDS`).
    pub idle: Duration,
    /// Rooms that one address may make, and slugs without a room that it may try (`RATE_ROOMS`).
    pub rooms: Allowance,
    /// Wrong passwords of a room from one address (`RATE_SIGNIN_FAILURES`).
    pub failures: Allowance,
}

/// A room that somebody wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What it is to be called.
    pub name: String,
    /// What those who come in have to know; empty: nothing.
    pub password: String,
    /// Whether it goes on the list for everybody.
    pub public: bool,
    /// At most so many guests; 0: any number.
    pub guest_limit: u32,
}

/// Somebody who was let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The room.
    pub room: NamedRoom,
    /// Who the holder of the pass is there.
    pub guest: UserId,
    /// The pass.
    pub pass: String,
}

/// The rules of rooms with names.
pub struct NamedRooms {
    node: NodeId,
    store: Arc<dyn Store>,
    janitor: Janitor,
    hasher: Arc<Hasher>,
    passes: Passes,
    tally: Tally,
    limits: Limits,
    /// By what is never used again, as slugs are.
    here: Mutex<HashMap<RoomId, Here>>,
    /// A room has no guests on this node any more.
    vacated: Notify,
    /// The store may have lost rooms or guests.
    doubted: Notify,
}

impl NamedRooms {
    /// Over a store; [`NamedRooms::run`] is to be spawned.
    #[must_use]
    pub fn new(
        node: NodeId,
        store: Arc<dyn Store>,
        janitor: Janitor,
        hasher: Arc<Hasher>,
        (passes, tally): (Passes, Tally),
        limits: Limits,
    ) -> Arc<Self> {
        let (here, vacated, doubted) = (Mutex::default(), Notify::new(), Notify::new());
        Arc::new(Self { node, store, janitor, hasher, passes, tally, limits, here, vacated, doubted })
    }

    /// Makes a room for somebody at this address, who is let in.
    pub async fn make(&self, wish: Wish, from: IpAddr) -> Result<Admitted, DoorError> {
        let name = RoomName::parse(&wish.name)?;
        let slug = name.slug()?;
        let password = if wish.password.is_empty() { None } else { Some(Password::parse(wish.password)?) };
        // Also of one that is taken: or slugs could be found out by trying to make them.
        self.spend("rooms", &[], from, self.limits.rooms).await?;
        let password = match password {
            Some(password) => Some(self.hasher.hash(password).await?),
            None => None,
        };
        let room = NamedRoom { id: RoomId::random(), slug, name, password, public: wish.public, guest_limit: wish.guest_limit };
        if !self.store.found(&room, self.limits.idle).await? {
            return Err(DoorError::Taken);
        }
        Ok(self.issue(room))
    }

    /// The room of this slug, and who the holder of one of these passes is in it.
    pub async fn look(&self, slug: &str, passes: &[&str], from: IpAddr) -> Result<(Sight, Option<UserId>), DoorError> {
        // What cannot be a slug was no guess.
        let slug = Slug::parse(slug.to_owned()).map_err(|_| DoorError::NoSuchRoom)?;
        let claims: Vec<Claim> = passes.iter().filter_map(|pass| self.passes.read(&slug, pass)).collect();
        let sight = match claims[..] {
            [] => self.guess(&slug, from).await?,
            // Who holds a pass tries again in vain where its room has gone, and guesses nothing.
            _ => self.store.named_room(&slug).await?.ok_or(DoorError::NoSuchRoom)?,
        };
        let guest = claims.iter().find(|claim| claim.room == sight.room.id).map(|claim| claim.guest);
        Ok((sight, guest))
    }

    /// Lets somebody in who knows the password, who holds one of these passes already, or into a room that has no password.
    pub async fn let_in(&self, slug: &str, passes: &[&str], password: Option<String>, from: IpAddr) -> Result<Admitted, DoorError> {
        let (sight, holder) = self.look(slug, passes, from).await?;
        let password = password.filter(|password| !password.is_empty());
        // Who says a password wants it to be looked at.
        let is_known = holder.is_some() && password.is_none();
        if let Some(hash) = sight.room.password.as_ref().filter(|_| !is_known) {
            let whom = sight.room.slug.as_str().as_bytes();
            // An attempt counts as failed until it has succeeded: otherwise any number of guesses could be under way at once.
            self.spend("room-password", whom, from, self.limits.failures).await?;
            let password = password.and_then(|password| Password::parse(password).ok()).ok_or(DoorError::WrongPassword)?;
            if !self.hasher.verify(password, Some(hash.clone())).await? {
                return Err(DoorError::WrongPassword);
            }
            self.tally.take_back(&*self.store, "room-password", whom, from, self.limits.failures).await?;
        }
        self.has_place(&sight, holder).await?;
        Ok(self.pass(sight.room, holder.unwrap_or_else(UserId::random)))
    }

    /// A pass for somebody new.
    #[must_use]
    pub fn issue(&self, room: NamedRoom) -> Admitted {
        self.pass(room, UserId::random())
    }

    fn pass(&self, room: NamedRoom, guest: UserId) -> Admitted {
        let pass = self.passes.sign(&room.slug, Claim { room: room.id, guest });
        Admitted { room, guest, pass }
    }

    /// Takes a seat in a room: for the holder of one of these passes, or for somebody new where the room has no password.
    pub async fn take_seat(self: &Arc<Self>, slug: &str, passes: &[&str], from: IpAddr) -> Result<Seat, DoorError> {
        let (sight, holder) = self.look(slug, passes, from).await?;
        if sight.room.is_full(sight.guests) {
            return Err(DoorError::Full);
        }
        if holder.is_none() && sight.room.password.is_some() {
            return Err(DoorError::PasswordNeeded);
        }
        let (rooms, wanted) = (self.clone(), holder.unwrap_or_else(UserId::random));
        // Taken to its end also if the client goes meanwhile: what gives it back must not be done before it.
        tokio::spawn(async move { Seat::take(&rooms, sight.room, wanted).await }).await.map_err(|_| DoorError::Busy)?
    }

    /// Whether this guest is in the room now, or somebody who came by the same pass, from another tab.
    pub async fn has_guest(&self, room: &NamedRoom, guest: UserId) -> Result<bool, StoreError> {
        Ok(self.guests(room.channel()).await?.iter().any(|member| member.user == guest || member.peer == Some(guest)))
    }

    /// Whether the store has lost a room that people of this node are in, and somebody has made another one under its slug since.
    #[must_use]
    pub fn is_replaced(&self, room: RoomId) -> bool {
        self.here().get(&room).is_some_and(|here| here.replaced)
    }

    /// Who is in a room, in an order that stays.
    pub async fn guests(&self, channel: ChannelId) -> Result<Vec<Member>, StoreError> {
        let mut guests = self.store.members(channel, MAX_GUESTS).await?;
        guests.sort_by_key(|guest| guest.user);
        Ok(guests)
    }

    /// The rooms for everybody, those that were last used first.
    pub async fn public(&self) -> Result<Vec<Sight>, StoreError> {
        let mut rooms = self.store.public_rooms(MAX_PUBLIC).await?;
        rooms.sort_by_key(|sight| sight.idle_for);
        Ok(rooms)
    }

    /// Counts an attempt; fails if there were too many.
    async fn spend(&self, what: &str, whom: &[u8], from: IpAddr, allowance: Allowance) -> Result<(), DoorError> {
        Ok(self.tally.spend(&*self.store, what, whom, from, allowance).await?)
    }

    fn here(&self) -> MutexGuard<'_, HashMap<RoomId, Here>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a guest is called before saying so.
#[must_use]
pub fn default_name() -> Username {
    #[allow(clippy::expect_used, reason = "nine letters are a name")]
    Username::parse("Major Tom").expect("a name")
}

/// A guest as the store is asked for it: by the identifier of its pass, which stays with it also where it gets another one.
fn member(at: SessionRef, holder: UserId) -> Member {
    Member { at, user: holder, username: default_name(), peer: Some(holder), number: None }
}
