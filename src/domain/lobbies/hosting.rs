//! What only the host may do, and the end of a room.

use bytes::Bytes;
use tracing::debug;

use super::{ATTEMPTS, BOOKED, Caller, Lobbies, LobbyError, Refused, Result, Seen, contended, decode_note, rules};
use crate::ids::{LobbyClientId, LobbyCode};
use crate::store::StoreError;
use crate::store::lobbies::LobbyChange;
use crate::store::record::lobby::{LobbyRecord, LobbySay};

/// The longest state of a game that is kept, in bytes.
pub const MAX_STATE: usize = 256 * 1024;

impl Lobbies {
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
        // Its host, too: that is the answer.
        self.tell(None, &LobbyRecord::default(), &seen.room, code);
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
                self.ended(code, &room, Some(caller.id)).await;
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The room is gone: nothing is left of it, and all who were in it are told.
    pub(super) async fn ended(&self, code: LobbyCode, room: &LobbyRecord, by: Option<LobbyClientId>) {
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
}
