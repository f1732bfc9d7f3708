//! Coming into a room, going, and being the same client again.

use std::net::IpAddr;
use std::time::Duration;

use tracing::{debug, warn};

use super::{Caller, Coming, Entry, Lobbies, LobbyError, Refused, Result, Times, decode_note, rules};
use crate::ids::{LobbyClientId, LobbyCode, Micros, SessionRef};
use crate::store::record;
use crate::store::record::lobby::{LobbyClientRecord, LobbyMember, LobbyRecord, LobbySay};

/// What codes of no room are counted as.
const CODES: &str = "lobby-codes";
/// A client that is in no room is remembered for so long.
const STRANGER: Duration = Duration::from_secs(3_600);
/// A client that was in a room is remembered for so long after it came.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);
/// So many clients of one address, in how long. Those that come beyond are remembered as long as their places wait for them, and an hour.
const REMEMBERED_OF_ONE: (u64, Duration) = (10_000, Duration::from_secs(86_400));

/// What a token led to.
#[derive(Clone, Debug)]
pub enum Return {
    /// The room that the client was in.
    Into(Box<Entry>),
    /// That room is there and does not take it now; the token may be tried again.
    Refused(Refused),
    /// The client was in no room, or that is gone, or it was told to leave.
    Nowhere,
}

impl Lobbies {
    /// Somebody comes into a room, and out of any other.
    pub async fn enter(&self, caller: Caller, code: LobbyCode, coming: Coming) -> Result<Entry> {
        let Caller { id, at, from } = caller;
        // A token leads to a room without guessing.
        let may_guess = !matches!(coming, Coming::Returning { .. });
        if may_guess {
            // A guess counts as failed until it has succeeded: otherwise any number could be under way at once.
            self.tally.spend(&*self.store, CODES, &[], from, self.rules.guessing).await?;
        }
        let entered =
            self.change(code, |room, now| rules::enter(room, now, id, at, coming, self.rules.max_guests).map(|came| (came, None))).await;
        if may_guess
            && !matches!(entered, Err(LobbyError::Refused(Refused::NoRoom)))
            && let Err(error) = self.tally.take_back(&*self.store, CODES, &[], from, self.rules.guessing).await
        {
            warn!(%error, "a code of a lobby room that is there stays counted as a guess");
        }
        if let Err(LobbyError::Store(_)) = entered {
            // Perhaps it did: nobody is to have a place that they do not know of.
            self.leave_quietly(code, id, at).await;
        }
        let (came, seen) = entered?;
        let (can_host, speaks) = (coming.can_host(), coming.speaks());
        let note = LobbyClientRecord { at, room: Some(code), born: seen.room.born, can_host, speaks, outside: false };
        let before = self.note(id, &note, self.remembered(coming, from).await).await.unwrap_or_else(|error| {
            // The place is taken; only the way back to it by the token is not known.
            warn!(%error, "where a lobby client is was not noted");
            None
        });
        // Of two connections that come into this room at once, the room alone says which one stays.
        if let Some(before) = before.filter(|before| before.outside || before.room != Some(code) || before.born != seen.room.born)
            && before.at != at
        {
            self.displace(id, before.at);
            if let Some(other) = before.room.filter(|other| *other != code) {
                self.leave_quietly(other, id, before.at).await;
            }
        }
        self.tell(Some(id), &LobbyRecord::default(), &seen.room, code);
        if let Some(displaced) = came.displaced {
            self.displace(id, displaced);
        }
        Ok(Entry { code, came, seen })
    }

    /// Somebody has another connection: back into the room that it was in, if that is still there and takes it.
    pub async fn come_back(&self, caller: Caller) -> Result<Return> {
        let noted = self.noted(caller.id).await?;
        if let Some(note) = noted
            && let Some(code) = note.room
            && self.look(code).await?.is_some_and(|seen| seen.room.born == note.born && !seen.room.kicked.contains(&caller.id))
        {
            match self.enter(caller, code, Coming::Returning { can_host: note.can_host }).await {
                Ok(entry) => return Ok(Return::Into(Box::new(entry))),
                Err(LobbyError::Refused(Refused::NoRoom)) => {}
                Err(LobbyError::Refused(refused)) => {
                    self.be_here(caller, &LobbyClientRecord { at: caller.at, speaks: true, outside: true, ..note }, self.lasting()).await?;
                    return Ok(Return::Refused(refused));
                }
                Err(error) => return Err(error),
            }
        }
        self.arrive(caller).await?;
        Ok(Return::Nowhere)
    }

    /// Somebody is here, in no room; another connection that it had is not its own any more.
    pub async fn arrive(&self, caller: Caller) -> Result<()> {
        let note = nowhere(caller.at);
        self.be_here(caller, &note, STRANGER).await
    }

    async fn be_here(&self, caller: Caller, note: &LobbyClientRecord, ttl: Duration) -> Result<()> {
        if let Some(before) = self.note(caller.id, note, ttl).await?.filter(|before| before.at != caller.at) {
            self.displace(caller.id, before.at);
        }
        Ok(())
    }

    /// How long somebody is remembered who has come into a room.
    async fn remembered(&self, coming: Coming, from: IpAddr) -> Duration {
        match coming {
            Coming::Returning { .. } => REMEMBERED,
            _ => match self.tally.spend(&*self.store, "lobby-clients", &[], from, Some(REMEMBERED_OF_ONE)).await {
                Ok(()) => REMEMBERED,
                Err(_) => self.lasting(),
            },
        }
    }

    /// Longer than a place waits for whoever had it, and a room for a host or with its snapshot.
    fn lasting(&self) -> Duration {
        let Times { grace, timeout, snapshot } = self.rules.times;
        STRANGER + grace + timeout + snapshot
    }

    /// A connection that was in no room ended: nothing is left of it.
    pub async fn forget(&self, caller: Caller) -> Result<()> {
        let note = nowhere(caller.at);
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
                self.tell(Some(id), &LobbyRecord::default(), &seen.room, code);
                Ok(())
            }
            Err(LobbyError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Notes anew, of a room that the store had lost, where its members are.
    pub(super) async fn note_again(&self, code: LobbyCode, room: &LobbyRecord, here: SessionRef) -> Result<()> {
        for member in &room.members {
            if self.noted(member.id).await?.is_none() {
                // One whose connection ended has none to be displaced; another's is not displaced by this.
                let at = member.at.unwrap_or(here);
                let LobbyMember { can_host, speaks, .. } = *member;
                let note = LobbyClientRecord { at, room: Some(code), born: room.born, can_host, speaks, outside: false };
                self.note(member.id, &note, REMEMBERED).await?;
            }
        }
        Ok(())
    }

    fn displace(&self, id: LobbyClientId, at: SessionRef) {
        self.say(id, at, None, LobbySay::Displaced);
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
}

/// What is noted of a connection that is in no room.
fn nowhere(at: SessionRef) -> LobbyClientRecord {
    LobbyClientRecord { at, room: None, born: Micros(0), can_host: None, speaks: true, outside: false }
}
