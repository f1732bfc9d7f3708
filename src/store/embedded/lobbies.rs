//! Lobby rooms, their snapshots and what is noted of clients are in the file, so that a game can be resumed after a crash. When something
//! is due, and what is on whose account, is in memory; after a start every room is due.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redb::ReadableTable;

use super::EmbeddedStore;
use super::file::{self, Source};
use crate::ids::{LobbyClientId, LobbyCode, Micros};
use crate::store::lobbies::{Allowance, KeptLobby, Lobbies, LobbyChange};
use crate::store::{Result, StoreError};

/// Notes of clients that ended and go whenever a new one comes.
const SWEEP: usize = 4;

/// The part in memory.
#[derive(Default)]
pub(super) struct Lists {
    /// The rooms in the file are listed.
    is_complete: bool,
    due: HashMap<LobbyCode, Micros>,
    public: HashMap<LobbyCode, Micros>,
    accounts: HashMap<String, HashMap<LobbyCode, Booking>>,
}

struct Booking {
    bytes: u64,
    ends: Micros,
}

impl Lists {
    fn book(&mut self, account: &str, code: LobbyCode, booking: Booking, allowed: Allowance, now: Micros) -> bool {
        self.accounts.retain(|_, booked| {
            booked.retain(|_, booking| booking.ends > now);
            !booked.is_empty()
        });
        let booked = self.accounts.entry(account.to_owned()).or_default();
        let others = booked.iter().filter(|(other, _)| **other != code);
        let (rooms, bytes) = others.fold((1, booking.bytes), |(rooms, bytes), (_, other)| (rooms + 1, bytes + other.bytes));
        let fits = rooms <= allowed.rooms && bytes <= allowed.bytes;
        if fits {
            booked.insert(code, booking);
        }
        fits
    }
}

#[async_trait]
impl Lobbies for EmbeddedStore {
    async fn lobby(&self, code: LobbyCode) -> Result<(Option<KeptLobby>, Micros)> {
        let kept = self.read(move |source| kept(source, code)).await?;
        Ok((kept, self.clock.now()))
    }

    async fn change_lobby(&self, code: LobbyCode, revision: u64, change: LobbyChange) -> Result<Option<u64>> {
        self.write(move |work| {
            let present = kept(work.transaction, code)?.map_or(0, |kept| kept.revision);
            if present != revision {
                return Ok(None);
            }
            let name = code.to_string();
            let mut rooms = work.transaction.open_table(file::LOBBIES)?;
            let mut snapshots = work.transaction.open_table(file::LOBBY_SNAPSHOTS)?;
            let record = match change {
                LobbyChange::Gone => {
                    rooms.remove(name.as_str())?;
                    snapshots.remove(name.as_str())?;
                    return Ok(Some(revision));
                }
                LobbyChange::Record(record) => record,
                LobbyChange::Snapshot(record, snapshot) => {
                    snapshots.insert(name.as_str(), &*snapshot)?;
                    record
                }
            };
            let next = (revision + 1).max(work.now.0);
            rooms.insert(name.as_str(), (next, &*record))?;
            Ok(Some(next))
        })
        .await
    }

    async fn restore_lobby(&self, _code: LobbyCode, _known: &KeptLobby) -> Result<bool> {
        // What is in the file is not lost, and what is not in it has ended.
        Ok(false)
    }

    async fn lobby_snapshot(&self, code: LobbyCode) -> Result<Option<Bytes>> {
        self.read(move |source| {
            let name = code.to_string();
            Ok(source.table(file::LOBBY_SNAPSHOTS)?.get(name.as_str())?.map(|row| Bytes::copy_from_slice(row.value())))
        })
        .await
    }

    async fn list_lobby(&self, code: LobbyCode, within: Duration, sooner: bool, public: bool) -> Result<()> {
        let now = self.clock.now();
        let lists = &mut self.memory.lock().lobbies;
        let due = now.plus(within);
        let listed = lists.due.entry(code).or_insert(due);
        *listed = if sooner { due.min(*listed) } else { due };
        if public {
            lists.public.entry(code).or_insert(now);
        } else {
            lists.public.remove(&code);
        }
        Ok(())
    }

    async fn unlist_lobby(&self, code: LobbyCode) -> Result<()> {
        let lists = &mut self.memory.lock().lobbies;
        lists.due.remove(&code);
        lists.public.remove(&code);
        Ok(())
    }

    async fn due_lobbies(&self, limit: usize, again: Duration) -> Result<Vec<LobbyCode>> {
        self.complete_lists().await?;
        let now = self.clock.now();
        let lists = &mut self.memory.lock().lobbies;
        let due: Vec<LobbyCode> = lists.due.iter().filter(|(_, due)| **due <= now).map(|(code, _)| *code).take(limit).collect();
        lists.due.extend(due.iter().map(|code| (*code, now.plus(again))));
        Ok(due)
    }

