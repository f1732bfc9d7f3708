//! Lobbies: rooms with a code, where guests find a host. What may happen to a room say the [`rules`]; here they meet the store, and whom
//! it concerns is told to look.

pub mod rules;
pub mod sight;

mod coming;
mod hosting;
mod keeper;
mod token;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

pub use self::coming::Return;
pub use self::hosting::MAX_STATE;
pub use self::rules::{Came, Coming, Refused, Times};
use self::token::Signer;
use super::Tally;
use super::tally::{self, NotAllowed};
use crate::cluster::{Hub, Relay};
use crate::ids::{LobbyClientId, LobbyCode, Micros, SessionRef};
use crate::store::lobbies::{Allowance, KeptLobby, LobbyChange};
use crate::store::record::lobby::{LobbyClientRecord, LobbyLetter, LobbyRecord, LobbySay, LobbySignal, LobbyWishes};
use crate::store::record::{self, Decoded, Signal};
use crate::store::{Store, StoreError};

/// A room that others change at the same time is tried again so often: of many who come at once, one is in with each attempt.
const ATTEMPTS: u64 = 1_000;
/// So long, by chance, whoever was too late waits at most before the next attempt, in milliseconds.
const WAIT: u64 = 20;
/// Codes drawn until one is free.
const DRAWS: usize = 16;
/// Every room is looked at so often at least, whatever the index says.
const VISIT: Duration = Duration::from_secs(30);
/// What is booked to an address and not booked again is forgotten after so long.
const BOOKED: Duration = Duration::from_secs(86_400);
/// Rooms in the list.
const LISTED: usize = 100;
/// For so long a node answers with the same list.
const MOMENT: Duration = Duration::from_secs(1);
/// For so long what belongs to a room that was written back is tried, as long as the store fails: the client waits for it.
const RESTORE_FOR: Duration = Duration::from_secs(5);
/// Between two of these attempts.
const RESTORE_AGAIN: Duration = Duration::from_millis(250);

/// What the rules go by, from the settings.
#[derive(Clone, Copy, Debug)]
pub struct LobbyRules {
    /// How long what lasts.
    pub times: Times,
    /// Guests that a room takes at most (`LOBBY_MAX_GUESTS`).
    pub max_guests: u32,
    /// What an address may have at once (`LOBBY_MAX_ROOMS`, `LOBBY_MAX_SNAPSHOT_BYTES`).
    pub allowed: Allowance,
    /// Rooms that an address makes in which time (`RATE_LOBBY_ROOMS`); `None`: any number.
    pub making: tally::Allowance,
    /// Codes of no room that an address tries in which time (`RATE_LOBBY_CODES`); `None`: any number.
    pub guessing: tally::Allowance,
}

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum LobbyError {
    /// The rules.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// This address did that too often.
    #[error("too many attempts from this address; try again later")]
    SlowDown(Duration),
    /// This address has all the rooms, or bytes of snapshots, that it may have.
    #[error("too many rooms or too large snapshots of this address")]
    TooMuch,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotAllowed> for LobbyError {
    fn from(error: NotAllowed) -> Self {
        match error {
            NotAllowed::SlowDown(after) => Self::SlowDown(after),
            NotAllowed::Store(error) => Self::Store(error),
        }
    }
}

type Result<T> = std::result::Result<T, LobbyError>;

/// A room as it was at a time.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which change made it so.
    pub revision: u64,
    /// The room.
    pub room: LobbyRecord,
}

/// A room that somebody has come into.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its code.
    pub code: LobbyCode,
    /// How.
    pub came: Came,
    /// The room as it was then.
    pub seen: Seen,
}

/// A room in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its code.
    pub code: LobbyCode,
    /// Guests in it.
    pub guests: usize,
    /// Guests that it takes.
    pub max_guests: u32,
    /// What its maker wants it to be.
    pub wishes: LobbyWishes,
}

/// One client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub id: LobbyClientId,
    /// Its connection.
    pub at: SessionRef,
    /// Its address.
    pub from: IpAddr,
}

/// All lobbies of the cluster, as one node sees them.
pub struct Lobbies {
    store: Arc<dyn Store>,
    relay: Arc<Relay>,
    hub: Arc<Hub>,
    tally: Tally,
    signer: Signer,
    rules: LobbyRules,
    /// The latest list, and since when there is.
    listing: Mutex<Option<(Instant, Arc<[Listed]>)>>,
}

