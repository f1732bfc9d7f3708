//! Direct channels, read marks and blocks of each user.

use async_trait::async_trait;
use redb::{ReadableTable, TableDefinition, Value, WriteTransaction};
use uuid::Uuid;

use super::file::{self, Source};
use super::{EmbeddedStore, topics};
use crate::ids::{ChannelId, Micros, Seq, UserId};
use crate::store::directs::Direct;
use crate::store::topics::News;
use crate::store::{Directs, Result};

#[async_trait]
impl Directs for EmbeddedStore {
    async fn touch_direct(&self, owner: UserId, peer: UserId, announce: &News) -> Result<bool> {
        let announce = topics::heard(announce);
        self.write(move |work| {
            let (owner, peer) = (owner.0.as_u128(), peer.0.as_u128());
            let before = work.transaction.open_table(file::DIRECTS)?.insert((owner, peer), work.now.0)?.map(|last| last.value());
            let mut recent = work.transaction.open_table(file::RECENT_DIRECTS)?;
            if let Some(last) = before {
                recent.remove((owner, last, peer))?;
            }
            recent.insert((owner, work.now.0, peer), ())?;
            if before.is_none() {
                work.publish(announce);
            }
            Ok(before.is_none())
        })
        .await
    }

    async fn directs(&self, owner: UserId, limit: usize) -> Result<Vec<Direct>> {
        let owner = owner.0.as_u128();
        self.read(move |source| {
            let table = source.table(file::RECENT_DIRECTS)?;
            let newest_first = table.range((owner, 0, 0)..=(owner, u64::MAX, u128::MAX))?.rev().take(limit);
            let direct = |(_, last, peer)| Direct { peer: UserId(Uuid::from_u128(peer)), last: Micros(last) };
            newest_first.map(|row| Ok(direct(row?.0.value()))).collect()
        })
        .await
    }

    async fn mark_read(&self, owner: UserId, channel: ChannelId, seq: Seq) -> Result<bool> {
        self.write(move |work| {
            let mut marks = work.transaction.open_table(file::READ_MARKS)?;
            let key = (owner.0.as_u128(), channel.0.as_u128());
            let forward = marks.get(key)?.map_or(0, |mark| mark.value()) < seq.0;
            if forward {
                marks.insert(key, seq.0)?;
            }
            Ok(forward)
        })
        .await
    }

    async fn read_marks(&self, owner: UserId, channels: &[ChannelId]) -> Result<Vec<Seq>> {
        let channels = channels.to_vec();
        self.read(move |source| {
            let marks = source.table(file::READ_MARKS)?;
            let mark = |channel: &ChannelId| Ok(Seq(marks.get((owner.0.as_u128(), channel.0.as_u128()))?.map_or(0, |mark| mark.value())));
            channels.iter().map(mark).collect()
        })
        .await
    }

    async fn set_block(&self, owner: UserId, other: UserId, on: bool) -> Result<()> {
        self.write(move |work| {
            let mut blocks = work.transaction.open_table(file::BLOCKS)?;
            let key = (owner.0.as_u128(), other.0.as_u128());
            if on {
                blocks.insert(key, ())?;
            } else {
                blocks.remove(key)?;
            }
            Ok(())
        })
        .await
    }

    async fn blocks(&self, owner: UserId, other: UserId) -> Result<bool> {
        self.read(move |source| Ok(source.table(file::BLOCKS)?.get((owner.0.as_u128(), other.0.as_u128()))?.is_some())).await
    }

    async fn blocked(&self, owner: UserId) -> Result<Vec<UserId>> {
        self.read(move |source| {
            let table = source.table(file::BLOCKS)?;
            let theirs = table.range(all_of(owner))?;
            theirs.map(|row| Ok(UserId(Uuid::from_u128(row?.0.value().1)))).collect()
        })
        .await
    }
}

/// Removes everything here that a user owns. Others' lists keep them as a peer.
pub(super) fn remove_all(transaction: &WriteTransaction, owner: UserId) -> Result<()> {
    let id = owner.0.as_u128();
    transaction.open_table(file::RECENT_DIRECTS)?.retain_in((id, 0, 0)..=(id, u64::MAX, u128::MAX), |_, ()| false)?;
    remove_owned(transaction, file::DIRECTS, owner)?;
    remove_owned(transaction, file::READ_MARKS, owner)?;
    remove_owned(transaction, file::BLOCKS, owner)
}

fn remove_owned<V: Value + 'static>(
    transaction: &WriteTransaction,
    table: TableDefinition<'_, (u128, u128), V>,
    owner: UserId,
) -> Result<()> {
    transaction.open_table(table)?.retain_in(all_of(owner), |_, _| false)?;
    Ok(())
}

fn all_of(owner: UserId) -> std::ops::RangeInclusive<(u128, u128)> {
    (owner.0.as_u128(), 0)..=(owner.0.as_u128(), u128::MAX)
}
