//! Rooms with names: one row each, with its end and when somebody last did something there. A room whose end has passed is none, swept away
//! or not. Guests are members, and in memory as all of those.

use std::time::Duration;

use async_trait::async_trait;
use redb::{ReadableTable, WriteTransaction};

use super::clock::until;
use super::file::{self, Source};
use super::members::Joined;
use super::{EmbeddedStore, log};
use crate::ids::{ChannelId, Micros, Slug, UserId};
use crate::store::Result;
use crate::store::channels::Member;
use crate::store::named_rooms::{Admission, Keep, Kept, NamedRoom, NamedRooms, Sight};
use crate::store::nodes::Holding;
use crate::store::record;
use crate::store::topics::News;

struct Row {
    ends: Micros,
    active: Micros,
    room: NamedRoom,
}

#[async_trait]
impl NamedRooms for EmbeddedStore {
    async fn found(&self, room: &NamedRoom, idle: Duration) -> Result<bool> {
        let room = room.clone();
        self.write(move |work| {
            if let Some(present) = alive(work.transaction, room.channel(), work.now)? {
                return Ok(present.room.id == room.id);
            }
            write(work.transaction, &Row { ends: work.now.plus(idle), active: work.now, room })?;
            Ok(true)
        })
        .await
    }

    async fn named_room(&self, slug: &Slug) -> Result<Option<Sight>> {
        let (channel, now) = (ChannelId::of_slug(slug), self.clock.now());
        let row = self.read(move |source| alive(source, channel, now)).await?;
        Ok(row.map(|row| self.sight(row, now)))
    }

    async fn admit(&self, room: &NamedRoom, guest: &Member, other: UserId, idle: Duration, announce: &News) -> Result<Admission> {
        let channel = room.channel();
        // It stays from now on; so it is still there when the guest is in.
        let id = room.id;
        let is_there = self
            .write(move |work| {
                let Some(row) = alive(work.transaction, channel, work.now)?.filter(|row| row.room.id == id) else { return Ok(false) };
                write(work.transaction, &Row { ends: work.now.plus(idle).max(row.ends), active: work.now, ..row })?;
                Ok(true)
            })
            .await?;
        if !is_there {
            return Ok(Admission::Gone);
        }
        let mut state = self.memory.lock();
        if let Some(member) = state.members.one(channel, guest.at) {
            return Ok(Admission::In(member.user));
        }
        if room.is_full(state.members.all(channel).count()) {
            return Ok(Admission::Full);
        }
        let is_taken = state.members.all(channel).any(|member| member.user == guest.user);
        let member = Member { user: if is_taken { other } else { guest.user }, ..guest.clone() };
        state.nodes.hold(member.at.node, Holding::Member(channel, member.at.session));
        let _: Option<Joined> = state.members.join(channel, &member);
        self.switchboard.publish_news(announce);
        Ok(Admission::In(member.user))
    }

    async fn rename_guest(&self, channel: ChannelId, guest: &Member, announce: &News) -> Result<bool> {
        let is_there = self.memory.lock().members.replace(channel, guest);
        if is_there {
            self.switchboard.publish_news(announce);
        }
        Ok(is_there)
    }

    async fn keep_named_room(&self, room: &NamedRoom, idle: Duration, keep: Keep) -> Result<Kept> {
        let room = room.clone();
        self.write(move |work| {
            let present = alive(work.transaction, room.channel(), work.now)?;
            let kept = match &present {
                Some(present) if present.room.id != room.id => return Ok(Kept::Replaced),
                Some(_) => Kept::There,
                None if !keep.anew => return Ok(Kept::Missing),
                None => Kept::Missing,
            };
            let mut row = present.unwrap_or(Row { ends: work.now, active: work.now, room });
            row.ends = work.now.plus(idle);
            if keep.active {
                row.active = work.now;
            }
            write(work.transaction, &row)?;
            Ok(kept)
        })
        .await
    }

    async fn public_rooms(&self, limit: usize) -> Result<Vec<Sight>> {
        let now = self.clock.now();
        let rows = self
            .read(move |source| {
                let mut rows = Vec::new();
                for row in source.table(file::NAMED_ROOMS)?.iter()? {
                    let row = decode(row?.1.value())?;
                    if row.ends > now && row.room.public {
                        rows.push(row);
                    }
                }
                Ok(rows)
            })
            .await?;
        Ok(rows.into_iter().take(limit).map(|row| self.sight(row, now)).collect())
    }

    async fn sweep_named_rooms(&self, limit: usize) -> Result<usize> {
        let now = self.clock.now();
        let due = self.read(move |source| due(source, now, limit)).await?;
        if due.is_empty() {
            return Ok(0);
        }
        self.write(move |work| {
            for channel in &due {
                // It may have been made anew in between.
                if alive(work.transaction, *channel, work.now)?.is_none() {
                    work.transaction.open_table(file::NAMED_ROOMS)?.remove(channel.0.as_u128())?;
                    log::remove(work.transaction, *channel)?;
                }
            }
            Ok(due.len())
        })
        .await
    }
}

impl EmbeddedStore {
    fn sight(&self, row: Row, now: Micros) -> Sight {
        let guests = self.memory.lock().members.all(row.room.channel()).count();
        Sight { room: row.room, guests, idle_for: until(now, row.active) }
    }
}

fn alive(source: &impl Source, channel: ChannelId, now: Micros) -> Result<Option<Row>> {
    let row = source.table(file::NAMED_ROOMS)?.get(channel.0.as_u128())?.map(|row| decode(row.value())).transpose()?;
    Ok(row.filter(|row| row.ends > now))
}

fn due(source: &impl Source, now: Micros, limit: usize) -> Result<Vec<ChannelId>> {
    let mut due = Vec::new();
    for row in source.table(file::NAMED_ROOMS)?.iter()? {
        let (channel, row) = row?;
        if row.value().0 <= now.0 {
            due.push(ChannelId(uuid::Uuid::from_u128(channel.value())));
            if due.len() == limit {
                break;
            }
        }
    }
    Ok(due)
}

fn write(transaction: &WriteTransaction, row: &Row) -> Result<()> {
    let (key, body) = (row.room.channel().0.as_u128(), record::encode(&row.room));
    transaction.open_table(file::NAMED_ROOMS)?.insert(key, (row.ends.0, row.active.0, &*body))?;
    Ok(())
}

fn decode((ends, active, body): (u64, u64, &[u8])) -> Result<Row> {
    Ok(Row { ends: Micros(ends), active: Micros(active), room: record::decode_known(body, "a room")? })
}