impl Lobbies {
    /// Over a store; [`Lobbies::run`] is to be spawned. `secret` is the same on all nodes.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, relay: Arc<Relay>, hub: Arc<Hub>, secret: [u8; 32], rules: LobbyRules) -> Arc<Self> {
        Arc::new(Self { store, relay, hub, tally: Tally::new(secret), signer: Signer::new(secret), rules, listing: Mutex::default() })
    }

    /// What a client shows to be itself again.
    #[must_use]
    pub fn token(&self, client: LobbyClientId) -> String {
        self.signer.token(client)
    }

    /// Whose token that is.
    #[must_use]
    pub fn client(&self, token: &str) -> Option<LobbyClientId> {
        self.signer.client(token)
    }

    /// Makes a room that waits for its host.
    pub async fn make(&self, from: IpAddr, wishes: LobbyWishes) -> Result<LobbyCode> {
        self.tally.spend(&*self.store, "lobby-rooms", &[], from, self.rules.making).await?;
        let account = self.tally.key("lobby", &[], from);
        for _ in 0..DRAWS {
            let code = LobbyCode::from_random(rand::random());
            let (there, now) = self.store.lobby(code).await?;
            if there.is_some() {
                continue;
            }
            if !self.store.book_lobby(&account, code, 0, self.rules.allowed, BOOKED).await? {
                return Err(LobbyError::TooMuch);
            }
            let room = rules::fresh(now, account.clone(), wishes.clone());
            // Before it is made: what is listed is found, whatever happens.
            self.store.list_lobby(code, self.rules.times.timeout.min(VISIT), true, is_listed(&room)).await?;
            if self.store.change_lobby(code, 0, LobbyChange::Record(record::encode(&room))).await?.is_none() {
                self.store.unbook_lobby(&account, code).await?;
            } else {
                // Whoever looked in between may have found nothing and struck it off.
                self.store.list_lobby(code, self.rules.times.timeout.min(VISIT), true, is_listed(&room)).await?;
                return Ok(code);
            }
        }
        Err(StoreError::Unavailable("no room code is free".to_owned()).into())
    }

    /// How long the room keeps the place of a member whose connection ended, where its maker wished for a time of its own.
    #[must_use]
    pub fn own_grace(&self, room: &LobbyRecord) -> Option<Duration> {
        room.wishes.grace_seconds.map(|_| rules::grace(room, &self.rules.times))
    }

    /// The room as it is.
    pub async fn look(&self, code: LobbyCode) -> Result<Option<Seen>> {
        let (kept, _) = self.store.lobby(code).await?;
        kept.map(|kept| Ok(Seen { revision: kept.revision, room: decode(&kept.record)? })).transpose()
    }

    /// The room as it is; `known` is how a member of it saw it last. Where the store has lost the room, it is written back.
    pub async fn look_again(&self, code: LobbyCode, caller: Caller, known: &Seen) -> Result<Option<Seen>> {
        let seen = self.look(code).await?;
        if seen.is_some() {
            return Ok(seen);
        }
        let kept = KeptLobby { revision: known.revision, record: record::encode(&known.room) };
        if self.store.restore_lobby(code, &kept).await? {
            debug!("a lobby room that the store had lost was written back");
            // Who wrote the room back does this as well, and nobody does it later: the tokens of those who are away lead there by it.
            let begun = Instant::now();
            while let Err(error) = self.note_restored(code, &known.room, caller.at).await {
                if begun.elapsed() > RESTORE_FOR {
                    return Err(error);
                }
                sleep(RESTORE_AGAIN).await;
            }
        }
        // Or somebody else has written it back meanwhile.
        self.look(code).await
    }

    async fn note_restored(&self, code: LobbyCode, room: &LobbyRecord, here: SessionRef) -> Result<()> {
        self.store.list_lobby(code, Duration::ZERO, true, is_listed(room)).await?;
        self.note_again(code, room, here).await
    }

    /// A member has just seen its room: so it is to be looked at in time, even if the index has lost it.
    pub async fn keep_listed(&self, code: LobbyCode, seen: &Seen) {
        if let Err(error) = self.store.list_lobby(code, VISIT, true, is_listed(&seen.room)).await {
            debug!(%error, "a lobby room was not listed");
        }
    }

    /// Sends a signal to the host, or from the host to a guest. If it does not arrive, it comes back to the sender's session.
    pub async fn signal(
        &self,
        caller: Caller,
        code: LobbyCode,
        kind: LobbySignal,
        to: Option<LobbyClientId>,
        signal: String,
    ) -> Result<()> {
        let room = self.look(code).await?.ok_or(Refused::NoRoom)?.room;
        let (to, missing) = match to {
            None => {
                rules::check_member(&room, caller.id, caller.at)?;
                if room.host == Some(caller.id) {
                    return Err(Refused::OutOfTurn.into());
                }
                (room.host.ok_or(Refused::NoHost)?, Refused::NoHost)
            }
            Some(guest) => {
                rules::check_host(&room, caller.id, caller.at)?;
                (guest, Refused::NoSuchClient)
            }
        };
        let at = rules::member(&room, to).filter(|_| to != caller.id).and_then(|member| member.at).ok_or(missing)?;
        let say = LobbySay::Signal { from: caller.id, reply_to: caller.at, kind, signal };
        self.relay.send(at, Some(caller.at), Signal::Lobby { letter: Box::new(LobbyLetter { to, room: Some(code), say }) });
        Ok(())
    }

    /// A letter with a signal was for nobody here.
    pub fn undeliverable(&self, here: SessionRef, letter: LobbyLetter) {
        if let LobbySay::Signal { reply_to, .. } = letter.say {
            let signal = Box::new(Signal::Lobby { letter: Box::new(letter) });
            self.relay.send(reply_to, None, Signal::Undeliverable { to: here.session, signal });
        }
    }

    /// The rooms that all may see, the newest first, as they were a moment ago.
    pub async fn list(&self) -> Result<Arc<[Listed]>> {
        // One list at a time, for all who ask within a moment: each costs the store as many questions as there are rooms in it.
        let mut latest = self.listing.lock().await;
        if let Some((_, listed)) = latest.as_ref().filter(|(at, _)| at.elapsed() < MOMENT) {
            return Ok(listed.clone());
        }
        let mut listed = Vec::new();
        for code in self.store.public_lobbies(LISTED).await? {
            match self.look(code).await {
                Ok(Some(Seen { room, .. })) if is_listed(&room) => {
                    let max_guests = room.wishes.max_guests.unwrap_or(self.rules.max_guests).min(self.rules.max_guests);
                    listed.push(Listed { code, guests: room.members.len().saturating_sub(1), max_guests, wishes: room.wishes });
                }
                Ok(_) => {}
                // The others are listed all the same.
                Err(LobbyError::Store(StoreError::Corrupt(why))) => warn!(why, "a lobby room cannot be read"),
                Err(error) => return Err(error),
            }
        }
        let listed: Arc<[Listed]> = listed.into();
        *latest = Some((Instant::now(), listed.clone()));
        Ok(listed)
    }

    /// Changes a room by the rules, as often as it takes.
    async fn change<T>(
        &self,
        code: LobbyCode,
        decide: impl Fn(&mut LobbyRecord, Micros) -> std::result::Result<(T, Option<Bytes>), Refused>,
    ) -> Result<(T, Seen)> {
        for attempt in 1..=ATTEMPTS {
            let (kept, now) = self.store.lobby(code).await?;
            let kept = kept.ok_or(Refused::NoRoom)?;
            let before = decode(&kept.record)?;
            let mut room = before.clone();
            if rules::pass(&mut room, now, &self.rules.times, |_| false) {
                // Over; whoever keeps the rooms takes it away.
                return Err(Refused::NoRoom.into());
            }
            let (outcome, snapshot) = decide(&mut room, now)?;
            if room == before && snapshot.is_none() {
                return Ok((outcome, Seen { revision: kept.revision, room }));
            }
            let encoded = record::encode(&room);
            let change = match snapshot {
                Some(snapshot) => LobbyChange::Snapshot(encoded, snapshot),
                None => LobbyChange::Record(encoded),
            };
            if let Some(revision) = self.store.change_lobby(code, kept.revision, change).await? {
                self.relist(code, &room, now, true).await;
                return Ok((outcome, Seen { revision, room }));
            }
            sleep(Duration::from_millis(rand::random::<u64>() % attempt.min(WAIT))).await;
        }
        Err(contended())
    }

    /// Notes when the room is to be looked at. It is looked at sooner or later in any case.
    async fn relist(&self, code: LobbyCode, room: &LobbyRecord, now: Micros, sooner: bool) {
        let due = rules::due(room, &self.rules.times).map_or(VISIT, |due| Duration::from_micros(due.0.saturating_sub(now.0)));
        if let Err(error) = self.store.list_lobby(code, due.min(VISIT), sooner, is_listed(room)).await {
            debug!(%error, "a lobby room was not listed");
        }
    }

    /// Whom a change concerns is told to look: all who are in the room or were, but the one who made the change and knows.
    fn tell(&self, except: Option<LobbyClientId>, before: &LobbyRecord, after: &LobbyRecord, code: LobbyCode) {
        let connections = |room: &LobbyRecord| room.members.iter().filter_map(|member| Some((member.id, member.at?))).collect::<Vec<_>>();
        let mut all = connections(after);
        all.extend(connections(before));
        all.sort_unstable();
        all.dedup();
        for (id, at) in all.into_iter().filter(|(id, _)| Some(*id) != except) {
            self.say(id, at, Some(code), LobbySay::Look);
        }
    }

    fn say(&self, to: LobbyClientId, at: SessionRef, room: Option<LobbyCode>, say: LobbySay) {
        self.relay.send(at, None, Signal::Lobby { letter: Box::new(LobbyLetter { to, room, say }) });
    }
}

/// Whether a room is in the list for all: one without a host cannot be joined.
fn is_listed(room: &LobbyRecord) -> bool {
    room.wishes.public && room.host.is_some()
}

fn decode(bytes: &[u8]) -> std::result::Result<LobbyRecord, StoreError> {
    record::decode_known(bytes, "a lobby room")
}

/// One that cannot be read is as good as none: the client comes as somebody who was in no room.
fn decode_note(bytes: &[u8]) -> Option<LobbyClientRecord> {
    match record::decode(bytes) {
        Ok(Decoded::Known(note)) => Some(note),
        Ok(Decoded::Unknown) | Err(_) => None,
    }
}

fn contended() -> LobbyError {
    StoreError::Unavailable("too many change this room at once".to_owned()).into()
}
