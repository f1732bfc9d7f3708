//! Rooms with names. Each is in its channel's slot and ends by itself; the index is for the list.

use std::time::Duration;

use async_trait::async_trait;
use redis::Cmd;
use tracing::warn;

use super::channels::write_member;
use super::{RedisStore, keys, millis, script, wire};
use crate::ids::{ChannelId, Slug, UserId};
use crate::store::Result;
use crate::store::channels::Member;
use crate::store::named_rooms::{Admission, Keep, Kept, NamedRoom, NamedRooms, Sight};
use crate::store::nodes::Holding;
use crate::store::record;
use crate::store::topics::News;

/// Rooms of the index looked at in one go.
const CHUNK: usize = 200;

#[async_trait]
impl NamedRooms for RedisStore {
    async fn found(&self, room: &NamedRoom, idle: Duration) -> Result<bool> {
        let mut call = script::FOUND.on(&keys::named_room(&room.slug));
        call.arg(room.id.to_string()).arg(&record::encode(room)[..]).arg(millis(idle));
        let made: bool = self.shared.run(call).await?;
        if made {
            self.list(room).await?;
        }
        Ok(made)
    }

    async fn named_room(&self, slug: &Slug) -> Result<Option<Sight>> {
        read_sight(self.shared.run(sight(slug)).await?)
    }

    async fn admit(&self, room: &NamedRoom, guest: &Member, other: UserId, idle: Duration, announce: &News) -> Result<Admission> {
        let keys = keys::named_room(&room.slug);
        let announcement = self.shared.announcement(announce, &keys[0]);
        let member = write_member(guest);
        let (_, rest) = member.split_once(' ').ok_or_else(wire::strange)?;
        let mut call = script::ADMIT.on(&keys);
        call.arg(room.id.to_string()).arg(room.limit()).arg(guest.at.to_string());
        call.arg(guest.user.to_string()).arg(other.to_string()).arg(rest).arg(millis(idle));
        announcement.add_to(&mut call);
        let holding = Holding::Member(room.channel(), guest.at.session);
        let answer: String = wire::read(self.shared.hold_and_run(guest.at.node, holding, call).await?)?;
        let admission = match answer.as_str() {
            "full" => Admission::Full,
            "gone" => Admission::Gone,
            id => Admission::In(wire::parse(id)?),
        };
        match admission {
            Admission::In(_) => self.shared.announce_after(&announcement, announce, true).await?,
            Admission::Full | Admission::Gone => self.shared.let_go(guest.at.node, &[holding]).await?,
        }
        Ok(admission)
    }

    async fn rename_guest(&self, channel: ChannelId, guest: &Member, announce: &News) -> Result<bool> {
        let key = keys::members(channel);
        let announcement = self.shared.announcement(announce, &key);
        let mut call = script::RENAME_GUEST.on(&[&key]);
        call.arg(guest.at.to_string()).arg(write_member(guest));
        announcement.add_to(&mut call);
        let done: bool = self.shared.run(call).await?;
        self.shared.announce_after(&announcement, announce, done).await?;
        Ok(done)
    }

    async fn keep_named_room(&self, room: &NamedRoom, idle: Duration, keep: Keep) -> Result<Kept> {
        let mut call = script::KEEP_NAMED.on(&keys::named_room(&room.slug));
        call.arg(room.id.to_string()).arg(&record::encode(room)[..]).arg(millis(idle)).arg(u8::from(keep.active)).arg(u8::from(keep.anew));
        let kept = match self.shared.run::<String>(call).await?.as_str() {
            "there" => Kept::There,
            "missing" => Kept::Missing,
            "replaced" => Kept::Replaced,
            _ => return Err(wire::strange()),
        };
        if kept == Kept::Missing && keep.anew {
            self.list(room).await?;
        }
        Ok(kept)
    }

    async fn public_rooms(&self, limit: usize) -> Result<Vec<Sight>> {
        let mut found = Vec::new();
        let mut offset = 0;
        while found.len() < limit {
            let mut range = redis::cmd("ZRANGE");
            range.arg(keys::PUBLIC_ROOMS).arg(offset).arg(offset + CHUNK - 1).arg("REV");
            let listed: Vec<Vec<u8>> = self.shared.query(range).await?;
            let (sights, gone) = self.tidy(&listed).await?;
            found.extend(sights);
            if listed.len() < CHUNK {
                break;
            }
            offset += CHUNK - gone;
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn sweep_named_rooms(&self, limit: usize) -> Result<usize> {
        // Every key of a room ends by itself; the list is tidied by whoever reads it, and where nobody does, here: by and by.
        let mut some = redis::cmd("ZRANDMEMBER");
        some.arg(keys::PUBLIC_ROOMS).arg(limit);
        let listed: Vec<Vec<u8>> = self.shared.query(some).await?;
        Ok(self.tidy(&listed).await?.1)
    }
}

impl RedisStore {
    /// The rooms behind entries of the list. Those behind which there is none are struck off; answers how many.
    async fn tidy(&self, listed: &[Vec<u8>]) -> Result<(Vec<Sight>, usize)> {
        let slug = |entry: &[u8]| Slug::parse(std::str::from_utf8(entry).ok()?.to_owned()).ok();
        let slugs: Vec<Option<Slug>> = listed.iter().map(|entry| slug(entry)).collect();
        let mut answers = self.shared.run_all(slugs.iter().flatten().map(sight).collect()).await?.into_iter();
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        for (entry, slug) in listed.iter().zip(slugs) {
            let sight = match slug.and_then(|_| answers.next()) {
                Some(answer) => read_sight(wire::read(answer)?),
                None => Ok(None),
            };
            match sight {
                // Another one may have been made under the same slug, for fewer eyes.
                Ok(sight) => match sight.filter(|sight| sight.room.public) {
                    Some(sight) => found.push(sight),
                    None => gone.push(entry),
                },
                // The others are listed all the same.
                Err(error) => warn!(%error, "a room of the list for everybody cannot be read"),
            }
        }
        if !gone.is_empty() {
            let mut remove = redis::cmd("ZREM");
            remove.arg(keys::PUBLIC_ROOMS).arg(&gone);
            self.shared.query::<()>(remove).await?;
        }
        Ok((found, gone.len()))
    }

    /// Puts a room for everybody on the list.
    async fn list(&self, room: &NamedRoom) -> Result<()> {
        if !room.public {
            return Ok(());
        }
        let mut add = redis::cmd("ZADD");
        add.arg(keys::PUBLIC_ROOMS).arg(crate::clock::unix_now().millis()).arg(room.slug.as_str());
        self.shared.query(add).await
    }
}

fn sight(slug: &Slug) -> Cmd {
    script::SIGHT.on(&keys::named_room(slug))
}

fn read_sight(answer: redis::Value) -> Result<Option<Sight>> {
    if matches!(&answer, redis::Value::Array(values) if values.is_empty()) {
        return Ok(None);
    }
    let (body, guests, idle): (Vec<u8>, usize, u64) = wire::read(answer)?;
    Ok(Some(Sight { room: record::decode_known(&body, "a room")?, guests, idle_for: Duration::from_millis(idle) }))
}
