//! Lobby rooms: a hash and a snapshot in one slot; the indexes in another; each account's bookings and each client's note by themselves.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tracing::warn;
use uuid::Uuid;

use super::{RedisStore, keys, millis, script, wire};
use crate::ids::{LobbyClientId, LobbyCode, Micros};
use crate::store::Result;
use crate::store::lobbies::{Allowance, KeptLobby, Lobbies, LobbyChange};

/// A room that nobody has looked at for so long is in no index any more: a backstop behind those who keep the rooms.
const STAYS: Duration = Duration::from_secs(30 * 86_400);
/// So long it is known that a room has ended and was not lost.
const ENDED: Duration = Duration::from_secs(3_600);

#[async_trait]
impl Lobbies for RedisStore {
    async fn lobby(&self, code: LobbyCode) -> Result<(Option<KeptLobby>, Micros)> {
        let [room, snapshot, _] = keys::lobby(code);
        let mut call = script::LOBBY.on(&[room, snapshot]);
        call.arg(millis(STAYS));
        let (now, revision, record): (u64, String, Vec<u8>) = self.shared.run(call).await?;
        let kept = (!revision.is_empty()).then(|| wire::parse(&revision)).transpose()?;
        Ok((kept.map(|revision| KeptLobby { revision, record: record.into() }), Micros(now)))
    }

    async fn change_lobby(&self, code: LobbyCode, revision: u64, change: LobbyChange) -> Result<Option<u64>> {
        let mut call = script::CHANGE_LOBBY.on(&keys::lobby(code));
        let (record, snapshot) = match change {
            LobbyChange::Record(record) => (record, Bytes::new()),
            LobbyChange::Snapshot(record, snapshot) => (record, snapshot),
            LobbyChange::Gone => (Bytes::new(), Bytes::new()),
        };
        // A Cluster's client repeats a call whose answer was lost: by this the script knows it.
        let mark = Uuid::new_v4().into_bytes();
        call.arg(revision).arg(&record[..]).arg(&snapshot[..]).arg(&mark).arg(millis(STAYS)).arg(millis(ENDED));
        let next: String = self.shared.run(call).await?;
        (!next.is_empty()).then(|| wire::parse(&next)).transpose()
    }

    async fn restore_lobby(&self, code: LobbyCode, known: &KeptLobby) -> Result<bool> {
        let mut call = script::RESTORE_LOBBY.on(&keys::lobby(code));
        call.arg(known.revision).arg(&known.record[..]).arg(millis(STAYS));
        self.shared.run(call).await
    }

    async fn lobby_snapshot(&self, code: LobbyCode) -> Result<Option<Bytes>> {
        let mut get = redis::cmd("GET");
        let [_, snapshot, _] = keys::lobby(code);
        get.arg(snapshot);
        Ok(self.shared.query::<Option<Vec<u8>>>(get).await?.map(Bytes::from))
    }

    async fn list_lobby(&self, code: LobbyCode, within: Duration, sooner: bool, public: bool) -> Result<()> {
        let mut call = script::LIST_LOBBY.on(&[keys::LOBBIES, keys::PUBLIC_LOBBIES]);
        call.arg(code.to_string()).arg(millis(within)).arg(u8::from(sooner)).arg(u8::from(public));
        self.shared.run(call).await
    }

    async fn unlist_lobby(&self, code: LobbyCode) -> Result<()> {
        let strike = |index| {
            let mut strike = redis::cmd("ZREM");
            strike.arg(index).arg(code.to_string());
            strike
        };
        self.shared.run_all(vec![strike(keys::LOBBIES), strike(keys::PUBLIC_LOBBIES)]).await?;
        Ok(())
    }

    async fn due_lobbies(&self, limit: usize, again: Duration) -> Result<Vec<LobbyCode>> {
        let mut call = script::DUE_LOBBIES.on(&[keys::LOBBIES]);
        call.arg(limit).arg(millis(again));
        let codes = self.shared.run(call).await?;
        self.read_codes(keys::LOBBIES, codes).await
    }

    async fn all_lobbies(&self) -> Result<Vec<LobbyCode>> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(keys::LOBBIES).arg(0).arg(-1);
        let codes = self.shared.query(range).await?;
        self.read_codes(keys::LOBBIES, codes).await
    }

    async fn public_lobbies(&self, limit: usize) -> Result<Vec<LobbyCode>> {
        let mut range = redis::cmd("ZREVRANGE");
        range.arg(keys::PUBLIC_LOBBIES).arg(0).arg(limit.saturating_sub(1));
        let codes = self.shared.query(range).await?;
        self.read_codes(keys::PUBLIC_LOBBIES, codes).await
    }

    async fn lobby_client(&self, client: LobbyClientId) -> Result<Option<Bytes>> {
        let mut get = redis::cmd("GET");
        get.arg(keys::lobby_client(client));
        Ok(self.shared.query::<Option<Vec<u8>>>(get).await?.map(Bytes::from))
    }

    async fn note_lobby_client(&self, client: LobbyClientId, record: &Bytes, ttl: Duration) -> Result<Option<Bytes>> {
        let mut set = redis::cmd("SET");
        set.arg(keys::lobby_client(client)).arg(&record[..]).arg("PX").arg(millis(ttl)).arg("GET");
        Ok(self.shared.query::<Option<Vec<u8>>>(set).await?.map(Bytes::from))
    }

    async fn forget_lobby_client(&self, client: LobbyClientId, record: &Bytes) -> Result<()> {
        let mut call = script::DELETE_IF.on(&[keys::lobby_client(client)]);
        call.arg(&record[..]);
        self.shared.run(call).await
    }

    async fn book_lobby(&self, account: &str, code: LobbyCode, bytes: u64, allowed: Allowance, ttl: Duration) -> Result<bool> {
        let mut call = script::BOOK_LOBBY.on(&[keys::lobby_account(account)]);
        call.arg(code.to_string()).arg(bytes).arg(allowed.rooms).arg(allowed.bytes).arg(millis(ttl));
        self.shared.run(call).await
    }

    async fn unbook_lobby(&self, account: &str, code: LobbyCode) -> Result<()> {
        let mut strike = redis::cmd("HDEL");
        strike.arg(keys::lobby_account(account)).arg(code.to_string());
        self.shared.query(strike).await
    }
}

impl RedisStore {
    /// Reads what stands in an index. What is no code is struck off: it must not keep the others from being looked at.
    async fn read_codes(&self, index: &str, texts: Vec<Vec<u8>>) -> Result<Vec<LobbyCode>> {
        let read = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
        let (mut codes, mut strange) = (Vec::new(), Vec::new());
        for text in texts {
            match read(&text) {
                Some(code) => codes.push(code),
                None => strange.push(text),
            }
        }
        if !strange.is_empty() {
            warn!(index, entries = strange.len(), "what is no code of a lobby room is struck off its index");
            let mut strike = redis::cmd("ZREM");
            strike.arg(index).arg(&strange);
            self.shared.query::<()>(strike).await?;
        }
        Ok(codes)
    }
}
