//! Lobby rooms: a hash and a snapshot in one slot; the indexes in another; each account's bookings and each client's note by themselves.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{RedisStore, keys, millis, script, wire};
use crate::ids::{LobbyClientId, LobbyCode, Micros};
use crate::store::Result;
use crate::store::lobbies::{Allowance, KeptLobby, Lobbies, LobbyChange};

#[async_trait]
impl Lobbies for RedisStore {
    async fn lobby(&self, code: LobbyCode) -> Result<(Option<KeptLobby>, Micros)> {
        let call = script::LOBBY.on(&[keys::lobby(code)]);
        let (now, revision, record): (u64, String, Vec<u8>) = self.shared.run(call).await?;
        let kept = (!revision.is_empty()).then(|| wire::parse(&revision)).transpose()?;
        Ok((kept.map(|revision| KeptLobby { revision, record: record.into() }), Micros(now)))
    }

    async fn change_lobby(&self, code: LobbyCode, revision: u64, change: LobbyChange) -> Result<Option<u64>> {
        let mut call = script::CHANGE_LOBBY.on(&[keys::lobby(code), keys::lobby_snapshot(code)]);
        let (record, snapshot) = match change {
            LobbyChange::Record(record) => (record, Bytes::new()),
            LobbyChange::Snapshot(record, snapshot) => (record, snapshot),
            LobbyChange::Gone => (Bytes::new(), Bytes::new()),
        };
        call.arg(revision).arg(&record[..]).arg(&snapshot[..]);
        let next: String = self.shared.run(call).await?;
        (!next.is_empty()).then(|| wire::parse(&next)).transpose()
    }

    async fn lobby_snapshot(&self, code: LobbyCode) -> Result<Option<Bytes>> {
        let mut get = redis::cmd("GET");
        get.arg(keys::lobby_snapshot(code));
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
        codes(self.shared.run(call).await?)
    }

    async fn all_lobbies(&self) -> Result<Vec<LobbyCode>> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(keys::LOBBIES).arg(0).arg(-1);
        codes(self.shared.query(range).await?)
    }

    async fn public_lobbies(&self, limit: usize) -> Result<Vec<LobbyCode>> {
        let mut range = redis::cmd("ZREVRANGE");
        range.arg(keys::PUBLIC_LOBBIES).arg(0).arg(limit.saturating_sub(1));
        codes(self.shared.query(range).await?)
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

fn codes(texts: Vec<String>) -> Result<Vec<LobbyCode>> {
    texts.iter().map(|text| wire::parse(text)).collect()
}
