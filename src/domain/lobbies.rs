//! Lobbies: rooms with a code, where guests find a host. What may happen to a room say the [`rules`]; here they meet the store, and whom
//! it concerns is told to look.

pub mod rules;
pub mod sight;

mod keeper;
mod token;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tracing::debug;

pub use self::rules::{Came, Coming, Refused, Times};
use self::token::Signer;
use super::Tally;
use crate::cluster::{Hub, Relay};
use crate::ids::{LobbyClientId, LobbyCode, Micros, SessionRef};
use crate::store::lobbies::{Allowance, LobbyChange};
use crate::store::record::lobby::{LobbyClientRecord, LobbyLetter, LobbyRecord, LobbySay, LobbySignal, LobbyWishes};
use crate::store::record::{self, Decoded, Signal};
use crate::store::{Store, StoreError};

/// A room that others change at the same time is tried again so often.
const ATTEMPTS: usize = 100;
/// Codes drawn until one is free.
const DRAWS: usize = 16;
/// Every room is looked at so often at least, whatever the index says.
const VISIT: Duration = Duration::from_secs(30);
/// A client that is in no room is remembered for so long.
const STRANGER: Duration = Duration::from_secs(3_600);
/// A client that was in a room is remembered for so long after it came.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);
/// What is booked to an address and not booked again is forgotten after so long.
const BOOKED: Duration = Duration::from_secs(86_400);
/// Rooms in the list.
const LISTED: usize = 100;
/// The longest state of a game that is kept, in bytes.
pub const MAX_STATE: usize = 256 * 1024;

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
    pub making: Option<(u64, Duration)>,
    /// Codes of no room that an address tries in which time (`RATE_LOBBY_CODES`); `None`: any number.
    pub guessing: Option<(u64, Duration)>,
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
}

