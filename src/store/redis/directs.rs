//! What a user has open, has read and blocks: all in the user's slot.

use async_trait::async_trait;

use super::{RedisStore, keys, script, wire};
use crate::ids::{ChannelId, Micros, Seq, UserId};
use crate::store::Result;
use crate::store::directs::{Direct, Directs};
use crate::store::topics::News;

#[async_trait]
impl Directs for RedisStore {
    async fn touch_direct(&self, owner: UserId, peer: UserId, announce: &News) -> Result<bool> {
        let key = keys::of_user(owner, "dms");
        let announcement = self.shared.announcement(announce, &key);
        let mut call = script::TOUCH_DIRECT.on(&[&key]);
        call.arg(peer.to_string());
        announcement.add_to(&mut call);
        let new: bool = self.shared.run(call).await?;
        self.shared.announce_after(&announcement, announce, new).await?;
        Ok(new)
    }

    async fn directs(&self, owner: UserId, limit: usize) -> Result<Vec<Direct>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut range = redis::cmd("ZRANGE");
        range.arg(keys::of_user(owner, "dms")).arg(0).arg(limit - 1).arg("REV").arg("WITHSCORES");
        let pairs: Vec<(String, f64)> = self.shared.query(range).await?;
        // Microseconds stay below 2^53 until the year 2255.
        pairs.iter().map(|(peer, last)| Ok(Direct { peer: wire::parse(peer)?, last: Micros(*last as u64) })).collect()
    }

    async fn mark_read(&self, owner: UserId, channel: ChannelId, seq: Seq) -> Result<bool> {
        let mut call = script::MARK_READ.on(&[keys::of_user(owner, "read")]);
        call.arg(channel.to_string()).arg(seq.0);
        self.shared.run(call).await
    }

    async fn read_marks(&self, owner: UserId, channels: &[ChannelId]) -> Result<Vec<Seq>> {
        if channels.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = redis::cmd("HMGET");
        get.arg(keys::of_user(owner, "read"));
        for channel in channels {
            get.arg(channel.to_string());
        }
        let marks: Vec<Option<u64>> = self.shared.query(get).await?;
        Ok(marks.into_iter().map(|mark| Seq(mark.unwrap_or_default())).collect())
    }

    async fn set_block(&self, owner: UserId, other: UserId, on: bool) -> Result<()> {
        let mut command = redis::cmd(if on { "SADD" } else { "SREM" });
        command.arg(keys::of_user(owner, "block")).arg(other.to_string());
        self.shared.query(command).await
    }

    async fn blocks(&self, owner: UserId, other: UserId) -> Result<bool> {
        let mut command = redis::cmd("SISMEMBER");
        command.arg(keys::of_user(owner, "block")).arg(other.to_string());
        self.shared.query(command).await
    }

    async fn blocked(&self, owner: UserId) -> Result<Vec<UserId>> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(keys::of_user(owner, "block"));
        let users: Vec<String> = self.shared.query(command).await?;
        users.iter().map(|user| wire::parse(user)).collect()
    }
}