    async fn all_lobbies(&self) -> Result<Vec<LobbyCode>> {
        self.complete_lists().await?;
        Ok(self.memory.lock().lobbies.due.keys().copied().collect())
    }

    async fn public_lobbies(&self, limit: usize) -> Result<Vec<LobbyCode>> {
        let mut public: Vec<(LobbyCode, Micros)> = self.memory.lock().lobbies.public.iter().map(|(code, since)| (*code, *since)).collect();
        public.sort_by_key(|(code, since)| std::cmp::Reverse((*since, *code)));
        Ok(public.into_iter().map(|(code, _)| code).take(limit).collect())
    }

    async fn lobby_client(&self, client: LobbyClientId) -> Result<Option<Bytes>> {
        let now = self.clock.now();
        self.read(move |source| noted(source, client, now)).await
    }

    async fn note_lobby_client(&self, client: LobbyClientId, record: &Bytes, ttl: Duration) -> Result<Option<Bytes>> {
        let record = record.clone();
        self.write(move |work| {
            let before = noted(work.transaction, client, work.now)?;
            forget(work.transaction, client)?;
            let mut ends = work.transaction.open_table(file::LOBBY_CLIENT_ENDS)?;
            let mut clients = work.transaction.open_table(file::LOBBY_CLIENTS)?;
            let ended: Vec<(u64, u128)> =
                ends.range(..(work.now.0, 0))?.take(SWEEP).map(|row| Ok(row?.0.value())).collect::<Result<_>>()?;
            for (end, client) in ended {
                ends.remove((end, client))?;
                clients.remove(client)?;
            }
            let (client, end) = (client.0.as_u128(), work.now.plus(ttl).0);
            clients.insert(client, (end, &*record))?;
            ends.insert((end, client), ())?;
            Ok(before)
        })
        .await
    }

    async fn forget_lobby_client(&self, client: LobbyClientId, record: &Bytes) -> Result<()> {
        let record = record.clone();
        self.write(move |work| {
            if noted(work.transaction, client, work.now)?.as_ref() == Some(&record) {
                forget(work.transaction, client)?;
            }
            Ok(())
        })
        .await
    }

    async fn book_lobby(&self, account: &str, code: LobbyCode, bytes: u64, allowed: Allowance, ttl: Duration) -> Result<bool> {
        let now = self.clock.now();
        Ok(self.memory.lock().lobbies.book(account, code, Booking { bytes, ends: now.plus(ttl) }, allowed, now))
    }

    async fn unbook_lobby(&self, account: &str, code: LobbyCode) -> Result<()> {
        if let Some(booked) = self.memory.lock().lobbies.accounts.get_mut(account) {
            booked.remove(&code);
        }
        Ok(())
    }
}

impl EmbeddedStore {
    /// Lists the rooms of an earlier run as due, the first time.
    async fn complete_lists(&self) -> Result<()> {
        if self.memory.lock().lobbies.is_complete {
            return Ok(());
        }
        let codes = self
            .read(|source| {
                let table = source.table(file::LOBBIES)?;
                let code = |text: &str| text.parse().map_err(|_| StoreError::Corrupt("a lobby room has no code".to_owned()));
                table.iter()?.map(|row| code(row?.0.value())).collect::<Result<HashSet<LobbyCode>>>()
            })
            .await?;
        let now = self.clock.now();
        let lists = &mut self.memory.lock().lobbies;
        for code in codes {
            lists.due.entry(code).or_insert(now);
        }
        lists.is_complete = true;
        Ok(())
    }
}

fn kept(source: &impl Source, code: LobbyCode) -> Result<Option<KeptLobby>> {
    let name = code.to_string();
    let row = source.table(file::LOBBIES)?.get(name.as_str())?.map(|row| {
        let (revision, record) = row.value();
        KeptLobby { revision, record: Bytes::copy_from_slice(record) }
    });
    Ok(row)
}

fn noted(source: &impl Source, client: LobbyClientId, now: Micros) -> Result<Option<Bytes>> {
    let table = source.table(file::LOBBY_CLIENTS)?;
    let row = table.get(client.0.as_u128())?;
    Ok(row.filter(|row| row.value().0 > now.0).map(|row| Bytes::copy_from_slice(row.value().1)))
}

fn forget(transaction: &redb::WriteTransaction, client: LobbyClientId) -> Result<()> {
    let client = client.0.as_u128();
    let end = transaction.open_table(file::LOBBY_CLIENTS)?.remove(client)?.map(|row| row.value().0);
    if let Some(end) = end {
        transaction.open_table(file::LOBBY_CLIENT_ENDS)?.remove((end, client))?;
    }
    Ok(())
}
