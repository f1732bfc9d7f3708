//! Coming into a room, going, and being the same client again.

use std::time::Duration;

use tracing::{debug, warn};

use super::{Caller, Coming, Entry, Lobbies, LobbyError, Refused, Result, decode_note, rules};
use crate::ids::{LobbyClientId, LobbyCode, Micros, SessionRef};
use crate::store::record;
use crate::store::record::lobby::{LobbyClientRecord, LobbyRecord, LobbySay};

/// A client that is in no room is remembered for so long.
const STRANGER: Duration = Duration::from_secs(3_600);
/// A client that was in a room is remembered for so long after it came.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);

impl Lobbies {
    /// Somebody comes into a room, and out of any other.
    pub async fn enter(&self, caller: Caller, code: LobbyCode, coming: Coming) -> Result<Entry> {
        let Caller { id, at, from } = caller;
        // A token leads to a room without guessing.
        let may_guess = !matches!(coming, Coming::Returning { .. });
        if may_guess {
            self.check("lobby-codes", self.rules.guessing, from).await?;
        }
        let entered =
            self.change(code, |room, now| rules::enter(room, now, id, at, coming, self.rules.max_guests).map(|came| (came, None))).await;
        if may_guess && matches!(entered, Err(LobbyError::Refused(Refused::NoRoom))) {
            self.count("lobby-codes", self.rules.guessing, from).await?;
        }
        if let Err(LobbyError::Store(_)) = entered {
            // Perhaps it did: nobody is to have a place that they do not know of.
            self.leave_quietly(code, id, at).await;
        }
        let (came, seen) = entered?;
        let (can_host, speaks) = match coming {
            Coming::ByQuery { .. } => (Some(false), false),
            Coming::Joining { can_host } | Coming::Returning { can_host } => (can_host, true),
        };
        let note = LobbyClientRecord { at, room: Some(code), born: seen.room.born, can_host, speaks };
        let before = self.note(id, &note, REMEMBERED).await.unwrap_or_else(|error| {
            // The place is taken; only the way back to it by the token is not known.
            warn!(%error, "where a lobby client is was not noted");
            None
        });
        // Of two connections that come into this room at once, the room alone says which one stays.
        if let Some(before) = before.filter(|before| before.room != Some(code) || before.born != seen.room.born)
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
                self.tell(Some(id), &LobbyRecord::default(), &seen.room, code);
                Ok(())
            }
            Err(LobbyError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
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
