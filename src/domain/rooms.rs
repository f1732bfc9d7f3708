//! Rooms with numbers: anybody makes one, and it goes when nobody uses it. What is said in one is a channel's log; who is in it
//! are that channel's members, each user once.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, warn};

use super::channels::Place;
use super::tally::{Allowance, NotAllowed, Tally};
use crate::ids::{ChannelId, RoomId, RoomNumber, SessionId, UserId, Username};
use crate::store::accounts::User;
use crate::store::channels::{Head, Member, Range};
use crate::store::record::{self, Decoded, MessageRecord};
use crate::store::{Store, StoreError};

/// At most so many sessions of a room are looked at.
const MAX_VISITORS: usize = 2_000;
/// A number that is taken is drawn again at most so often. One in 2^53 is.
const ATTEMPTS: usize = 4;
/// Rooms that people are in are kept at least so often, so that a store that lost them has them again soon.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// Between two looks at rooms that have gone, by one node.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Rooms swept away in one go.
const SWEEP: usize = 100;

/// Why there is no room.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// This address has made too many.
    #[error("too many new rooms from this address; try again later")]
    SlowDown(Duration),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotAllowed> for RoomError {
    fn from(error: NotAllowed) -> Self {
        match error {
            NotAllowed::SlowDown(after) => Self::SlowDown(after),
            NotAllowed::Store(error) => Self::Store(error),
        }
    }
}

/// Somebody who is in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Who.
    pub id: UserId,
    /// The account's number.
    pub number: u64,
    /// Today's name.
    pub name: Username,
}

/// The rules of rooms with numbers.
pub struct Rooms {
    store: Arc<dyn Store>,
    tally: Tally,
    idle: Duration,
    making: Allowance,
    /// How many sessions of this node are in each.
    here: Mutex<HashMap<RoomNumber, usize>>,
}

impl Rooms {
    /// Over a store. A room goes after `idle`; `making`: how many one address makes in which time (`None`: any number).
    #[must_use]
    pub fn new(store: Arc<dyn Store>, tally: Tally, idle: Duration, making: Allowance) -> Arc<Self> {
        Arc::new(Self { store, tally, idle, making, here: Mutex::default() })
    }

    /// The channel of what is said in a room.
    #[must_use]
    pub fn place(room: RoomNumber) -> Place {
        Place { channel: ChannelId::of_room(room), peer: None }
    }

    /// Makes a room for somebody at this address.
    pub async fn make(&self, from: IpAddr) -> Result<RoomNumber, RoomError> {
        self.tally.spend(&*self.store, "rooms", &[], from, self.making).await?;
        for _ in 0..ATTEMPTS {
            let room = RoomNumber::from_random(rand::random());
            if self.store.make_room(id(room), self.idle).await? {
                return Ok(room);
            }
        }
        Err(StoreError::Unavailable("no room number is free".to_owned()).into())
    }

    /// Uses a room, and keeps it for as long as the answer is kept. `None`: there is no such room.
    pub async fn enter(self: &Arc<Self>, room: RoomNumber) -> Result<Option<Stay>, StoreError> {
        // Not before it is known to be there: what is kept is written anew where it is not.
        Ok(self.store.use_room(id(room), self.idle).await?.then(|| Stay::begin(self, room)))
    }

    /// The last `limit` messages, oldest first, with what their authors are called today, and where the log ended then.
    pub async fn log(&self, room: RoomNumber, limit: usize) -> Result<(Vec<MessageRecord>, Head), StoreError> {
        let page = self.store.page(ChannelId::of_room(room), Range::Latest, limit).await?;
        let mut messages = Vec::with_capacity(page.messages.len());
        for stored in page.messages {
            if let Decoded::Known(message) = record::decode::<MessageRecord>(&stored.record)? {
                messages.push(message);
            }
        }
        let authors: Vec<UserId> = messages.iter().map(|message| message.from).collect::<HashSet<_>>().into_iter().collect();
        let today = self.accounts(&authors).await?;
        for message in &mut messages {
            if let Some(user) = today.get(&message.from) {
                message.name = user.username.clone();
                message.badge = Some(user.badge());
            }
        }
        Ok((messages, page.head))
    }