impl Lobbies {
    /// Over a store; [`Lobbies::run`] is to be spawned. `secret` is the same on all nodes.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, relay: Arc<Relay>, hub: Arc<Hub>, secret: [u8; 32], rules: LobbyRules) -> Arc<Self> {
        Arc::new(Self { store, relay, hub, tally: Tally::new(secret), signer: Signer::new(secret), rules })
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
        self.count("lobby-rooms", self.rules.making, from).await?;
        let account = self.tally.key("lobby", &[], from);
        let public = wishes.public;
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
            self.store.list_lobby(code, self.rules.times.timeout.min(VISIT), true, public).await?;
            if self.store.change_lobby(code, 0, LobbyChange::Record(record::encode(&room))).await?.is_some() {
                // Whoever looked in between may have found nothing and struck it off.
                self.store.list_lobby(code, self.rules.times.timeout.min(VISIT), true, public).await?;
                return Ok(code);
            }
        }
        Err(StoreError::Unavailable("no room code is free".to_owned()).into())
    }

    /// Somebody comes into a room, and out of any other.
    pub async fn enter(&self, caller: Caller, code: LobbyCode, coming: Coming) -> Result<Entry> {
        let Caller { id, at, from } = caller;
        self.check("lobby-codes", self.rules.guessing, from).await?;
        let entered =
            self.change(code, |room, now| rules::enter(room, now, id, at, coming, self.rules.max_guests).map(|came| (came, None))).await;
        if let Err(LobbyError::Refused(Refused::NoRoom)) = entered {
            self.count("lobby-codes", self.rules.guessing, from).await?;
        }
        let (came, seen) = entered?;
        let (can_host, speaks) = match coming {
            Coming::ByQuery { .. } => (Some(false), false),
            Coming::Joining { can_host } | Coming::Returning { can_host } => (can_host, true),
        };
        let note = LobbyClientRecord { at, room: Some(code), born: seen.room.born, can_host, speaks };
        let before = self.note(id, &note, REMEMBERED).await?;
        if let Some(before) = before
            && before.at != at
        {
            self.displace(id, before.at);
            if let Some(other) = before.room.filter(|other| *other != code) {
                self.leave_quietly(other, id, before.at).await;
            }
        }
        self.tell(id, &LobbyRecord::default(), &seen.room, code);
        if let Some(displaced) = came.displaced {
            self.displace(id, displaced);
        }
        Ok(Entry { code, came, seen })
    }

    /// Somebody has another connection: back into the room that it was in, if that is still there and takes it.
    pub async fn come_back(&self, caller: Caller) -> Result<Option<Entry>> {
        let noted = self.noted(caller.id).await?;
        if let Some(LobbyClientRecord { room: Some(code), born, can_host, .. }) = noted
            && self.look(code).await?.is_some_and(|seen| seen.room.born == born && !seen.room.kicked.contains(&caller.id))
        {
            match self.enter(caller, code, Coming::Returning { can_host }).await {
                Ok(entry) => return Ok(Some(entry)),
                Err(LobbyError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.arrive(caller).await?;
        Ok(None)
    }

    /// Somebody is here, in no room; another connection that it had is not its own any more.
    pub async fn arrive(&self, caller: Caller) -> Result<()> {
        let note = LobbyClientRecord { at: caller.at, room: None, born: Micros(0), can_host: None, speaks: true };
        if let Some(before) = self.note(caller.id, &note, STRANGER).await?.filter(|before| before.at != caller.at) {
            self.displace(caller.id, before.at);
        }
        Ok(())
    }

    /// A connection that was in no room ended: nothing is left of it.
    pub async fn forget(&self, caller: Caller) -> Result<()> {
        let note = LobbyClientRecord { at: caller.at, room: None, born: Micros(0), can_host: None, speaks: true };
        Ok(self.store.forget_lobby_client(caller.id, &record::encode(&note)).await?)
    }

    /// A connection ended.
    pub async fn leave(&self, code: LobbyCode, id: LobbyClientId, at: SessionRef) -> Result<()> {
        let left = self.change(code, |room, now| {
            rules::drop(room, now, id, at);
            Ok(((), None))
        });
        match left.await {
            Ok(((), seen)) => {
                self.tell(id, &LobbyRecord::default(), &seen.room, code);
                Ok(())
            }
            Err(LobbyError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The room as it is.
    pub async fn look(&self, code: LobbyCode) -> Result<Option<Seen>> {
        let (kept, _) = self.store.lobby(code).await?;
        kept.map(|kept| Ok(Seen { revision: kept.revision, room: decode(&kept.record)? })).transpose()
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
        rules::check_member(&room, caller.id, caller.at)?;
        let (to, missing) = match to {
            None => (room.host.ok_or(Refused::NoHost)?, Refused::NoHost),
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

    /// Whether this connection is the host's.
    pub async fn check_host(&self, caller: Caller, code: LobbyCode) -> Result<()> {
        let room = self.look(code).await?.ok_or(Refused::NoRoom)?.room;
        Ok(rules::check_host(&room, caller.id, caller.at)?)
    }

    /// The host keeps the state of the game; `state` is JSON.
    pub async fn save(&self, caller: Caller, code: LobbyCode, version: i64, state: &str) -> Result<()> {
        let mut room = self.look(code).await?.ok_or(Refused::NoRoom)?.room;
        rules::save(&mut room, caller.id, caller.at, version)?;
        if !self.store.book_lobby(&room.account, code, state.len() as u64, self.rules.allowed, BOOKED).await? {
            return Err(LobbyError::TooMuch);
        }
        let snapshot = Bytes::from(format!(r#"{{"version":{version},"state":{state}}}"#));
        self.change(code, |room, _| rules::save(room, caller.id, caller.at, version).map(|()| ((), Some(snapshot.clone())))).await?;
        Ok(())
    }

    /// The snapshot as `{"version", "state"}`, if there is one.
    pub async fn snapshot(&self, code: LobbyCode) -> Result<Option<Bytes>> {
        Ok(self.store.lobby_snapshot(code).await?)
    }

    /// The host tells a guest to leave.
    pub async fn kick(&self, caller: Caller, code: LobbyCode, guest: LobbyClientId) -> Result<()> {
        let kick = |room: &mut LobbyRecord, now| rules::kick(room, now, caller.id, caller.at, guest).map(|at| (at, None));
        let (at, seen) = self.change(code, kick).await?;
        self.tell(caller.id, &LobbyRecord::default(), &seen.room, code);
        if let Some(at) = at {
            self.say(guest, at, Some(code), LobbySay::Look);
        }
        Ok(())
    }

    /// The host closes the room.
    pub async fn close(&self, caller: Caller, code: LobbyCode) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let Seen { revision, room } = self.look(code).await?.ok_or(Refused::NoRoom)?;
            rules::check_host(&room, caller.id, caller.at)?;
            if self.store.change_lobby(code, revision, LobbyChange::Gone).await?.is_some() {
                self.ended(code, &room, caller.id).await;
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The rooms that all may see, the newest first.
    pub async fn list(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for code in self.store.public_lobbies(LISTED).await? {
            let Some(Seen { room, .. }) = self.look(code).await? else { continue };
            // One without a host cannot be joined.
            if room.wishes.public && room.host.is_some() {
                let max_guests = room.wishes.max_guests.unwrap_or(self.rules.max_guests).min(self.rules.max_guests);
                listed.push(Listed { code, guests: room.members.len().saturating_sub(1), max_guests, wishes: room.wishes });
            }
        }
        Ok(listed)
    }

    /// Changes a room by the rules, as often as it takes.
    async fn change<T>(
        &self,
        code: LobbyCode,
        decide: impl Fn(&mut LobbyRecord, Micros) -> std::result::Result<(T, Option<Bytes>), Refused>,
    ) -> Result<(T, Seen)> {
        for _ in 0..ATTEMPTS {
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
        }
        Err(contended())
    }

    /// Notes when the room is to be looked at. It is looked at sooner or later in any case.
    async fn relist(&self, code: LobbyCode, room: &LobbyRecord, now: Micros, sooner: bool) {
        let due = rules::due(room, &self.rules.times).map_or(VISIT, |due| Duration::from_micros(due.0.saturating_sub(now.0)));
        if let Err(error) = self.store.list_lobby(code, due.min(VISIT), sooner, room.wishes.public).await {
            debug!(%error, "a lobby room was not listed");
        }
    }

    /// Whom a change concerns is told to look: all who are in the room or were, but the one who made the change.
    fn tell(&self, except: LobbyClientId, before: &LobbyRecord, after: &LobbyRecord, code: LobbyCode) {
        let connections = |room: &LobbyRecord| room.members.iter().filter_map(|member| Some((member.id, member.at?))).collect::<Vec<_>>();
        let mut all = connections(after);
        all.extend(connections(before));
        all.sort_unstable();
        all.dedup();
        for (id, at) in all.into_iter().filter(|(id, _)| *id != except) {
            self.say(id, at, Some(code), LobbySay::Look);
        }
    }

    /// The room is gone: nothing is left of it, and all who were in it are told.
    async fn ended(&self, code: LobbyCode, room: &LobbyRecord, by: LobbyClientId) {
        self.tell(by, room, &LobbyRecord::default(), code);
        let tidied = async {
            self.store.unlist_lobby(code).await?;
            self.store.unbook_lobby(&room.account, code).await?;
            for member in &room.members {
                if let Some(note) = self.store.lobby_client(member.id).await?
                    && decode_note(&note).is_some_and(|note| note.room == Some(code))
                {
                    self.store.forget_lobby_client(member.id, &note).await?;
                }
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = tidied.await {
            debug!(%error, "what a lobby room left goes by itself");
        }
    }

    fn displace(&self, id: LobbyClientId, at: SessionRef) {
        self.say(id, at, None, LobbySay::Displaced);
    }

    fn say(&self, to: LobbyClientId, at: SessionRef, room: Option<LobbyCode>, say: LobbySay) {
        self.relay.send(at, None, Signal::Lobby { letter: Box::new(LobbyLetter { to, room, say }) });
    }

    async fn leave_quietly(&self, code: LobbyCode, id: LobbyClientId, at: SessionRef) {
        if let Err(error) = self.leave(code, id, at).await {
            debug!(%error, "a displaced connection was not taken out of its room; that ends with itself");
        }
    }

    async fn note(&self, id: LobbyClientId, note: &LobbyClientRecord, ttl: Duration) -> Result<Option<LobbyClientRecord>> {
        let before = self.store.note_lobby_client(id, &record::encode(note), ttl).await?;
        Ok(before.and_then(|before| decode_note(&before)))
    }

    async fn noted(&self, id: LobbyClientId) -> Result<Option<LobbyClientRecord>> {
        Ok(self.store.lobby_client(id).await?.and_then(|note| decode_note(&note)))
    }

    /// Counts one more of something from an address, unless it is too many.
    async fn count(&self, what: &str, limit: Option<(u64, Duration)>, from: IpAddr) -> Result<()> {
        let Some((limit, window)) = limit else { return Ok(()) };
        let count = self.store.count(&self.tally.key(what, &[], from), window).await?;
        if count.events > limit { Err(LobbyError::SlowDown(count.resets_in)) } else { Ok(()) }
    }

    /// As [`Lobbies::count`], without counting.
    async fn check(&self, what: &str, limit: Option<(u64, Duration)>, from: IpAddr) -> Result<()> {
        let Some((limit, _)) = limit else { return Ok(()) };
        let count = self.store.counted(&self.tally.key(what, &[], from)).await?;
        if count.events >= limit { Err(LobbyError::SlowDown(count.resets_in)) } else { Ok(()) }
    }
}

fn decode(bytes: &[u8]) -> std::result::Result<LobbyRecord, StoreError> {
    match record::decode(bytes)? {
        Decoded::Known(room) => Ok(room),
        Decoded::Unknown => Err(StoreError::Corrupt("a lobby room was written by a newer build".to_owned())),
    }
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