    /// Who is in the room, each once, in the order of their numbers.
    pub async fn visitors(&self, room: RoomNumber) -> Result<Vec<Visitor>, StoreError> {
        let members = self.sessions(room).await?;
        let ids: Vec<UserId> = members.iter().map(|member| member.user).collect::<HashSet<_>>().into_iter().collect();
        let today = self.accounts(&ids).await?;
        let mut seen = HashSet::new();
        let mut visitors: Vec<Visitor> = members
            .into_iter()
            .filter_map(|member| {
                let number = member.number.filter(|_| seen.insert(member.user))?;
                let name = today.get(&member.user).map_or(member.username, |user| user.username.clone());
                Some(Visitor { id: member.user, number, name })
            })
            .collect();
        visitors.sort_by_key(|visitor| visitor.number);
        Ok(visitors)
    }

    /// Whose these sessions in the room are; who is not logged in is missing.
    pub async fn people(&self, room: RoomNumber, sessions: &[SessionId]) -> Result<HashMap<SessionId, Visitor>, StoreError> {
        let members = self.sessions(room).await?;
        let members: Vec<Member> = members.into_iter().filter(|member| sessions.contains(&member.at.session)).collect();
        let today = self.accounts(&members.iter().map(|member| member.user).collect::<Vec<_>>()).await?;
        let visitor = |member: Member| {
            let name = today.get(&member.user).map_or(member.username, |user| user.username.clone());
            Some((member.at.session, Visitor { id: member.user, number: member.number?, name }))
        };
        Ok(members.into_iter().filter_map(visitor).collect())
    }

    /// The sessions of those who are in the room.
    pub async fn sessions(&self, room: RoomNumber) -> Result<Vec<Member>, StoreError> {
        self.store.members(ChannelId::of_room(room), MAX_VISITORS).await
    }

    /// The account with this number.
    pub async fn numbered(&self, number: u64) -> Result<Option<User>, StoreError> {
        let Some(before) = number.checked_sub(1) else { return Ok(None) };
        Ok(self.store.list_users(before, 1).await?.into_iter().find(|user| user.serial == number))
    }

    /// Keeps the rooms that this node's sessions are in, and sweeps away what others left, for ever.
    pub async fn run(self: Arc<Self>) {
        let keep_every = (self.idle / 3).min(KEEP_EVERY);
        let sweep_every = self.idle.min(SWEEP_EVERY);
        tokio::join!(
            async {
                loop {
                    sleep(keep_every).await;
                    let here: Vec<RoomId> = self.here().keys().map(|room| id(*room)).collect();
                    if !here.is_empty()
                        && let Err(error) = self.store.keep_rooms(&here, self.idle).await
                    {
                        warn!(%error, "rooms that are in use could not be kept");
                    }
                }
            },
            async {
                loop {
                    sleep(sweep_every).await;
                    loop {
                        match self.store.sweep_rooms(SWEEP).await {
                            Ok(SWEEP..) => {}
                            Ok(_) => break,
                            Err(error) => break debug!(%error, "unused rooms could not be swept away"),
                        }
                    }
                }
            }
        );
    }

    async fn accounts(&self, ids: &[UserId]) -> Result<HashMap<UserId, User>, StoreError> {
        Ok(self.store.users(ids).await?.into_iter().flatten().map(|user| (user.id, user)).collect())
    }

    fn here(&self) -> MutexGuard<'_, HashMap<RoomNumber, usize>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's being in a room: the room stays for as long as this is kept, and from then on as long as an unused one does.
pub struct Stay {
    rooms: Arc<Rooms>,
    room: RoomNumber,
}

impl Stay {
    fn begin(rooms: &Arc<Rooms>, room: RoomNumber) -> Self {
        *rooms.here().entry(room).or_default() += 1;
        Self { rooms: rooms.clone(), room }
    }

    /// Which room.
    #[must_use]
    pub fn room(&self) -> RoomNumber {
        self.room
    }

    /// Ends it: from now on the room is unused, unless others are in it.
    pub async fn end(self) {
        let (rooms, room) = (self.rooms.clone(), self.room);
        drop(self);
        if !rooms.here().contains_key(&room)
            && let Err(error) = rooms.store.use_room(id(room), rooms.idle).await
        {
            // It goes a little earlier: it was kept not long ago.
            debug!(%error, "a room's last use was not noted");
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let mut here = self.rooms.here();
        if let Some(count) = here.get_mut(&self.room) {
            *count -= 1;
            if *count == 0 {
                here.remove(&self.room);
            }
        }
    }
}

fn id(room: RoomNumber) -> RoomId {
    RoomId::of_channel(ChannelId::of_room(room))
}
